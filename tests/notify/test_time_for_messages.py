"""How long a call goes on sending messages, by a clock that only messages advance."""

from __future__ import annotations

import base64
import json
import signal
import weakref
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from threading import Event
from typing import Any

import pytest

from fakes import Events, FakeClock
from genesys_export import Exporter, manifest
from genesys_export.assembly.announcing import Announcing
from genesys_export.days import Day, zone_named
from genesys_export.errors import DeadlineReached, GenesysUnavailable, Stopped
from genesys_export.events import Noticed
from genesys_export.export import DayReport, DayResult
from genesys_export.locations import Home
from genesys_export.notify import Message, Outcome, Targets, Teller
from genesys_export.settings import load
from genesys_export.store import FolderStore

DATASET = "conversation_details"
OWED = [f"2025-11-{number:02}" for number in range(1, 17)]
LATER = "2025-11-17"


class Killed(BaseException):
    """The process ends here."""


class CountingStore:
    """A folder that counts how often the journal is written."""

    def __init__(self, store) -> None:
        self._store, self.writes = store, 0

    def __getattr__(self, name):
        return getattr(self._store, name)

    def put(self, *given):
        self.writes += 1
        return self._store.put(*given)


@dataclass
class Place:
    """A destination with days that nobody was told of."""

    store: CountingStore
    settings: Any
    web: Any
    clock: FakeClock
    events: Events = field(default_factory=Events)

    def announcing(self, **told) -> Announcing:
        return Announcing(
            self.settings, clock=self.clock, observe=self.events, closing=ExitStack(), **told
        )

    @property
    def told(self) -> list[str]:
        return [json.loads(one.body)["day"] for one in self.web.requests]

    @property
    def notices(self) -> list[str]:
        return [one.message for one in self.events.of(Noticed)]


@pytest.fixture
def place(start, tmp_path, web):
    genesys, lake = start(), tmp_path / "lake"
    environ = {
        "GENESYS_CLOUD_BASE_URL": genesys.base_url,
        "GENESYS_CLIENT_ID": genesys.client_id,
        "GENESYS_CLIENT_SECRET": genesys.client_secret,
        "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
        "GENESYS_EXPORT_NOTIFY__SECRET": "whsec_" + base64.b64encode(b"k" * 30).decode(),
        "GENESYS_EXPORT_NOTIFY__URLS": web.address,
    }
    given = {"to": lake, "tables": ["conversations"], "days_at_once": 4}
    settings = load(flags={"to": str(lake)}, environ=environ)
    found = Place(CountingStore(FolderStore(lake)), settings, web, FakeClock())
    found.announcing().begin("", found.store)
    with Exporter.from_settings(environ=environ, urls=[], **given) as silent:
        assert {one.status for one in silent.backfill(OWED[0], OWED[-1])} == {"published"}
    return found


def slow(place, seconds):
    place.web.on_request = lambda: place.clock.rest(seconds)


def result(**ended) -> DayResult:
    day = Day(date.fromisoformat(LATER), zone_named("UTC"))
    return DayResult(org="", dataset=DATASET, day=day, **ended)


def ended(place, *results, pending=lambda: None, **told):
    """Let a call end with these results, failed ones among them; return the seconds it took."""
    began_s = place.clock.monotonic()
    announced = place.announcing(pending=pending).told(
        iter(results), store=place.store, all_due=False, **told
    )
    assert list(announced) == [*results]
    return place.clock.monotonic() - began_s


def check_the_next_call_sends_the_rest(place):
    before = place.told
    assert 0 < len(before) < len(OWED)
    assert place.notices[-1].endswith("the next run sends the others")
    slow(place, 0)
    ended(place)
    assert sorted({*place.told} & {*OWED}) == OWED
    assert len(place.told) == len({*place.told})


def test_messages_go_on_for_a_minute_after_a_run(place):
    slow(place, 7.0)
    assert 60 <= ended(place) < 70
    check_the_next_call_sends_the_rest(place)


def test_messages_go_on_for_seconds_after_the_deadline(place):
    slow(place, 1.0)
    failed = result(problem=GenesysUnavailable("no answer"))
    assert ended(place, failed, result(problem=DeadlineReached("over")), ends_s=2.0) <= 6
    check_the_next_call_sends_the_rest(place)


def test_after_the_deadline_datasets_without_a_result_wait_for_the_next_run(place):
    assert ended(place, result(problem=DeadlineReached("over"))) == 0
    assert place.told == []


def test_a_signal_during_the_messages_ends_them_within_seconds(place):
    asked = Event()

    def pending():
        if len(place.told) < 3:
            return None
        asked.set()
        return Stopped(signal.SIGTERM)

    def take():
        if len(place.told) >= 3:
            assert asked.wait(30)
        place.clock.rest(1.0)

    place.web.on_request = take
    assert ended(place, pending=pending) <= 8
    check_the_next_call_sends_the_rest(place)


def test_results_that_nobody_asks_for_end_the_messages_within_seconds(place):
    slow(place, 1.0)

    def results():
        yield result(problem=GenesysUnavailable("no answer"))
        yield result()

    told = place.announcing().told(results(), store=place.store, all_due=False)
    next(told)
    told.close()
    assert place.clock.monotonic() <= 5
    check_the_next_call_sends_the_rest(place)


def test_a_failure_heard_after_the_deadline_is_announced_by_the_next_run(place):
    place.clock.rest(10)
    ended(place, result(problem=GenesysUnavailable("no answer")), ends_s=1.0)
    assert place.told == []
    ended(place)
    assert sorted(place.told) == [*OWED, LATER]


class Seen(DayResult):
    """A result that tells when nothing holds it any more."""


def test_results_that_wait_for_a_slow_target_do_not_stay_in_memory(place):
    gone, held = Event(), list[weakref.ref]()
    place.web.on_request = lambda: gone.wait(30)

    def results():
        for day in OWED:
            at = Day(date.fromisoformat(day), zone_named("UTC"))
            report = DayReport(day=at, manifest=published(place, day), manifest_url="")
            made = Seen(org="", dataset=DATASET, day=at, report=report)
            held.append(weakref.ref(made))
            yield made
            del made
        assert sum(one() is not None for one in held) <= 1
        gone.set()

    told = place.announcing().told(results(), store=place.store, all_due=False)
    assert sum(1 for _ in told) == len(OWED)
    assert sorted(place.told) == OWED


def published(place, day):
    found = place.store.read(Home("", DATASET).manifest(day))
    return manifest.decode(found.body, day)


# --- what a killed run repeats -------------------------------------------------------------------


class Program:
    """A target that takes a second for each message, and may be the end of the process."""

    name = key = "program"
    is_for_people = False

    def __init__(self, clock, dies_at=None):
        self.clock, self.dies_at, self.got = clock, dies_at, []

    def send(self, message: Message) -> None:
        if len(self.got) == self.dies_at:
            raise Killed
        self.clock.rest(1.0)
        self.got.append(message.day)

    def close(self) -> None:
        """Nothing is open."""


def caught_up(place, program):
    teller = Teller(
        store=place.store,
        home=Home("", DATASET),
        targets=Targets([program], tuple(Outcome), place.events),
        observe=place.events,
        clock=place.clock,
    )
    teller.catch_up()


def test_a_run_that_is_killed_while_announcing_repeats_the_last_seconds_only(place):
    killed, again = Program(place.clock, dies_at=13), Program(place.clock)
    with pytest.raises(Killed):
        caught_up(place, killed)
    caught_up(place, again)
    assert {*killed.got, *again.got} == {*OWED}
    assert len({*killed.got} & {*again.got}) <= 5


def test_the_journal_is_written_every_few_seconds_not_for_every_message(place):
    before = place.store.writes
    caught_up(place, Program(place.clock))
    assert place.store.writes - before == 4
