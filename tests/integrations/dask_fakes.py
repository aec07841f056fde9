"""A cluster whose workers do what a test says, and days that end as it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from fakes import FakeClock
from genesys_export.days import Day, zone_named
from genesys_export.errors import ExportError
from genesys_export.events import DayPublished
from genesys_export.export import DayReport, DayResult, Outcome
from genesys_export.integrations.dask.agenda import Agenda, Chunk
from genesys_export.integrations.dask.task import Ended
from genesys_export.integrations.dask.task import Outcome as Ending

DATASET = "conversation_details"
NOW = FakeClock().now()


def days(count: int, first: str = "2026-01-01") -> list[Day]:
    start = date.fromisoformat(first)
    return [Day(start + timedelta(days=n), zone_named("UTC")) for n in range(count)]


def agenda(*orgs: str, count: int = 3, per_org: int = 1) -> Agenda:
    return Agenda(orgs=orgs, datasets=[DATASET], days=days(count), per_org=per_org)


def well(chunk: Chunk) -> tuple[DayResult, ...]:
    """Return a chunk whose days are all published."""
    return tuple(done(chunk, day) for day in chunk.days)


def done(chunk: Chunk, day: Day) -> DayResult:
    report = DayReport(day=day, manifest=None, manifest_url="")
    return DayResult(org=chunk.org, dataset=DATASET, day=day, report=report)


def skipped(chunk: Chunk, day: Day) -> DayResult:
    report = DayReport(
        day=day, manifest=None, manifest_url="", outcome=Outcome.SKIPPED, note="it is final"
    )
    return DayResult(org=chunk.org, dataset=DATASET, day=day, report=report)


def published(chunk: Chunk, day: Day) -> DayPublished:
    return DayPublished(
        org=chunk.org,
        dataset=DATASET,
        day=str(day),
        state="final",
        outcome="published",
        manifest="",
        conversations=1,
        rows=1,
        files=1,
        size_bytes=1,
    )


def failed(chunk: Chunk, day: Day, problem: ExportError) -> DayResult:
    return DayResult(org=chunk.org, dataset=DATASET, day=day, problem=problem)


@dataclass
class FakeCluster:
    """Ends what was submitted when it is asked, as `outcome` says of each chunk."""

    clock: FakeClock
    outcome: Callable[[Chunk], Ending]
    places: int = 4
    submitted: list[tuple[float, Chunk]] = field(default_factory=list)
    running: list[Chunk] = field(default_factory=list)
    most: int = 0
    is_closed: bool = False

    def room(self, now_s: float) -> int:
        assert now_s == self.clock.monotonic()
        return self.places - len(self.running)

    def submit(self, chunk: Chunk) -> None:
        self.submitted.append((self.clock.monotonic(), chunk))
        self.running.append(chunk)
        self.most = max(self.most, len(self.running))

    def ended(self, within_s: float) -> Iterator[tuple[Chunk, Ending]]:
        self.clock.sleep(within_s)
        some, self.running = self.running, []
        for chunk in some:
            yield chunk, self.outcome(chunk)

    def close(self) -> None:
        self.is_closed = True


def all_well(chunk: Chunk) -> Ended:
    return Ended(well(chunk))
