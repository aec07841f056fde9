"""How a staged day becomes visible, and what happens when somebody or something interferes."""

from concurrent.futures import ThreadPoolExecutor
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
    stage,
    take,
    visible,
)

from fakes import FakeClock, MemoryStore
from genesys_export.errors import (
    ChangedMeanwhile,
    DestinationFailed,
    NotPermitted,
    TryAgainLater,
    UnknownOutcome,
)
from genesys_export.manifest import decode
from genesys_export.model import Always
from genesys_export.store import FolderStore


@pytest.fixture(params=["memory", "folder"])
def store(request, tmp_path):
    return MemoryStore() if request.param == "memory" else FolderStore(tmp_path / "export")


def flat(by_table):
    return sorted(key for names in by_table.values() for key in names)


def manifest_at(store):
    return decode(store.read(MANIFEST).body, MANIFEST)


# --- the way it should go --------------------------------------------------------------------


def test_a_published_day_is_named_file_by_file(store):
    entry = publish(store, "a1")
    assert take(store) == "a1"
    assert visible(store) == flat(keys())
    assert entry.manifest == manifest_at(store)
    assert entry.tag.etag == store.look(MANIFEST).tag.etag
    for files in entry.manifest.tables.values():
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
    assert entry.manifest.attempts == tuple(f"a{number}" for number in range(3, 23))


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
        if name == "complete" and not seen:
            seen.append(manifest_at(store))

    publish(Through(store, before=watch), "a2")
    (intent,) = seen
    assert intent.attempt == "a2"
    assert intent.next.deletes == tuple(flat(keys(2)))
    assert [file.key for file in intent.next.uploads] == flat(keys(1))
    assert all(file.upload_id and file.parts and file.sha256 for file in intent.next.uploads)


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
    with pytest.raises(DestinationFailed):
        store.complete(staged[0])  # what was staged is gone


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
    store, overtaken = MemoryStore(), []

    def overtake(name, _arguments):
        if name == "complete" and not overtaken:
            overtaken.append(True)
            publish(store, "fast", slices=2)

    with pytest.raises(TryAgainLater, match="another run"):
        publish(Through(store, before=overtake), "slow")
    assert take(store) == "fast"
    assert visible(store) == flat(keys(2))
    assert store.uploads == {}


def test_a_run_that_is_overtaken_before_it_deletes_deletes_nothing_of_the_other():
    store, overtaken = MemoryStore(), []
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
    store, overtaken = MemoryStore(), []

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
    assert len(store.uploads) == len(staged)
    publish(store, "a2")
    assert take(store) == "a2"
    assert store.uploads == {}


def test_a_refusal_after_a_lost_answer_is_no_proof_that_nothing_was_written():
    store, asked = MemoryStore(), []

    def refuse(name, _arguments):
        if name == "put":
            asked.append(name)
            raise UnknownOutcome("lost") if len(asked) == 1 else NotPermitted("s3:PutObject")

    made, staged = stage(store, "a1")
    with pytest.raises(UnknownOutcome):
        ledger(Through(store, before=refuse)).publish(DAY, None, made, staged)
    assert len(store.uploads) == len(staged)


def test_a_write_that_is_refused_outright_discards_what_was_staged():
    store = MemoryStore()

    def refuse(name, _arguments):
        if name == "put":
            raise NotPermitted("s3:PutObject")

    with pytest.raises(NotPermitted):
        publish(Through(store, before=refuse), "a1")
    assert store.uploads == {}
    assert take(store) is None


def test_a_lost_answer_to_a_completion_is_settled_by_a_look(store):
    def lose(name, _arguments):
        if name == "complete":
            raise UnknownOutcome("no clear answer")

    publish(Through(store, after=lose), "a1")
    assert take(store) == "a1"


def test_an_upload_that_somebody_aborted_is_not_passed_over():
    store = MemoryStore()
    publish(store, "a1")

    def abort(name, arguments):
        if name == "complete":
            store.discard(arguments[0])

    with pytest.raises(UnknownOutcome) as ended:
        publish(Through(store, before=abort), "a2")
    assert ended.value.status == 74
    assert take(store) is None  # the manifest refuses: `next` is there
    publish(store, "a3")
    assert take(store) == "a3"


def test_a_file_written_over_between_completion_and_look_is_noticed():
    store = MemoryStore()

    def write_over(name, arguments):
        if name == "complete":
            store.put(arguments[0].key, b"by somebody", Always(), "application/gzip")

    with pytest.raises(DestinationFailed, match="another run"):
        publish(Through(store, after=write_over), "a1")
    assert take(store) is None


def test_a_file_that_arrived_cut_is_noticed():
    store = MemoryStore()

    def cut(name, arguments):
        if name == "complete":
            store.uploads[arguments[0].upload_id] = b"cut"

    with pytest.raises(DestinationFailed, match="not what was just written"):
        publish(Through(store, before=cut), "a1")
    assert take(store) is None


def test_a_manifest_that_vanishes_is_a_failure():
    store = MemoryStore()

    def lose(name, arguments):
        if name == "put" and decode(arguments[1], MANIFEST).next is None:
            store.delete(MANIFEST)

    with pytest.raises(DestinationFailed, match="not there"):
        publish(Through(store, after=lose), "a1")


def test_a_signal_while_the_intent_is_written_discards_nothing():
    store = MemoryStore()

    def kill(name, _arguments):
        if name == "put":
            raise Killed

    made, staged = stage(store, "a1")
    with pytest.raises(Killed):
        ledger(Through(store, after=kill)).publish(DAY, None, made, staged)
    assert len(store.uploads) == len(staged)
