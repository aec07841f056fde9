"""A run dies between any two calls, messages among them: each day is announced, none too early."""

from __future__ import annotations

import json
import secrets
from contextlib import suppress

import pytest
from announcing import Announced, Receiver
from destinations import Killed, Trouble
from workbench import DAY, LEASE, Bench

from fakes import MemoryStore, some
from genesys_export.errors import DestinationFailed, GenesysUnavailable
from genesys_export.export import ExportOptions
from genesys_export.model import Always
from genesys_export.notify import Failure, Outcome
from genesys_export.store import FolderStore

MOST = 200  # calls; no run makes as many
PAST_LEASE_S = LEASE.total_seconds() + 60
FORCED = ExportOptions(force=True)


def in_memory():
    return Announced(Bench.over(lambda clock: MemoryStore(now=clock.now)))


@pytest.fixture
def place():
    return in_memory()


def changed(place):
    """Let Genesys change a conversation and find a new one."""
    place.bench.genesys.versions[1] += 1
    place.bench.genesys.versions[7] = 1
    place.bench.clock.rest(60)


def nothing(place):
    del place


def published(place):
    place.run()


def changed_since(place):
    place.run()
    changed(place)


def half_replaced(place):
    """Leave a day whose replacement is decided and not finished; nothing of it is announced."""
    changed_since(place)
    process = place.bench.process()
    process.dies_at("complete", 2)
    with suppress(Killed):
        place.bench.exporter(process).export(DAY)
    process.bury()
    assert "next" in place.bench.manifest()
    place.bench.clock.rest(PAST_LEASE_S)


def run(place, trouble=None):
    place.run(trouble)


def idle(place, trouble=None):
    place.idle(trouble)


def finish(place, trouble=None):
    """Finish what is decided, as `run` does first; announce what there is."""
    process = place.bench.process(trouble)
    teller = place.teller(process)
    try:
        place.bench.exporter(process).recover(DAY)
        teller.catch_up()
    finally:
        process.bury()


def check_announced(place):
    """Assert that what is published now was announced, by the newest message."""
    manifest = some(place.bench.manifest())
    known = some(place.bench.store.read(place.bench.kind.keys.announced))
    assert place.got[-1].state == manifest["state"]
    assert json.loads(known.body)["days"][str(DAY)]["state"] == manifest["state"]
    digests = {json.loads(known.body)["days"][str(DAY)]["digest"]}
    again = len(place.got)
    place.idle()
    assert len(place.got) == again, "a later run says nothing new"
    assert len(digests) == 1


@pytest.mark.parametrize("after", [run, idle], ids=["exports again", "has nothing to do"])
@pytest.mark.parametrize("prepare", [nothing, published, changed_since, half_replaced])
def test_a_day_is_announced_wherever_its_run_was_killed(prepare, after):
    check_killed_anywhere(in_memory, prepare, after)


def test_a_day_in_a_folder_is_announced_wherever_its_run_was_killed(quick_path):
    def in_folder():
        return Announced(Bench.over(lambda _: FolderStore(quick_path / secrets.token_hex(8))))

    check_killed_anywhere(in_folder, changed_since, idle)


def check_killed_anywhere(new_place, prepare, after):
    died = 0
    for call in range(MOST):
        place = new_place()
        prepare(place)
        before = len(place.got)
        versions = place.bench.manifest()
        try:
            place.run(Trouble("killed", call, done=True))
        except Killed:
            died += 1
        else:
            break
        place.bench.clock.rest(PAST_LEASE_S)
        after(place)
        if (place.bench.manifest() or {}).get("next"):
            finish(place)
        now = place.bench.manifest()
        if now is None:  # it died before anything was published
            assert place.got == []
            continue
        check_announced(place)
        same = versions and versions["tables"] == now["tables"]
        told = place.got[before:]
        assert bool(told) != bool(same)
        assert {one.outcome for one in told} <= {Outcome.PUBLISHED, Outcome.REPLACED}
        assert len({one.id for one in told}) == bool(told), "one event, however often it is told"
    else:
        pytest.fail("the run never came to its end")
    assert died > 20


def test_a_recovery_that_was_killed_anywhere_is_announced():
    for call in range(MOST):
        place = in_memory()
        half_replaced(place)
        before = len(place.got)
        with suppress(Killed):
            finish(place, Trouble("killed", call, done=True))
            assert call > 8
            return
        place.bench.clock.rest(PAST_LEASE_S)
        finish(place)
        check_announced(place)
        assert {one.outcome for one in place.got[before:]} == {Outcome.REPLACED}
    pytest.fail("the recovery never came to its end")


# --- what is announced -----------------------------------------------------------------------


def test_a_day_is_announced_once_and_its_replacement_with_what_changed(place):
    place.run()
    place.run()
    changed(place)
    place.run()
    place.run(options=FORCED)
    assert place.receivers[0].outcomes == ["published", "replaced"]
    first, second = place.got
    assert first.changes is None
    assert second.changes.total == 2
    assert second.changes.list.endswith(".jsonl.gz")
    assert first.manifest == place.bench.store.url(place.bench.kind.keys.manifest(DAY))
    assert (first.state, second.state) == ("provisional", "provisional")
    assert first.id != second.id


def test_a_day_that_became_final_is_announced_again_although_its_files_are_the_same(place):
    place.run()
    place.bench.clock.rest(5 * 86_400)
    place.run()
    assert [(one.outcome, one.state) for one in place.got] == [
        (Outcome.PUBLISHED, "provisional"),
        (Outcome.REPLACED, "final"),
    ]


def test_what_went_back_to_an_older_version_is_announced_under_an_id_of_its_own(place):
    place.run()
    changed(place)
    place.run()
    place.bench.genesys.versions[1] -= 1
    del place.bench.genesys.versions[7]
    place.bench.clock.rest(60)
    place.run(options=ExportOptions(force=True, accept_shrink=True))
    assert len({one.id for one in place.got}) == len(place.got) == 3


def test_what_was_published_before_the_first_announcement_is_not_announced(place):
    place.bench.run()
    place.run()
    assert place.got == []
    changed(place)
    place.run()
    assert place.receivers[0].outcomes == ["replaced"]


def test_what_a_run_without_announcements_published_is_announced_by_the_next(place):
    place.idle()
    place.bench.run()
    place.idle()
    assert place.receivers[0].outcomes == ["published"]


def test_only_manifests_that_changed_are_read(place):
    place.run()
    process = place.bench.process()
    place.teller(process).catch_up()
    assert process.calls == 2, "the journal, and one listing"


def test_only_what_is_chosen_is_sent(place):
    place.on = (Outcome.REPLACED,)
    place.run()
    changed(place)
    place.run()
    assert place.receivers[0].outcomes == ["replaced"]


def test_two_runs_at_once_lose_no_entry_of_the_journal(place):
    place.idle()
    one, other = place.bench.process(), place.bench.process()
    first, second = place.teller(one), place.teller(other)
    first.begin()
    second.begin()
    first.failed({"2026-11-20": Failure.of(GenesysUnavailable("no answer"))})
    second.failed({"2026-11-21": Failure.of(DestinationFailed("the disk is full"))})
    known = json.loads(place.bench.store.read(place.bench.kind.keys.announced).body)
    assert list(known["troubles"]) == ["2026-11-20", "2026-11-21"]


def test_a_journal_of_a_newer_version_is_left_alone_and_a_notice_says_so(place):
    key = place.bench.kind.keys.announced
    place.bench.store.put(key, b'{"format": 99}', Always(), "application/json")
    place.run()
    assert place.got == []
    assert "newer genesys-export" in place.notices[0].message
    assert len(place.notices) == 1
    assert place.bench.store.read(key).body == b'{"format": 99}'


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"format": 1, "days": 3}', b"[" * 9999])
def test_a_journal_that_can_not_be_read_stops_no_run_and_a_notice_says_what_helps(place, body):
    key = place.bench.kind.keys.announced
    place.bench.store.put(key, body, Always(), "application/json")
    place.run()
    assert place.got == []
    assert place.notices[0].message.endswith(
        "Remove it: the next run begins a new one, and announces what comes after that."
    )
    assert place.bench.store.read(key).body == body


# --- targets that are down ---------------------------------------------------------------------


def test_a_target_that_was_down_gets_the_day_as_it_is_later_and_the_others_nothing_twice(place):
    down, up = Receiver("down", is_down=True), Receiver("up")
    place.receivers = [down, up]
    place.run()
    changed(place)
    place.run()
    assert up.outcomes == ["published", "replaced"]
    notices = [one.message for one in place.notices]
    assert len(notices) == 2, "one a run"
    assert all("down did not take a message" in one for one in notices)
    down.is_down = False
    place.idle()
    assert down.outcomes == ["published"], "for it, the day is new"
    assert down.got[0].id == up.got[1].id
    place.idle()
    assert len(up.got) == 2
    assert len(down.got) == 1


def test_what_a_removed_target_did_not_get_is_forgotten(place):
    place.receivers = [Receiver("down", is_down=True)]
    place.run()
    place.receivers = [Receiver("new")]
    place.idle()
    assert place.got == []
    known = json.loads(place.bench.store.read(place.bench.kind.keys.announced).body)
    assert known["days"][str(DAY)]["owed"] == {}


# --- damage and failures -----------------------------------------------------------------------


def lose_a_file(place):
    key = place.bench.named_keys()[0]
    place.bench.store.delete(key)


def fails(place, problem, day=str(DAY)):
    place.teller(place.bench.process()).failed({day: Failure.of(problem)})


def test_a_failed_day_is_announced_once_for_each_cause(place):
    place.idle()
    fails(place, GenesysUnavailable("2026-11-22: no answer to request 4711"))
    fails(place, GenesysUnavailable("2026-11-22: no answer to request 4712"))
    fails(place, DestinationFailed("the disk is full"))
    assert [(one.outcome, one.state, one.problem) for one in place.got] == [
        (Outcome.FAILED, "missing", "2026-11-22: no answer to request 4711"),
        (Outcome.FAILED, "missing", "the disk is full"),
    ]
    assert all(one.manifest is None for one in place.got)


def test_people_get_one_alert_a_cause_and_none_when_it_heals(place):
    people = Receiver("people", is_for_people=True)
    place.receivers = [Receiver(), people]
    for day in ("2026-11-20", "2026-11-21"):
        fails(place, GenesysUnavailable(f"{day}: no answer"), day)
    assert [one.day for one in place.got] == ["2026-11-20", "2026-11-21"]
    assert [one.day for one in people.got] == ["2026-11-20"]
    place.teller(place.bench.process()).ended_well({"2026-11-20": None, "2026-11-21": None})
    assert len(people.got) == 1
    fails(place, GenesysUnavailable("2026-11-22: no answer"))
    assert [one.day for one in people.got] == ["2026-11-20", "2026-11-22"]


def test_people_whose_mail_was_down_get_one_alert_a_cause_later(place):
    people = Receiver("people", is_for_people=True, is_down=True)
    place.receivers = [people]
    for day in ("2026-11-20", "2026-11-21"):
        fails(place, GenesysUnavailable(f"{day}: no answer"), day)
    people.is_down = False
    place.idle()
    place.idle()
    assert [one.day for one in people.got] == ["2026-11-20"]


def test_people_get_no_word_of_days_that_are_published(place):
    people = Receiver("people", is_for_people=True)
    place.receivers = [people]
    place.run()
    changed(place)
    place.run()
    assert people.got == []


def test_failed_days_that_nobody_tries_any_more_are_forgotten(place):
    people = Receiver("people", is_for_people=True)
    place.receivers = [people]
    fails(place, GenesysUnavailable("no answer"), "2026-10-01")
    place.teller(place.bench.process()).forget_failures({"2026-11-22"})
    fails(place, GenesysUnavailable("no answer"))
    assert len(people.got) == 2


def test_a_failed_day_whose_published_files_are_lost_is_damaged_until_it_is_repaired(place):
    place.run()
    lose_a_file(place)
    fails(place, GenesysUnavailable("no answer"))
    fails(place, GenesysUnavailable("no answer"))
    assert place.receivers[0].outcomes == ["published", "damaged"]
    assert place.got[1].state == "damaged"
    assert "is missing" in place.got[1].problem
    place.bench.clock.rest(60)
    place.run()
    assert place.receivers[0].outcomes == ["published", "damaged", "replaced"]
    place.idle()
    assert len(place.got) == 3


def test_a_day_whose_replacement_lost_an_upload_is_damaged_and_later_replaced(place):
    half_replaced(place)
    store = place.bench.store
    for upload in [*store.uploads("")]:
        store.discard(upload)
    with suppress(DestinationFailed):
        finish(place)
    assert place.bench.manifest()["state"] == "damaged"
    assert place.receivers[0].outcomes == ["published", "damaged"]
    place.bench.clock.rest(PAST_LEASE_S)
    place.run()
    assert place.receivers[0].outcomes == ["published", "damaged", "replaced"]


def test_people_are_alerted_although_the_destination_is_out_of_reach(place):
    people = Receiver("people", is_for_people=True)
    place.receivers = [people]
    process = place.bench.process(Trouble("", 0))
    teller = place.teller(process)
    process.bury()

    class Gone:
        def __getattr__(self, name):
            def fail(*_):
                raise DestinationFailed("no route to the bucket")

            return (lambda key: f"s3://{key}") if name == "url" else fail

    teller.store = Gone()
    teller.targets.all = (people,)
    for day in ("2026-11-20", "2026-11-21"):
        teller.failed({day: Failure.of(DestinationFailed("no route to the bucket"))})
    assert [(one.day, one.state) for one in people.got] == [("2026-11-20", "unknown")]
