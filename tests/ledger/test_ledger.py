"""How a staged day becomes visible, and what happens when somebody or something interferes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from publishing import (
    DAY,
    HOME,
    MANIFEST,
    Killed,
    Through,
    body,
    keys,
    ledger,
    publish,
    recover,
    stage,
    take,
    visible,
)

from fakes import FakeClock, MemoryStore, some
from genesys_export.errors import (
    ChangedMeanwhile,
    DestinationFailed,
    NeverSent,
    NotPermitted,
    TryAgainLater,
    UnknownOutcome,
)
from genesys_export.ledger import Damaged, LeaseLost
from genesys_export.manifest import decode
from genesys_export.model import Always
from genesys_export.store import FolderStore


@pytest.fixture(params=["memory", "folder"])
def store(request, tmp_path):
    return MemoryStore() if request.param == "memory" else FolderStore(tmp_path / "export")


def dying_at(call):
    def die(name, _arguments):
        if name == call:
            raise Killed

    return die


def take_tags(store):
    return {key: store.look(key).tag.etag for key in visible(store)}


def take_tags_of(manifest):
    return {file.key: file.etag for files in manifest.tables.values() for file in files}


def flat(by_table):
    return sorted(key for names in by_table.values() for key in names)


def manifest_at(store):
    return decode(store.read(MANIFEST).body, MANIFEST)


# --- the way it should go --------------------------------------------------------------------


def test_a_published_day_is_named_file_by_file(store):
    entry = publish(store, "a1")
    assert take(store) == "a1"
    assert visible(store) == flat(keys())
    assert entry.value == manifest_at(store)
    assert entry.tag.etag == store.look(MANIFEST).tag.etag
    for files in entry.value.tables.values():
        for file in files:
            assert file.etag == store.look(file.key).tag.etag
            assert (file.rows, file.bytes) == (3, len(body("a1", file.key)))


def test_the_key_lies_under_the_home(store):
    assert ledger(store).key(DAY) == f"{HOME}/2026-11-22/manifest.json"


def test_a_day_never_published_is_none(store):
    assert ledger(store).read(DAY) is None


def test_a_day_is_replaced_whole(store):
    publish(store, "a1")
    publish(store, "a2")
    assert take(store) == "a2"
    assert visible(store) == flat(keys())


def test_files_that_the_new_day_does_not_name_are_deleted(store):
    publish(store, "a1", slices=3)
    assert visible(store) == flat(keys(3))
    publish(store, "a2", slices=1)
    assert visible(store) == flat(keys(1))
    publish(store, "a3", slices=2)
    assert visible(store) == flat(keys(2))
    assert take(store) == "a3"


def test_the_last_twenty_attempts_are_remembered(store):
    for number in range(23):
        entry = publish(store, f"a{number}")
    assert entry.value.attempts == tuple(f"a{number}" for number in range(3, 23))


def test_every_writing_has_a_nonce_of_its_own():
    written, store = [], MemoryStore()

    def watch(name, arguments):
        if name == "put":
            written.append(decode(arguments[1], MANIFEST).nonce)

    publish(Through(store, after=watch), "a1")
    publish(Through(store, after=watch), "a2")
    assert len(written) == 4
    assert len({*written}) == 4


def test_nothing_visible_changes_before_the_manifest_says_so():
    store = MemoryStore()
    publish(store, "a1", slices=2)
    seen = []

    def watch(name, arguments):
        if name in {"complete", "delete"}:
            seen.append(name)
            assert manifest_at(store).next is not None
        if name == "put" and not decode(arguments[1], MANIFEST).next:
            seen.append("commit")

    publish(Through(store, before=watch), "a2")
    assert seen == ["complete"] * 3 + ["delete"] * 6 + ["commit"]


def test_the_intent_names_all_that_a_stranger_needs_to_finish_it():
    store, seen = MemoryStore(), []
    publish(store, "a1", slices=2)

    def watch(name, _arguments):
        if name == "complete":
            seen.append(manifest_at(store))

    publish(Through(store, before=watch), "a2")
    intent = seen[0]
    assert intent.attempt == "a2"
    assert intent.next.deletes == tuple(flat(keys(2)))
    assert [file.key for file in intent.next.uploads] == flat(keys(1))
    assert all(file.upload_id and file.parts and file.sha256 for file in intent.next.uploads)


def test_a_key_deleted_recently_is_not_made_again_at_once():
    clock = FakeClock()
    store = MemoryStore(now=clock.now)
    rules = {"recreate_after": timedelta(minutes=20)}
    publish(store, "a1", slices=3, **rules)
    publish(store, "a2", slices=1, **rules)
    with pytest.raises(
        TryAgainLater, match=r"2026-11-22\.000\.csv\.gz was deleted recently"
    ) as early:
        publish(store, "a3", slices=3, **rules)
    assert "after 2026-11-23T06:20Z." in early.value.advice
    clock.rest(21 * 60)
    publish(store, "a4", slices=3, **rules)
    assert take(store) == "a4"
    assert visible(store) == flat(keys(3))


def test_a_day_found_as_it_was_keeps_its_files_and_says_when_it_was_read(store):
    before = publish(store, "a1")
    made, staged = stage(store, "a2")
    entry = ledger(store).confirm(DAY, before, replace(made, state="final"))
    assert entry.value.tables == before.value.tables
    assert (entry.value.state, entry.value.attempts) == ("final", ("a1", "a2"))
    assert take_tags(store) == take_tags_of(before.value)
    assert all(store.holds(file) for file in staged)


def test_files_that_somebody_replaced_do_not_lie_as_named(store):
    entry = publish(store, "a1")
    books = ledger(store)
    assert books.lie_as_named(entry.value.files)
    store.put(flat(keys())[0], b"by somebody", Always(), "application/gzip")
    assert not books.lie_as_named(entry.value.files)


def test_a_decision_is_rolled_forward_by_anybody_any_number_of_times(store):
    made, staged = stage(store, "a1")
    with pytest.raises(Killed):
        ledger(Through(store, before=dying_at("complete"))).publish(DAY, None, made, staged)
    assert take(store) is None
    books = ledger(store)
    intent = some(books.read(DAY))
    books.roll_forward(DAY, intent)
    assert take(store) == "a1"
    with pytest.raises(TryAgainLater, match="another run"):
        books.roll_forward(DAY, intent)  # a slow one, which learned of it before
    assert take(store) == "a1"


def test_deleting_stops_when_the_lease_is_lost():
    store = MemoryStore()
    publish(store, "a1", slices=3)
    made, staged = stage(store, "a2")
    books = ledger(store)

    def lost():
        raise LeaseLost("another run has taken it over")

    with pytest.raises(LeaseLost):
        books.publish(DAY, books.read(DAY), made, staged, lost)
    assert set(flat(keys(3))) <= set(visible(store))
    assert take(store) is None
    recover(books)
    assert visible(store) == flat(keys(1))


# --- other runs ------------------------------------------------------------------------------


def test_a_day_published_meanwhile_is_left_alone(store):
    publish(store, "a1")
    books = ledger(store)
    before = books.read(DAY)
    made, staged = stage(store, "slow")
    publish(store, "a2")
    with pytest.raises(TryAgainLater, match="published by another run") as refused:
        books.publish(DAY, before, made, staged)
    assert refused.value.status == 75
    assert take(store) == "a2"
    assert all(store.holds(file) for file in staged)  # who decided otherwise may need it


def test_of_two_first_runs_one_publishes(store):
    together = Barrier(2, timeout=30)

    def run(attempt):
        books = ledger(store)
        made, staged = stage(store, attempt)
        together.wait()
        try:
            books.publish(DAY, None, made, staged)
        except TryAgainLater:
            return None
        return attempt

    with ThreadPoolExecutor(2) as pool:
        published = [one for one in pool.map(run, ["a1", "a2"]) if one]
    assert published == [take(store)]


def test_a_run_that_is_overtaken_while_completing_leaves_the_other_ones_day_whole():
    store = MemoryStore()
    overtaken: list[bool] = []

    def overtake(name, _arguments):
        if name == "complete" and not overtaken:
            overtaken.append(True)
            publish(store, "fast", slices=2)

    with pytest.raises(TryAgainLater, match="another run"):
        publish(Through(store, before=overtake), "slow")
    assert take(store) == "fast"
    assert visible(store) == flat(keys(2))
    assert store.sealed == {}


def test_a_run_that_is_overtaken_before_it_deletes_deletes_nothing_of_the_other():
    store = MemoryStore()
    overtaken: list[bool] = []
    publish(store, "a1", slices=2)
    completed = []

    def overtake(name, arguments):
        completed.extend(["one"] if name == "look" else [])
        if len(completed) == 3 and not overtaken:
            overtaken.append(True)
            publish(store, "fast", slices=2)

    with pytest.raises(TryAgainLater, match="another run"):
        publish(Through(store, after=overtake), "slow", slices=1)
    assert take(store) == "fast"
    assert visible(store) == flat(keys(2))


def test_a_run_that_is_overtaken_before_it_commits_does_not_commit():
    store = MemoryStore()
    overtaken: list[bool] = []

    def overtake(name, arguments):
        is_commit = name == "put" and decode(arguments[1], MANIFEST).next is None
        if is_commit and not overtaken:
            overtaken.append(True)
            publish(store, "fast")

    with pytest.raises(TryAgainLater, match="another run") as refused:
        publish(Through(store, before=overtake), "slow")
    assert isinstance(refused.value.__cause__, ChangedMeanwhile)
    assert take(store) == "fast"


# --- answers that do not tell ----------------------------------------------------------------


def losing(store, times, *, written, error=UnknownOutcome):
    """Return the store, with the answers to its first conditional writes lost."""
    left = [times]

    def lose(name, _arguments):
        if name == "put" and left[0]:
            left[0] -= 1
            raise error("no clear answer")

    return Through(store, after=lose) if written else Through(store, before=lose)


@pytest.mark.parametrize("error", [UnknownOutcome, ChangedMeanwhile])
def test_a_lost_answer_to_a_write_that_happened_is_found_out(store, error):
    clock = FakeClock()
    publish(losing(store, 1, written=True, error=error), "a1", sleep=clock.sleep)
    assert take(store) == "a1"
    assert clock.slept == []


def test_a_write_that_did_not_happen_is_made_again(store):
    clock = FakeClock()
    publish(losing(store, 2, written=False), "a1", sleep=clock.sleep)
    assert take(store) == "a1"
    assert clock.slept == [1.0, 4.0]


def test_a_write_that_was_never_sent_is_made_again(store):
    clock = FakeClock()
    publish(losing(store, 2, written=False, error=NeverSent), "a1", sleep=clock.sleep)
    assert take(store) == "a1"
    assert clock.slept == [1.0, 4.0]


def test_a_write_that_is_never_sent_has_not_happened(store):
    books = ledger(losing(store, 99, written=False, error=NeverSent))
    made, staged = stage(store, "a1")
    with pytest.raises(NeverSent):
        books.publish(DAY, None, made, staged)
    assert store.read(MANIFEST) is None


def test_a_write_that_stays_unknown_ends_the_run_but_keeps_what_it_may_name(store):
    books = ledger(losing(store, 99, written=False))
    made, staged = stage(store, "a1")
    with pytest.raises(UnknownOutcome) as ended:
        books.publish(DAY, None, made, staged)
    assert ended.value.status == 74
    assert take(store) is None
    store.complete(staged[0])  # is still there


def test_a_store_that_can_not_be_read_after_a_lost_answer_leaves_it_unknown():
    store = MemoryStore()
    lost = losing(store, 1, written=True)

    def fail(name, _arguments):
        if name == "read":
            raise DestinationFailed("it is down")

    made, staged = stage(store, "a1")
    with pytest.raises(UnknownOutcome):
        ledger(Through(lost, before=fail)).publish(DAY, None, made, staged)
    assert manifest_at(store).next.uploads == staged  # the intent stands: nothing was discarded
    assert len(store.sealed) == len(staged)
    publish(store, "a2")
    assert take(store) == "a2"
    assert store.sealed == {}


def test_a_refusal_after_a_lost_answer_is_no_proof_that_nothing_was_written():
    store, asked = MemoryStore(), []

    def refuse(name, _arguments):
        if name == "put":
            asked.append(name)
            raise UnknownOutcome("lost") if len(asked) == 1 else NotPermitted("s3:PutObject")

    made, staged = stage(store, "a1")
    with pytest.raises(UnknownOutcome):
        ledger(Through(store, before=refuse)).publish(DAY, None, made, staged)
    assert len(store.sealed) == len(staged)


def test_a_write_that_is_refused_outright_leaves_what_was_staged_for_the_next_attempt():
    store = MemoryStore()

    def refuse(name, _arguments):
        if name == "put":
            raise NotPermitted("s3:PutObject")

    with pytest.raises(NotPermitted):
        publish(Through(store, before=refuse), "a1")
    assert len(store.sealed) == 3
    assert take(store) is None


def test_a_lost_answer_to_a_completion_is_settled_by_a_look(store):
    def lose(name, _arguments):
        if name == "complete":
            raise UnknownOutcome("no clear answer")

    publish(Through(store, after=lose), "a1")
    assert take(store) == "a1"


def test_an_upload_that_somebody_aborted_damages_the_day_until_it_is_exported_anew():
    store = MemoryStore()
    publish(store, "a1", slices=2)

    def abort(name, arguments):
        if name == "complete":
            store.discard(arguments[0])

    with pytest.raises(Damaged, match="2026-11-22 is damaged") as ended:
        publish(Through(store, before=abort), "a2")
    assert ended.value.status == 74
    assert take(store) is None
    damaged = manifest_at(store)
    assert (damaged.state, damaged.tables, damaged.next) == ("damaged", {}, None)
    assert damaged.leftover == tuple(sorted(flat(keys(2)) + flat(keys(1))))
    publish(store, "a3")
    assert take(store) == "a3"
    assert visible(store) == flat(keys())


def test_one_lost_upload_takes_back_the_others_that_were_not_completed():
    store = MemoryStore()
    made, staged = stage(store, "a1")
    store.discard(staged[1])
    with pytest.raises(Damaged):
        ledger(store).publish(DAY, None, made, staged)
    assert store.sealed == {}


def test_a_file_written_over_between_completion_and_look_is_noticed():
    store = MemoryStore()

    def write_over(name, arguments):
        if name == "complete":
            store.put(arguments[0].key, b"by somebody", Always(), "application/gzip")

    with pytest.raises(DestinationFailed, match="damaged"):
        publish(Through(store, after=write_over), "a1")
    assert take(store) is None


def test_a_file_that_arrived_cut_is_noticed():
    store = MemoryStore()

    def cut(name, arguments):
        if name == "complete":
            store.sealed[arguments[0].upload_id] = b"cut"

    with pytest.raises(DestinationFailed, match="differs from what was just written"):
        publish(Through(store, before=cut), "a1")
    assert take(store) is None


def test_a_manifest_that_vanishes_is_a_failure():
    store = MemoryStore()

    def lose(name, arguments):
        if name == "put" and decode(arguments[1], MANIFEST).next is None:
            store.delete(MANIFEST)

    with pytest.raises(DestinationFailed, match="does not exist"):
        publish(Through(store, after=lose), "a1")


def test_a_signal_while_the_intent_is_written_discards_nothing():
    store = MemoryStore()

    def kill(name, _arguments):
        if name == "put":
            raise Killed

    made, staged = stage(store, "a1")
    with pytest.raises(Killed):
        ledger(Through(store, after=kill)).publish(DAY, None, made, staged)
    assert len(store.sealed) == len(staged)


def test_an_upload_whose_answers_stay_unclear_leaves_the_decision_standing():
    """The store answers nothing clear, and still holds the upload: nobody may guess."""
    clock, store = FakeClock(), MemoryStore()

    def lose(name, _arguments):
        if name == "complete":
            raise UnknownOutcome("no clear answer")

    made, staged = stage(store, "a1")
    with pytest.raises(UnknownOutcome, match="no clear answer"):
        ledger(Through(store, before=lose), sleep=clock.rest).publish(DAY, None, made, staged)
    assert take(store) is None
    assert all(store.holds(file) for file in staged)
    recover(ledger(store))
    assert take(store) == "a1"


def test_a_manifest_without_a_decision_has_nothing_to_roll_forward(store):
    entry = publish(store, "a1")
    assert ledger(store).roll_forward(DAY, entry) == entry


def test_a_day_changed_while_it_was_read_again_is_not_confirmed(store):
    before = publish(store, "a1")
    made, _ = stage(store, "slow")
    publish(store, "a2")
    with pytest.raises(TryAgainLater, match="another run"):
        ledger(store).confirm(DAY, before, made)
    assert take(store) == "a2"


def test_a_run_overtaken_while_it_marks_a_day_as_damaged_marks_nothing():
    store = MemoryStore()
    overtaken: list[bool] = []
    made, staged = stage(store, "slow")
    store.discard(staged[0])

    def overtake(name, arguments):
        is_mark = name == "put" and decode(arguments[1], MANIFEST).state == "damaged"
        if is_mark and not overtaken:
            overtaken.append(True)
            recover(ledger(store))
            publish(store, "fast")

    with pytest.raises(TryAgainLater, match="another run"):
        ledger(Through(store, before=overtake)).publish(DAY, None, made, staged)
    assert take(store) == "fast"


def test_a_manifest_that_is_gone_when_its_clock_is_asked_is_a_failure():
    store = MemoryStore()
    publish(store, "a1", slices=3)

    def lose(name, arguments):
        if name == "delete":
            store.delete(MANIFEST)

    with pytest.raises(DestinationFailed, match="no longer exists"):
        publish(Through(store, after=lose), "a2", slices=1)
