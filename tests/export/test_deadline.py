"""A deadline over a day: what is under way ends, what is done is kept, the next call continues."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from fakes import CONVERSATIONS, Events, FakeClock, MemoryStore, feed_of, orgs_of, some
from genesys_export.api import (
    Budget,
    Client,
    Credentials,
    JobPolicy,
    JobSource,
    RetryPolicy,
    Transport,
    TransportOptions,
    hosts,
)
from genesys_export.claim import Claim, decode
from genesys_export.datasets import DEFAULT
from genesys_export.days import Day, Interval, zone_named
from genesys_export.errors import (
    DeadlineReached,
    DestinationFailed,
    GenesysUnavailable,
    Stopped,
    TryAgainLater,
    WrongSettings,
)
from genesys_export.events import DayCut, JobSubmitted, Requested, SliceAdopted, SliceStaged
from genesys_export.export import (
    Choice,
    DayExporter,
    DayReport,
    DayResult,
    Dependencies,
    ExportOptions,
    Kind,
    Outcome,
    Plan,
    Run,
    days_between,
)
from genesys_export.export.counting import estimated
from genesys_export.export.cutting import UNCOUNTED, number_of
from genesys_export.locations import Home
from genesys_export.manifest import Manifest, Recipe
from genesys_export.model import Always
from genesys_export.source_count import Counted
from genesys_export.store import honours_preconditions
from genesys_simulator import Fault, JobUnseen, Options, RateLimited, Simulator, World, serve

DAY = Day(date(2025, 11, 20), zone_named("UTC"))
CLAIM = Home("", DEFAULT).claim(DAY)
TABLES = ("conversations",)
PER_DAY = 3_600
LIMIT = timedelta(seconds=50)  # of a call: as long as one burst of the budget lasts
VAIN = "3 attempts completed no slice before the deadline; the day has 1 slice"
NOT_YET = f"^{DAY}: its job needs .* no slice is complete$"


@pytest.fixture(scope="module")
def world() -> World:
    return World.generated(seed=11, per_day=PER_DAY)


@dataclass
class Counting:
    """A SourceCounter that knows its answer."""

    hits: int | None = PER_DAY

    def count(self, interval: Interval) -> Counted:
        del interval
        return Counted(asked=datetime(2026, 11, 28, tzinfo=UTC), hits=self.hits, by_media=None)


class Slow(Events):
    """An observer that takes a hundred seconds when the last slice is staged."""

    clock: FakeClock

    def __call__(self, event: object) -> None:
        super().__call__(event)
        if isinstance(event, SliceStaged):
            self.clock.rest(100)


class SlowPages(Events):
    """An observer that takes a minute once a page has come."""

    clock: FakeClock

    def __call__(self, event: object) -> None:
        super().__call__(event)
        if isinstance(event, Requested) and event.path.endswith("/results"):
            self.clock.rest(60)


class SlowDeletes(Events):
    """An observer that takes five seconds once a job is deleted, and an hour before the first."""

    clock: FakeClock

    def __call__(self, event: object) -> None:
        super().__call__(event)
        if isinstance(event, Requested) and event.method == "DELETE":
            self.clock.rest(5)
        if isinstance(event, SliceStaged) and len(self.of(SliceStaged)) == 24:
            self.clock.rest(3_600)


class StoppedDeletes(Events):
    """An observer that stops the run at its last job; each job takes five seconds to delete."""

    clock: FakeClock

    def __call__(self, event: object) -> None:
        super().__call__(event)
        if isinstance(event, JobSubmitted) and len(self.of(JobSubmitted)) == 24:
            self.clock.interrupt(Stopped(15))
        if isinstance(event, Requested) and event.method == "DELETE":
            self.clock.rest(5)


@dataclass
class Calls:
    """Calls that follow one another, each with what a process of its own would have.

    Time is turned by hand: only waits take any, above all those for the budget of 19 requests a
    minute, which the calls share as they share Genesys's limit.
    """

    genesys: Simulator
    transport: Transport
    clock: FakeClock
    store: MemoryStore
    per_minute: int = 20
    counter: Counting | None = None
    events: Events = field(default_factory=Events)
    budget: Budget = field(init=False)
    manifest: Manifest | None = None

    def __post_init__(self) -> None:
        self.budget = Budget(self.per_minute, clock=self.clock.monotonic)

    def client(self) -> Client:
        return Client(
            hosts(base_url=self.genesys.base_url),
            Credentials(self.genesys.client_id, self.genesys.client_secret),
            transport=self.transport,
            clock=self.clock,
            budget=self.budget,
            retry=RetryPolicy(),
            rng=Random(1),
            observe=self.events,
        )

    def call(self, limit: timedelta | None = LIMIT, **plan: Any) -> DayReport:
        ends_s = None if limit is None else self.clock.monotonic() + limit.total_seconds()
        return self.exporter(**plan).export(DAY, ExportOptions(ends_s=ends_s))

    def backfill(self, limit: timedelta, days: Sequence[Day], **plan: Any) -> list[DayResult]:
        """Export several days by one call that would work on four of them at a time."""
        ends_s = self.clock.monotonic() + limit.total_seconds()
        whole = Run(
            orgs=orgs_of(self.exporter(**plan)),
            choice=Choice(Kind.RANGE, tuple(days)),
            clock=self.clock,
            options=ExportOptions(deadline=limit, ends_s=ends_s),
            at_once=4,
            in_process=8,
        )
        return list(whole.results())

    def exporter(self, **plan: Any) -> DayExporter:
        made = Plan(dataset=CONVERSATIONS, tables=TABLES, **plan)
        source = JobSource(
            endpoint=some(CONVERSATIONS.jobs),
            client=self.client(),
            clock=self.clock,
            rng=Random(1),
            policy=JobPolicy(page_size=100),
            observe=self.events,
        )
        parts = Dependencies(
            plan=made,
            recipe=Recipe(
                timezone="UTC",
                engine="jobs",
                filters={},
                tables=TABLES,
                format="csv.gz",
                layout="daily",
                csv={"newlines": "keep"},
                column_version=CONVERSATIONS.column_version,
            ),
            feed=feed_of(made, source, self.clock, self.events),
            store=self.store,
            clock=self.clock,
            observe=self.events,
            honours_preconditions=honours_preconditions,
            counter=self.counter,
        )
        return DayExporter(parts)

    def until_done(self, most: int, limit: timedelta | None = LIMIT, **plan: Any) -> int:
        """Call again when the last call says so; return how many calls it took."""
        for number in range(1, most + 1):
            try:
                report = self.call(limit, **plan)
            except DeadlineReached as late:
                self.clock.rest((some(late.retry_at) - self.clock.now()).total_seconds())
            else:
                assert report.outcome is Outcome.PUBLISHED
                self.manifest = report.manifest
                return number
        raise AssertionError(f"not done after {most} calls")

    @property
    def claim(self) -> Claim:
        return decode(some(self.store.read(CLAIM)).body, CLAIM)

    @property
    def submitted(self) -> list[str]:
        return [str(one.interval) for one in self.events.of(JobSubmitted)]

    @property
    def jobs_left(self) -> int:
        return len(self.genesys.jobs)


@pytest.fixture
def calls(world) -> Iterator[Any]:
    with ExitStack() as stack:

        def made(*faults: Fault, options: dict[str, Any] | None = None, **more: Any) -> Calls:
            clock = FakeClock(datetime(2026, 11, 28, tzinfo=UTC))
            asked = Options(faults=faults, now=clock.now, **(options or {}))
            genesys = stack.enter_context(serve(world, asked))
            transport = Transport(TransportOptions(answer_bytes=1 << 26, threads=20))
            stack.callback(transport.close)
            return Calls(genesys, transport, clock, store=MemoryStore(clock.now), **more)

        yield made


def data(of: Calls) -> list[str]:
    return sorted(of.store.list("conversations/"))


def test_a_day_three_times_its_limit_ends_in_five_calls_with_one_job_a_slice(calls):
    whole = calls()
    whole.call(None, slices=6)
    assert whole.clock.monotonic() > 3 * LIMIT.total_seconds()
    parts = calls()
    assert parts.until_done(5, slices=6) <= 5
    assert sorted(parts.submitted) == sorted(whole.submitted)  # one a slice
    assert data(parts) == data(whole)


def test_a_day_in_slices_by_the_count_ends_in_five_calls_too(calls):
    found = calls(counter=Counting())
    assert found.until_done(5, auto=True, slices=96, per_slice=PER_DAY // 6) <= 5
    assert {one.slices for one in found.events.of(DayCut)} == {6}
    assert len(found.submitted) == 6
    assert found.events.of(SliceAdopted)
    assert data(found) == [f"conversations/{DAY}.{number:03}.csv.gz" for number in range(6)]


def test_a_slice_too_long_for_any_call_is_cut_until_it_fits(calls):
    found = calls(counter=Counting(1))
    found.until_done(8, auto=True, slices=96)
    manifest = some(found.manifest)
    assert manifest.counts.exported == PER_DAY
    assert [one.slices for one in found.events.of(DayCut)][:2] == [1, 4]
    tables = manifest.tables["conversations"]
    assert len({one.key for one in tables}) == len(manifest.slices)
    starts = [one.interval.start for one in manifest.slices]
    assert starts == sorted(starts)
    assert found.jobs_left == 0


def test_a_fixed_slice_too_long_for_any_call_is_an_error_in_the_end_and_no_loop(calls):
    found = calls()
    with pytest.raises(
        WrongSettings,
        match=VAIN,
    ) as problem:
        found.until_done(5, slices=1)
    assert problem.value.advice == 'Use a longer deadline, or set slices = "auto".'
    assert found.until_done(1, timedelta(hours=1), slices=1) == 1  # as it says


def test_a_deadline_that_no_slice_fits_into_is_an_error_in_the_end_and_no_loop(calls):
    found = calls(per_minute=3, counter=Counting(1))
    with pytest.raises(WrongSettings, match="completed no slice before") as problem:
        found.until_done(12, timedelta(seconds=30), auto=True, slices=96)
    assert problem.value.advice == "Use a longer deadline."


def test_a_range_of_days_that_each_fit_into_a_call_comes_to_its_end(calls):
    found, problems = calls(per_minute=60), []
    days = days_between(Day(date(2025, 11, 18), DAY.zone), DAY)
    for _ in range(len(days) + 1):
        ends = found.backfill(LIMIT, days, slices=1)
        problems = [one.problem for one in ends if one.problem]
        assert {type(one) for one in problems} <= {DeadlineReached}
        found.clock.rest(60)  # until the budget is whole again
    assert not problems


def test_only_a_day_alone_that_cannot_be_done_ends_the_calls(calls):
    found, seen = calls(), []
    days = days_between(Day(date(2025, 11, 18), DAY.zone), DAY)
    for _ in range(5):
        found.clock.rest(60)  # until the budget is whole again
        ends = found.backfill(LIMIT, days, slices=1)
        seen += [(str(one.day), one.exit_status) for one in ends if one.exit_status == 78]
    assert seen == [("2025-11-18", 78)]


def test_no_day_begins_once_an_earlier_one_could_not_be_finished(calls):
    found = calls()
    days = days_between(Day(date(2025, 11, 18), DAY.zone), DAY)
    ends = found.backfill(LIMIT, days, slices=1)
    assert [one.status for one in ends] == ["unfinished", "not tried", "not tried"]
    assert len(found.submitted) == 1


def test_a_day_whose_data_is_late_leaves_the_others_alone(calls):
    found = calls(options={"lag": timedelta(days=374)}, per_minute=300)
    days = days_between(Day(date(2025, 11, 17), DAY.zone), DAY)[::-1]
    ends = found.backfill(LIMIT, days, slices=1, wait=timedelta(hours=2))
    assert [one.status for one in ends] == ["unfinished"] * 2 + ["published"] * 2


def test_slices_that_never_began_say_nothing_about_their_size(calls):
    found = calls(counter=Counting(3), events=SlowPages())
    found.events.clock = found.clock
    with pytest.raises(DeadlineReached):
        found.call(auto=True, slices=96, per_slice=1)
    assert 2 not in some(some(found.claim.slicing).reading)


def test_a_day_that_began_late_in_its_call_says_nothing_about_its_size(calls):
    found = calls()
    for _ in range(5):
        now_s = found.clock.monotonic()
        whole = ExportOptions(deadline=LIMIT, ends_s=now_s + LIMIT.total_seconds() / 2)
        with pytest.raises(DeadlineReached):
            found.exporter(slices=1).export(DAY, whole)
        assert some(found.claim.slicing).vain == 0


def test_a_wait_that_would_end_too_late_is_not_begun(calls):
    found = calls()
    with pytest.raises(DeadlineReached, match=NOT_YET) as late:
        found.call(timedelta(seconds=2), slices=2)
    assert late.value.advice == (
        "Run the same command again: it continues with the jobs that are under way."
    )
    assert found.clock.slept == []
    now = found.clock.now()
    assert timedelta(seconds=3) <= late.value.retry_at - now <= timedelta(seconds=3.3)


def test_jobs_under_way_at_the_deadline_are_kept_and_read_by_the_next_call(calls):
    found = calls()
    with pytest.raises(DeadlineReached):
        found.call(timedelta(seconds=2), slices=2)
    assert found.jobs_left == 2
    claim = found.claim
    assert claim.released
    assert claim.failure is None
    assert {one.job_id for one in claim.jobs} == set(found.genesys.jobs)
    found.call(None, slices=2)
    assert len(found.submitted) == 2
    assert found.jobs_left == 0


def test_waiting_for_genesys_says_nothing_about_the_size_of_slices(calls):
    found = calls(options={"polls": 40}, counter=Counting(1))
    for _ in range(10):
        with pytest.raises(DeadlineReached):
            found.call(timedelta(seconds=2), auto=True, slices=96)
    assert {one.slices for one in found.events.of(DayCut)} == {1}
    assert len(found.submitted) == 1


def test_a_slice_that_waits_does_not_hold_up_one_that_can_be_finished(calls):
    found = calls(Fault("submit", 1, JobUnseen(35)), per_minute=300)
    with pytest.raises(DeadlineReached, match=r"; 1 of 2 slices is complete and kept$") as late:
        found.call(timedelta(seconds=30), slices=2)
    assert "again: complete slices are kept, and it continues with" in late.value.advice
    assert len(found.claim.slices) == 1


def test_what_is_staged_when_the_deadline_passes_is_published(calls):
    found = calls(per_minute=300, events=Slow())
    found.events.clock = found.clock
    assert found.call(slices=1).outcome is Outcome.PUBLISHED
    assert found.clock.monotonic() > LIMIT.total_seconds()
    assert found.jobs_left == 0


def test_after_the_deadline_jobs_are_deleted_for_some_seconds_and_the_rest_is_left(calls):
    found = calls(per_minute=300, events=SlowDeletes())
    found.events.clock = found.clock
    assert found.call(timedelta(minutes=10), slices=24).outcome is Outcome.PUBLISHED
    assert 16 <= found.jobs_left < 24  # eight at a time


def test_a_stop_deletes_jobs_for_some_seconds_and_leaves_the_rest(calls):
    found = calls(per_minute=300, events=StoppedDeletes())
    found.events.clock = found.clock
    with pytest.raises(Stopped):
        found.call(None, slices=24, slices_at_once=24)
    assert len(found.submitted) == 24
    assert found.jobs_left


def test_waiting_for_the_data_ends_before_the_deadline(calls):
    found = calls(options={"lag": timedelta(days=374)})
    with pytest.raises(DeadlineReached, match=f"^{DAY} is not complete at Genesys: ") as late:
        found.call(wait=timedelta(hours=2))
    assert "the data reaches 20" in late.value.message
    assert late.value.message.endswith("; nothing was published; the deadline ended the wait")
    assert late.value.advice.startswith("Try again after 20")
    assert "slices" not in late.value.advice
    assert late.value.retry_at > found.clock.now()
    assert found.clock.slept == []


def test_who_waited_in_vain_is_advised_to_wait_longer(calls):
    found = calls(options={"lag": timedelta(days=374)})
    with pytest.raises(TryAgainLater) as early:
        found.call(None, wait=timedelta(minutes=20))
    assert early.value.advice.endswith(", or use a longer --wait.")


def test_without_state_the_deadline_promises_nothing(calls):
    found = calls()
    with pytest.raises(DeadlineReached, match=r"after the deadline$") as late:
        found.call(timedelta(seconds=2), keeps_state=False)
    assert late.value.advice == (
        "Use a longer deadline: without the destination's state nothing is kept."
    )


def test_a_rate_limit_that_is_too_long_keeps_the_jobs_for_the_next_run(calls):
    found = calls(Fault("results", 1, RateLimited("3600")))
    with pytest.raises(GenesysUnavailable) as problem:
        found.call(None, slices=2)
    assert some(problem.value.retry_at) - found.clock.now() > timedelta(minutes=59)
    assert {one.job_id for one in found.claim.jobs} == set(found.genesys.jobs)
    found.clock.rest(3600)
    found.call(None, slices=2)
    assert len(found.submitted) == 2
    assert found.jobs_left == 0


def test_jobs_of_slices_that_are_cut_otherwise_now_are_deleted(calls):
    found = calls()
    with pytest.raises(DeadlineReached):
        found.call(timedelta(seconds=2), slices=2)
    found.call(None, slices=3)
    assert len(found.submitted) == 5
    assert found.jobs_left == 0


def test_without_state_nothing_can_be_continued_so_the_jobs_are_deleted(calls):
    found = calls()
    with pytest.raises(DeadlineReached) as late:
        found.call(timedelta(seconds=2), slices=2, keeps_state=False)
    assert "kept" not in late.value.message
    assert found.jobs_left == 0


@pytest.mark.parametrize(
    "odd", [{"reading": [7]}, {"reading": [-1]}, {"at_once": 0}, {"vain": -1}, {"intervals": [1]}]
)
def test_a_slicing_that_cannot_be_is_a_claim_that_cannot_be_read(calls, odd):
    found = calls()
    with pytest.raises(DeadlineReached):
        found.call(timedelta(seconds=2), slices=2)
    there = json.loads(some(found.store.read(CLAIM)).body)
    there["slicing"] |= odd
    found.store.put(CLAIM, json.dumps(there).encode(), Always(), "application/json")
    with pytest.raises(DestinationFailed, match="is not a claim of genesys-export"):
        found.call(slices=2)


def test_a_claim_of_an_earlier_version_has_no_slicing(calls):
    found = calls()
    with pytest.raises(DeadlineReached):
        found.call(timedelta(seconds=2), slices=2)
    there = json.loads(some(found.store.read(CLAIM)).body)
    del there["slicing"]
    found.store.put(CLAIM, json.dumps(there).encode(), Always(), "application/json")
    assert found.call(None, slices=2).outcome is Outcome.PUBLISHED
    assert len(found.submitted) == 2


def test_a_day_under_way_keeps_its_slices_whatever_the_count_says_now(calls):
    found = calls(counter=Counting(1_800))
    with pytest.raises(DeadlineReached):
        found.call(timedelta(seconds=2), auto=True, slices=96, per_slice=600)
    found.counter.hits = 3_600
    found.call(None, auto=True, slices=96, per_slice=600)
    assert [one.slices for one in found.events.of(DayCut)] == [3, 3]


@pytest.mark.parametrize(
    ("hits", "slices"), [(0, 1), (600, 1), (601, 2), (10**9, 96), (None, UNCOUNTED)]
)
def test_the_same_count_gives_the_same_slices(hits, slices):
    assert number_of(hits, 600) == slices


@pytest.mark.parametrize(
    ("start", "hours", "share"), [(0, 24, 1), (22, 24, 0.5), (0, 12, 0.5), (23, 25, 25 / 48)]
)
def test_of_the_utc_days_that_a_day_touches_its_share_is_counted(calls, start, hours, share):
    begin = datetime(2025, 11, 19, start, tzinfo=UTC)
    whole = Interval(begin, begin + timedelta(hours=hours))
    deps = calls(counter=Counting(4_800)).exporter().deps
    assert estimated(deps, whole) == 4_800 * share
    assert estimated(replace(deps, counter=None), whole) is None
