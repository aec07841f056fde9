"""Many days over a store in memory and a source that does what each test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from queue import Empty, SimpleQueue
from threading import Barrier, Event, Lock
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fakes import Events, FakeClock, FakeSource, MemoryStore, feed_of, orgs_of, some
from genesys_export import time_limit
from genesys_export.datasets import DEFAULT, dataset_named
from genesys_export.days import Day, Interval
from genesys_export.errors import (
    DeadlineReached,
    DestinationFailed,
    GenesysUnavailable,
    NotPermitted,
    SignInRefused,
    Stopped,
    TryAgainLater,
    WrongSettings,
)
from genesys_export.events import BackfillProgress, DayEnded, DaySkipped, DayStarted
from genesys_export.export import (
    Choice,
    DayExporter,
    DayResult,
    Dependencies,
    ExportOptions,
    Kind,
    Org,
    Outcome,
    Plan,
    Run,
    days_between,
    in_order,
    without_future,
)
from genesys_export.life import Policy, Publish
from genesys_export.manifest import Recipe
from genesys_export.model import Page
from genesys_export.store import honours_preconditions

ZONE = ZoneInfo("UTC")
NO_OPTIONS = ExportOptions()
LONG_S = 20  # a bound for what happens at once


def day(text: str, zone: ZoneInfo = ZONE) -> Day:
    return Day(date.fromisoformat(text), zone)


def november(first: int, last: int) -> tuple[Day, ...]:
    return tuple(day(f"2026-11-{number:02}") for number in range(first, last + 1))


# --- which days ------------------------------------------------------------------------------


def test_both_ends_belong_to_the_range():
    days = days_between(day("2026-02-27"), day("2026-03-01"))
    assert [str(one) for one in days] == ["2026-02-27", "2026-02-28", "2026-03-01"]


def test_one_day_is_a_range():
    assert days_between(day("2026-02-27"), day("2026-02-27")) == (day("2026-02-27"),)


def test_a_date_that_a_zone_never_had_is_no_day():
    zone = ZoneInfo("Pacific/Apia")
    days = days_between(day("2011-12-29", zone), day("2011-12-31", zone))
    assert [str(one) for one in days] == ["2011-12-29", "2011-12-31"]


def test_days_that_have_not_ended_are_left_out():
    now = datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert without_future(november(20, 25), now, partial=False) == november(20, 21)
    assert without_future(november(20, 25), now, partial=True) == november(20, 22)
    midnight = datetime(2026, 11, 23, tzinfo=UTC)
    assert without_future(november(20, 25), midnight, partial=False) == november(20, 22)


# --- the loop --------------------------------------------------------------------------------


@dataclass
class Script(FakeSource):
    """A Genesys of empty days: what each day meets, who is under way, what was asked for."""

    meets: Callable[[date], object] = lambda _date: None
    prepares: Callable[[date], object] = lambda _date: None
    awaits_job: bool = False
    asked: list[date] = field(default_factory=list)
    watermarks: int = 0
    running: int = 0
    most: int = 0
    lock: Lock = field(default_factory=Lock)

    def watermark(self) -> datetime:
        self.watermarks += 1
        return datetime(2026, 11, 23, 6, tzinfo=UTC)

    def fetch(self, interval: Interval, job_id: str | None = None) -> Fetched:
        del job_id
        return Fetched(self, interval.start.date())


@dataclass
class Fetched:
    script: Script
    date: date
    job_ids: tuple[str, ...] = ()

    @property
    def awaits_job(self) -> bool:
        return self.script.awaits_job

    def prepare(self) -> None:
        self.script.prepares(self.date)

    def pages(self) -> Iterator[Page]:
        script = self.script
        with script.lock:
            script.asked.append(self.date)
            script.running += 1
            script.most = max(script.most, script.running)
        try:
            script.meets(self.date)
        finally:
            with script.lock:
                script.running -= 1
        yield from ()

    def release(self) -> None:
        pass


@dataclass
class Bench:
    """An exporter of one table, and what it observed."""

    script: Script
    store: MemoryStore = field(default_factory=MemoryStore)
    clock: FakeClock = field(default_factory=FakeClock)
    events: Events = field(default_factory=Events)
    org: str = ""
    called: str = DEFAULT  # the dataset

    def exporter(self, **plan) -> DayExporter:
        dataset = replace(dataset_named(DEFAULT), name=self.called)
        tables = ("conversations",)
        made = Plan(dataset=dataset, tables=tables, org=self.org, **plan)
        parts = Dependencies(
            plan=made,
            recipe=Recipe(
                timezone="UTC",
                engine="jobs",
                filters={},
                tables=tables,
                format="csv.gz",
                layout="daily",
                csv={"newlines": "keep"},
                column_version=dataset.column_version,
            ),
            feed=feed_of(made, self.script, self.clock, self.events),
            store=self.store,
            clock=self.clock,
            observe=self.events,
            honours_preconditions=honours_preconditions,
        )
        return DayExporter(parts)

    def run(self, days, *, at_once=1, options=NO_OPTIONS, pending=lambda: None, **plan):
        return run((self.exporter(**plan),), days, at_once, options, pending)

    def published(self) -> set[str]:
        keys = self.store.list("_genesys_export/")
        return {key.split("/")[2] for key in keys if key.endswith("manifest.json")}


def run(exporters, days, at_once=1, options=NO_OPTIONS, pending=lambda: None) -> list[DayResult]:
    whole = Run(
        orgs=orgs_of(*exporters),
        choice=Choice(Kind.RANGE, days),
        clock=exporters[0].deps.clock,
        observe=exporters[0].deps.observe,
        options=options,
        at_once=at_once,
        in_process=max(8, at_once),
        pending=pending,
    )
    return list(whole.results())


@pytest.mark.parametrize("days", [november(10, 14), november(10, 14)[::-1]])
def test_days_begin_in_the_order_that_is_given(days):
    bench = Bench(Script())
    ends = bench.run(days)
    assert bench.script.asked == [one.date for one in days]
    assert [one.report.outcome for one in ends] == [Outcome.PUBLISHED] * 5
    assert bench.published() == {str(one) for one in days}


def test_as_many_days_as_asked_for_are_under_way_and_no_more():
    both, entered = Event(), []

    def meets(_date):
        entered.append(_date)
        if len(entered) == 3:
            both.set()
        assert both.wait(LONG_S)

    bench = Bench(Script(meets))
    ends = bench.run(november(1, 9), at_once=3)
    assert all(one.report for one in ends)
    assert bench.script.most == 3


def test_a_day_that_waits_for_its_job_holds_no_slot():
    """Eight days meet in their waits, although only two are read at a time."""
    met = Barrier(8)
    bench = Bench(Script(prepares=lambda _at: met.wait(LONG_S), awaits_job=True))
    ends = bench.run(november(1, 16), at_once=2)
    assert [one.problem for one in ends] == [None] * 16
    assert bench.script.most <= 2


def test_a_dataset_that_reads_another_one_waits_until_its_days_are_done():
    under_way, late = [], []

    def meets(_date):
        under_way.append(_date)

    def late_meets(_date):
        late.append((_date, source.script.running, len(under_way)))

    source, reader = Bench(Script(meets)), Bench(Script(late_meets), called="copies")
    first, then = source.exporter(), reader.exporter(after=(DEFAULT,))
    ends = run((first, then), november(1, 3), at_once=4)
    assert [one.problem for one in ends] == [None] * 6
    assert [one[1:] for one in late] == [(0, 3)] * 3


def test_the_first_days_side_by_side_register_one_destination():
    ends = Bench(Script()).run(november(1, 8), at_once=8)
    assert [one.problem for one in ends] == [None] * 8


def test_a_day_that_fails_ends_no_other():
    def meets(at):
        if at.day == 12:
            raise GenesysUnavailable("no answer")

    bench = Bench(Script(meets))
    ends = bench.run(november(10, 14), at_once=2)
    failed = [one for one in ends if one.problem]
    assert [(str(one.day), one.problem.status) for one in failed] == [("2026-11-12", 69)]
    assert bench.published() == {str(one) for one in november(10, 14)} - {"2026-11-12"}
    (told,) = [one for one in bench.events.of(DayEnded) if one.is_failure]
    assert (told.day, told.message, told.exit_status) == ("2026-11-12", "no answer", 69)


def test_every_day_of_a_call_is_told_to_have_ended_once_with_how_and_from_when_to_try_again():
    later = datetime(2026, 11, 23, 9, tzinfo=UTC)

    def meets(at):
        if at.day == 12:
            raise TryAgainLater("not yet", retry_at=later)

    bench = Bench(Script(meets))
    bench.run(november(10, 11))
    bench.events.clear()
    ends = bench.run(november(10, 13), at_once=2)
    told = bench.events.of(DayEnded)
    assert [(one.day, one.status, one.message) for one in told] == [
        (str(one.day), one.status, one.message) for one in ends
    ]
    by_day = {one.day: (one.status, one.exit_status, one.retry_at) for one in told}
    assert by_day == {
        "2026-11-10": ("skipped", 0, None),
        "2026-11-11": ("skipped", 0, None),
        "2026-11-12": ("unfinished", 75, later),
        "2026-11-13": ("published", 0, None),
    }


def test_an_organisation_that_is_given_up_takes_no_other_with_it():
    def refuse(_date):
        raise NotPermitted("no permission")

    store = MemoryStore()
    refused = Bench(Script(refuse), store=store, org="a")
    fine = Bench(Script(), store=store, org="b")
    ends = run((refused.exporter(), fine.exporter()), november(1, 6))
    assert {one.org for one in ends if one.not_tried} == {"a"}
    assert [some(one.report).outcome for one in ends if one.org == "b"] == [Outcome.PUBLISHED] * 6
    assert len(ends) == 12


def test_days_whose_results_nobody_asks_for_any_more_are_woken():
    left = Event()

    def meets(at):
        if at.day == 2:
            assert left.wait(10)
            raise Stopped(15, by="its caller")

    bench = Bench(Script(meets))
    run_ = Run(
        orgs=orgs_of(bench.exporter()),
        choice=Choice(Kind.RANGE, november(1, 9)),
        clock=bench.clock,
        at_once=2,
        in_process=2,
        abandon=left.set,
    )
    results = run_.results()
    assert str(next(results).day) == "2026-11-01"
    del results
    assert bench.published() <= {"2026-11-01", "2026-11-03"}
    assert left.is_set()


def test_a_bug_on_one_day_is_that_days_alone():
    def meets(at):
        if at.day == 12:
            raise KeyError("customer 4711")

    ends = Bench(Script(meets)).run(november(11, 13))
    (failed,) = [one for one in ends if one.problem]
    assert (failed.problem.status, failed.problem.message) == (70, "2026-11-12: a bug: KeyError")


def test_settled_days_are_skipped_without_asking_for_anything():
    bench = Bench(Script())
    bench.run(november(1, 6))
    again = Bench(Script(), store=bench.store)
    ends = again.run(november(1, 8), at_once=2)
    outcomes = {one.day.date.day: one.report.outcome for one in ends}
    assert outcomes == {n: Outcome.SKIPPED if n <= 6 else Outcome.PUBLISHED for n in range(1, 9)}
    assert sorted(again.script.asked) == [date(2026, 11, 7), date(2026, 11, 8)]
    assert again.script.watermarks == 2
    assert again.events.of(DaySkipped) == []
    assert again.events.of(BackfillProgress)[0].skipped == 6


def test_force_does_settled_days_again():
    bench = Bench(Script())
    bench.run(november(1, 3))
    ends = bench.run(november(1, 3), options=ExportOptions(force=True))
    assert [one.report.outcome for one in ends] == [Outcome.UNCHANGED] * 3


def test_where_no_state_is_kept_every_day_is_exported():
    bench = Bench(Script())
    for _ in range(2):
        ends = bench.run(november(1, 3), keeps_state=False)
        assert [one.report.outcome for one in ends] == [Outcome.PUBLISHED] * 3
    assert len(bench.script.asked) == 6


def test_what_no_day_can_pass_ends_the_range_early_and_the_rest_is_listed():
    def meets(_date):
        raise SignInRefused("the client is not known")

    bench = Bench(Script(meets))
    ends = bench.run(november(1, 20), at_once=2)
    assert len(ends) == len({one.day for one in ends}) == 20
    assert 2 <= len(bench.script.asked) <= 4  # others may have begun by then
    left = [one for one in ends if one.not_tried]
    assert len(left) == 20 - len(bench.script.asked)
    assert all(one.problem is None and one.report is None for one in left)
    assert "the same error" in left[0].not_tried


def test_another_organisation_goes_on_where_one_gives_up():
    def meets(_date):
        raise SignInRefused("the client is not known")

    store = MemoryStore()
    shut, fine = Bench(Script(meets), store, org="apac"), Bench(Script(), store, org="emea")
    ends = run((shut.exporter(), fine.exporter()), november(1, 9))
    assert {str(one.day) for one in ends if one.org == "emea" and one.report} == {
        str(one) for one in november(1, 9)
    }
    assert len([one for one in ends if one.org == "apac"]) == 9
    assert len(shut.script.asked) == 2


def test_a_destination_that_cannot_be_listed_is_told_once():
    class Unlisted(MemoryStore):
        def list(self, prefix: str) -> Iterator[str]:
            raise DestinationFailed(f"the bucket does not list {prefix}")

    bench = Bench(Script(), Unlisted())
    ends = bench.run(november(1, 5))
    assert [bool(one.problem) for one in ends] == [True, False, False, False, False]
    assert all(one.not_tried for one in ends[1:])
    assert bench.script.asked == []


def test_a_stop_sees_the_days_under_way_to_their_end_and_begins_no_other():
    stopped: list[Stopped] = []
    clock = FakeClock()

    def meets(at):
        if at.day == 3:
            clock.interrupt(Stopped(15))  # what the signal's handler does
            stopped.append(Stopped(15))
            clock.sleep(0)

    bench = Bench(Script(meets), clock=clock)
    ends = bench.run(november(1, 9), pending=lambda: stopped[0] if stopped else None)
    assert bench.published() == {"2026-11-01", "2026-11-02"}
    assert len(ends) == 9
    under_way, *left = ends[2:]
    assert isinstance(under_way.problem, Stopped)
    assert {one.not_tried for one in left} == {"stopped by SIGTERM"}
    assert bench.script.running == 0
    assert bench.events.of(DayStarted)[-1].day == "2026-11-03"


def test_a_stop_before_anything_began_is_told_as_one():
    bench = Bench(Script())
    ends = bench.run(november(1, 5), pending=lambda: Stopped(2))
    assert [isinstance(one.problem, Stopped) for one in ends] == [True, *[False] * 4]
    assert bench.script.asked == []


def test_progress_is_of_the_whole_and_ends_with_nothing_left():
    clock = FakeClock()

    def meets(_date):
        clock.sleep(60)

    bench = Bench(Script(meets), clock=clock)
    bench.run(november(1, 4))
    told = bench.events.of(BackfillProgress)
    assert [event.done for event in told] == [0, 1, 2, 3, 4]
    assert {event.total for event in told} == {4}
    assert [event.eta_s for event in told][:2] == [None, None]
    assert told[2].eta_s == pytest.approx(120, rel=0.1)
    assert told[-1].eta_s == 0


def test_days_that_have_not_settled_are_read_again():
    bench = Bench(Script())
    ends = bench.run(november(20, 22))
    assert {one.report.manifest.state for one in ends} == {"provisional"}
    again = bench.run(november(20, 22))
    assert [one.report.outcome for one in again] == [Outcome.UNCHANGED] * 3


def test_days_that_are_published_only_when_final_are_skipped_until_then():
    bench = Bench(Script())
    ends = bench.run(november(17, 20), life=Policy(publish=Publish.FINAL))
    outcomes = [one.report.outcome for one in ends]
    assert outcomes == [Outcome.PUBLISHED] * 2 + [Outcome.SKIPPED] * 2


def test_a_final_day_that_lost_its_file_is_exported_again_and_the_others_are_skipped():
    bench = Bench(Script())
    bench.clock.rest(timedelta(days=30).total_seconds())
    bench.run(november(1, 9))
    bench.store.delete("conversations/2026-11-05.csv.gz")
    bench.script.asked.clear()
    ends = bench.run(november(1, 9))
    assert [str(one) for one in bench.script.asked] == ["2026-11-05"]
    assert [one.report.outcome for one in ends].count(Outcome.SKIPPED) == 8
    assert bench.store.look("conversations/2026-11-05.csv.gz")


# --- many organisations ----------------------------------------------------------------------


def test_organisations_take_turns_and_none_waits_for_another():
    """The first days of all four meet: with one organisation after another they never would."""
    order, lock, met = [], Lock(), Barrier(4)

    def meets_as(org):
        def meets(at):
            with lock:
                order.append(org)
            if at.day == 1:
                met.wait(LONG_S)

        return meets

    benches = [Bench(Script(meets_as(org)), org=org) for org in "abcd"]
    ends = run([one.exporter() for one in benches], november(1, 3), at_once=1)
    assert [one.problem for one in ends] == [None] * 12
    assert [one.script.most for one in benches] == [1] * 4
    assert sorted(order[:4]) == ["a", "b", "c", "d"]


def test_days_of_all_organisations_share_the_slots_of_the_process():
    lock, running, most = Lock(), [], []

    def meets(at):
        with lock:
            running.append(at)
            most.append(len(running))
        with lock:
            running.remove(at)

    benches = [Bench(Script(meets), org=org) for org in "abcd"]
    whole = Run(
        orgs=orgs_of(*(one.exporter() for one in benches)),
        choice=Choice(Kind.RANGE, november(1, 9)),
        clock=FakeClock(),
        at_once=4,
        in_process=2,
    )
    ends = list(whole.results())
    assert whole.side_by_side == 2
    assert len(ends) == 36
    assert max(most) <= 2


def test_one_slot_in_all_gives_each_organisation_its_turn():
    order: list[tuple[str, int]] = []

    def notes(org: str, at: date) -> None:
        order.append((org, at.day))

    benches = [Bench(Script(partial(notes, org)), org=org) for org in "abc"]
    whole = Run(
        orgs=orgs_of(*(one.exporter() for one in benches)),
        choice=Choice(Kind.RANGE, november(1, 2)),
        clock=FakeClock(),
    )
    list(whole.results())
    assert order == [("a", 1), ("b", 1), ("c", 1), ("a", 2), ("b", 2), ("c", 2)]


def test_an_organisation_keeps_no_connection_once_nothing_of_it_is_under_way():
    connected, most = set[str](), list[int]()

    def connects(org: str, _at: date) -> None:
        connected.add(org)
        most.append(len(connected))

    names = [f"org{number:03}" for number in range(60)]
    benches = [Bench(Script(partial(connects, org)), org=org) for org in names]
    exporters = [
        DayExporter(replace(one.exporter().deps, disconnect=partial(connected.discard, one.org)))
        for one in benches
    ]
    whole = Run(
        orgs=orgs_of(*exporters),
        choice=Choice(Kind.RANGE, november(1, 2)),
        clock=FakeClock(),
        at_once=2,
        in_process=2,
    )
    assert len(list(whole.results())) == 120
    assert max(most) <= 2 * whole.most_open  # those that ended meanwhile, too
    assert not connected


def test_with_one_slot_in_all_each_result_is_given_before_the_next_day_begins():
    begun: list[date] = []
    benches = [Bench(Script(begun.append), org=org) for org in "abcd"]
    whole = Run(
        orgs=orgs_of(*(one.exporter() for one in benches)),
        choice=Choice(Kind.RANGE, november(1, 2)),
        clock=FakeClock(),
        at_once=4,
    )
    assert [len(begun) for _ in whole.results()] == list(range(1, 9))


def test_an_organisation_that_cannot_be_opened_costs_its_own_days_alone():
    def refuse():
        raise WrongSettings("orgs.apac.client_secret: missing")

    fine = Bench(Script(), org="emea")
    orgs = [
        Org(name="apac", datasets=(DEFAULT,), open=refuse),
        *orgs_of(fine.exporter()),
    ]
    whole = Run(
        orgs=orgs,
        choice=Choice(Kind.RANGE, november(1, 20)),
        clock=FakeClock(),
        at_once=2,
        in_process=8,
    )
    ends = list(whole.results())
    shut = [one for one in ends if one.org == "apac"]
    assert [one.problem.status for one in shut if one.problem] == [78]
    assert len(shut) == 20
    assert len({one.day for one in shut}) == 20
    assert all(one.report for one in ends if one.org == "emea")


def test_manifests_are_read_a_month_at_a_time_and_only_as_days_are_needed():
    """The first day is exported before any manifest but those of a month is read."""

    class Counting(MemoryStore):
        def read(self, key):
            if key.endswith("manifest.json"):
                read.append(key)
            return super().read(key)

    read: list[str] = []
    store = Counting()
    year = days_between(day("2025-11-01"), day("2026-10-31"))
    Bench(Script(), store=store).run(year[:300])
    read.clear()
    at_first = []
    again = Bench(Script(lambda _at: at_first.append(len(read))), store=store)
    ends = again.run(year[::-1])
    assert [one.report.outcome for one in ends].count(Outcome.SKIPPED) == 300
    assert len(at_first) == 65
    assert at_first[0] <= 31
    assert again.events.of(BackfillProgress)[-1].eta_s == 0


@dataclass
class LateScript(Script):
    """A Genesys that does not have the day of an organisation at the first look."""

    def watermark(self) -> datetime:
        late = self.watermarks == 0
        super().watermark()
        return datetime(2026, 11, 10 if late else 23, 6, tzinfo=UTC)


class UntilReady(FakeClock):
    """A clock with which nobody's long wait ends before `ready` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.ready = Event()

    def sleep(self, seconds: float) -> None:
        if seconds > 1:
            assert self.ready.wait(LONG_S)
        super().sleep(seconds)


@pytest.mark.parametrize("in_process", [1, 2, 8])
def test_any_number_of_late_organisations_keeps_none_waiting_whose_day_is_complete(in_process):
    clock = UntilReady()
    late = [Bench(LateScript(), clock=clock, org=f"a{number:02}") for number in range(40)]
    ready = Bench(Script(lambda _at: clock.ready.set()), clock=clock, org="z")
    whole = Run(
        orgs=orgs_of(*(one.exporter(wait=timedelta(hours=6)) for one in (*late, ready))),
        choice=Choice(Kind.ALONE, november(22, 22)),
        clock=clock,
        in_process=in_process,
        waits=True,
    )
    ends = list(whole.results())
    assert [one.status for one in ends] == ["published"] * 41
    assert {one.script.most for one in late} == {1}


def test_a_late_dataset_does_not_keep_the_others_of_its_organisation_waiting():
    clock = UntilReady()
    late = Bench(LateScript(), clock=clock)
    ready = Bench(Script(lambda _at: clock.ready.set()), clock=clock, called="copies")
    whole = Run(
        orgs=orgs_of(*(one.exporter(wait=timedelta(hours=6)) for one in (late, ready))),
        choice=Choice(Kind.ALONE, november(22, 22)),
        clock=clock,
        waits=True,
    )
    ends = list(whole.results())
    assert {(one.dataset, one.status) for one in ends} == {
        ("copies", "published"),
        (DEFAULT, "published"),
    }


def test_days_wait_for_genesys_from_the_begin_of_the_run_not_from_their_turn():
    bench = Bench(LateScript())
    bench.clock.rest(5 * 3600)
    options = ExportOptions(began_s=0.0)
    ends = bench.run(november(22, 22), options=options, wait=timedelta(hours=4))
    assert (ends[0].exit_status, bench.clock.slept) == (75, [5 * 3600])


def test_a_stop_lists_the_days_of_every_organisation_once():
    stopped: list[Stopped] = []

    def meets(_at):
        stopped.append(Stopped(15))

    benches = [Bench(Script(meets), org=org) for org in "abc"]
    ends = run(
        [one.exporter() for one in benches],
        days_between(day("2026-01-01"), day("2026-04-10")),
        pending=lambda: stopped[0] if stopped else None,
    )
    assert len(ends) == len({(one.org, one.day) for one in ends}) == 300
    told = [one for one in ends if isinstance(one.problem, Stopped)]
    assert len([one for one in told if one.not_tried]) == 1


# --- the days that are due -------------------------------------------------------------------


def due(bench: Bench, newest: Day) -> list[DayResult]:
    choice = Choice(Kind.DUE, (newest,))
    exporter = bench.exporter()
    whole = Run(
        orgs=orgs_of(exporter),
        choice=choice,
        clock=bench.clock,
        observe=exporter.deps.observe,
    )
    return list(whole.results())


def test_due_days_are_exported_oldest_first_and_tell_no_score():
    bench = Bench(Script())
    bench.run(november(1, 1))
    bench.events.clear()
    ends = due(bench, day("2026-11-22"))
    assert [one.day for one in ends] == list(november(2, 22))
    assert {one.status for one in ends} == {"published"}
    assert bench.events.of(BackfillProgress) == []


def test_due_days_are_left_where_every_further_one_would_fail_alike():
    bench = Bench(Script())
    bench.run(november(1, 1))

    def meets(_date):
        raise SignInRefused("the client is not known")

    again = Bench(Script(meets), store=bench.store)
    ends = due(again, day("2026-11-22"))
    assert [one.status for one in ends] == ["failed"] * 2 + ["not tried"] * 19
    told = again.events.of(DayEnded)
    assert [(one.status, one.exit_status) for one in told] == [
        *[("failed", 77)] * 2,
        *[("not tried", 0)] * 19,
    ]


def test_results_are_put_in_order_of_organisation_dataset_and_day():
    def of(org, dataset, number):
        return DayResult(org=org, dataset=dataset, day=november(number, number)[0])

    expected = [
        of("a", "conversation_details", 1),
        of("a", "dimensions", 1),
        of("b", "conversation_details", 1),
        of("b", "conversation_details", 2),
    ]
    assert in_order(reversed(expected)) == expected


def test_a_result_without_its_manifest_says_the_same():
    (ended,) = Bench(Script()).run(november(22, 22))
    small = ended.without_manifest()
    assert str(small) == str(ended)
    assert (small.status, some(small.report).manifest) == ("published", None)
    stopped = Bench(Script()).run(november(22, 22), pending=lambda: Stopped(2))[0]
    assert stopped.without_manifest() is stopped


def test_a_result_says_in_a_line_what_became_of_its_day():
    failed = Bench(Script()).run(november(22, 22), pending=lambda: Stopped(2))[0]
    assert str(failed) == "2026-11-22 conversation_details: not tried (stopped by SIGINT)"
    (fine,) = Bench(Script(), org="emea").run(november(21, 21))
    assert str(fine) == "emea 2026-11-21 conversation_details: published"


def test_days_that_the_deadline_leaves_no_time_to_begin_are_not_tried():
    bench = Bench(Script(lambda _date: bench.clock.rest(60)))
    options = ExportOptions(ends_s=bench.clock.monotonic() + 90)
    ends = bench.run(november(10, 14), options=options)
    assert [one.status for one in ends] == ["published"] * 2 + ["not tried"] * 3
    assert [one.exit_status for one in ends] == [0, 0, 75, 0, 0]
    assert ends[2].retry_at == bench.clock.now()
    assert ends[2].not_tried == "the deadline is reached"


@pytest.mark.parametrize("in_process", [1, 8])
def test_no_organisation_is_looked_at_after_the_deadline(in_process):
    clock, opened = FakeClock(), []

    def opens(number):
        opened.append(number)
        clock.rest(1)
        return (Bench(Script(), clock=clock, org=str(number)).exporter(),)

    whole = Run(
        orgs=[
            Org(name=str(number), datasets=(DEFAULT,), open=partial(opens, number))
            for number in range(100)
        ],
        choice=Choice(Kind.RANGE, november(1, 3)),
        clock=clock,
        options=ExportOptions(ends_s=5.0),
        in_process=in_process,
    )
    ends = list(whole.results())
    assert len(ends) == 300
    assert len(opened) < 5 + 8  # as many as are looked at side by side
    assert [one.exit_status for one in ends].count(75) == 1


def test_a_look_that_the_deadline_ends_is_of_days_that_are_not_tried():
    def late():
        time_limit.check(clock, 100, reason="retry")

    clock = FakeClock()
    whole = Run(
        orgs=[Org(name="", datasets=(DEFAULT,), open=late)],
        choice=Choice(Kind.RANGE, november(1, 3)),
        clock=clock,
        options=ExportOptions(ends_s=5.0),
    )
    ends = list(whole.results())
    assert [one.status for one in ends] == ["not tried"] * 3
    assert [one.exit_status for one in ends] == [75, 0, 0]


def test_what_is_left_at_the_end_is_gone_through_once():
    class Names(tuple):
        __slots__ = ()

        def __iter__(self):
            if stopped:
                asked.append(1)
            return super().__iter__()

    class Patient(SimpleQueue):
        def get(self, *given: Any, **more: Any) -> Any:
            if stopped and len(turns) < 9:
                turns.append(1)
                raise Empty
            return super().get(*given, **more)

    asked: list[int] = []
    turns: list[int] = []
    stopped: list[Stopped] = []
    benches = [Bench(Script(lambda _at: stopped.append(Stopped(15))), org=org) for org in "ab"]
    whole = Run(
        orgs=[
            Org(name=one.name, datasets=Names(one.datasets), open=one.open)
            for one in orgs_of(*(bench.exporter() for bench in benches))
        ],
        choice=Choice(Kind.RANGE, november(1, 3)),
        clock=FakeClock(),
        in_process=2,
        pending=lambda: stopped[0] if stopped else None,
        mailbox=Patient,
    )
    assert len(list(whole.results())) == 6
    assert len(turns) == 9
    assert len(asked) <= 2


def test_a_day_that_ends_at_the_deadline_still_counts_as_to_do():
    bench = Bench(Script(lambda _date: time_limit.check(bench.clock, 100)))
    ends = bench.run(november(10, 11), options=ExportOptions(ends_s=50.0))
    assert [type(one.problem) for one in ends] == [DeadlineReached, type(None)]
    last = bench.events.of(BackfillProgress)[-1]
    assert (last.failed, last.done, last.total) == (0, 0, 2)
    assert not any(one.is_failure for one in bench.events.of(DayEnded))
