"""The days in progress: the phase of each, how much is read, how long the rest takes.

Fed with events and the time at which each was seen; reads no clock and writes nothing. How much a
day holds is known where Genesys counted it first; else only what came so far can be told. Promises
no time before two pages came.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from .. import events
from ..days import Interval
from ..events import Event

_FEWEST_PAGES = 2


class Phase(StrEnum):
    """What is being done for a day."""

    STARTING = "starting"
    JOB = "waiting for Genesys"  # a job was submitted, and has no results yet
    READING = "reading"
    PUBLISHING = "publishing"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """How far a day is."""

    org: str
    dataset: str
    day: str
    interval: Interval
    slices: int
    phase: Phase = Phase.STARTING
    expected: int | None = None  # conversations, by Genesys's own count
    read: int = 0
    adopted: int = 0  # conversations that an earlier run had read
    pages: int = 0
    staged: int = 0  # slices
    reading_since_s: float | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from all others."""
        return self.org, self.dataset, self.day

    @property
    def conversations(self) -> int:
        """How many are done."""
        return self.read + self.adopted

    @property
    def percent(self) -> int | None:
        """How much of the day is read: below 100 until it is, None if that is not known."""
        if self.phase is Phase.PUBLISHING:
            return 100
        if not self.expected or not self.conversations:
            return None
        return min(99, self.conversations * 100 // self.expected)

    def left_s(self, now_s: float) -> float | None:
        """Return the seconds until all is read; None if nothing honest can be said."""
        known = self.phase is Phase.READING and self.expected and self.pages >= _FEWEST_PAGES
        if not known or self.reading_since_s is None or self.read <= 0:
            return None
        missing = max(0, (self.expected or 0) - self.conversations)
        return missing * (now_s - self.reading_since_s) / self.read


class Days:
    """The days in progress, in the order in which they began; for one thread at a time."""

    def __init__(self) -> None:
        """Begin with none."""
        self._days: list[UnderWay] = []

    @property
    def under_way(self) -> tuple[UnderWay, ...]:
        """The days that began and did not end yet."""
        return tuple(self._days)

    def see(self, event: Event, now_s: float) -> None:
        """Take note of an event."""
        match event:
            case events.DayStarted():
                self._end(event, event.day)
                self._days.append(
                    UnderWay(
                        org=event.org,
                        dataset=event.dataset,
                        day=event.day,
                        interval=event.interval,
                        slices=event.slices,
                    )
                )
            case events.DayPublished() | events.DayEnded():
                self._end(event, event.day)
            case events.DayCut():
                self._change(self._of(event, event.day), slices=event.slices)
            case events.DayCounted():
                self._change(self._of(event, event.day), expected=event.conversations)
            case events.JobSubmitted():
                self._submitted(event)
            case events.PageExported():
                self._exported(event, now_s)
            case events.ReadAgain():
                self._add(event, event.slice, read=-event.conversations)
            case events.SliceAdopted():
                self._add(event, event.slice, adopted=event.conversations, staged=1)
            case events.SliceStaged():
                self._add(event, event.slice, staged=1)

    def _submitted(self, event: events.JobSubmitted) -> None:
        starting = (one for one in self._days if one.phase is Phase.STARTING)
        day = next((one for one in starting if _is_for(event, one)), None)
        self._change(day, phase=Phase.JOB)

    def _exported(self, event: events.PageExported, now_s: float) -> None:
        if day := self._of(event, event.slice):
            since_s = now_s if day.reading_since_s is None else day.reading_since_s
            self._change(
                day,
                phase=Phase.READING,
                read=day.read + event.conversations,
                pages=day.pages + 1,
                reading_since_s=since_s,
            )

    def _add(
        self,
        event: events.OfDataset,
        slice_: str,
        *,
        read: int = 0,
        adopted: int = 0,
        staged: int = 0,
    ) -> None:
        if day := self._of(event, slice_):
            all_staged = 0 < day.slices <= day.staged + staged
            self._change(
                day,
                read=day.read + read,
                adopted=day.adopted + adopted,
                staged=day.staged + staged,
                phase=Phase.PUBLISHING if all_staged else day.phase,
            )

    def _of(self, event: events.OfDataset, name: str) -> UnderWay | None:
        """Return the day of that name, or of a slice of it (`2026-11-22#0`)."""
        wanted = (event.org, event.dataset, name.partition("#")[0])
        return next((one for one in self._days if one.key == wanted), None)

    def _change(self, day: UnderWay | None, **values: object) -> None:
        if day is not None:
            self._days[self._days.index(day)] = replace(day, **values)  # type: ignore[arg-type]

    def _end(self, event: events.OfDataset, day: str) -> None:
        self._days = [one for one in self._days if one.key != (event.org, event.dataset, day)]


def _is_for(job: events.JobSubmitted, day: UnderWay) -> bool:
    """Whether the job reads the day; by its interval where the event does not name the day."""
    if job.day:
        return day.key == (job.org, job.dataset, job.day)
    return day.interval.start <= job.interval.start < day.interval.end
