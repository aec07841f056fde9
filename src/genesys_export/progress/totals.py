"""Events summed up: what a run has cost and made so far.

Knows the events and how to add them. Writes nothing and reads no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from threading import Lock

from ..events import (
    UNCHANGED,
    BackfillProgress,
    DayPublished,
    DaySkipped,
    Event,
    JobSubmitted,
    PageExported,
    ReadAgain,
    Requested,
    Retrying,
    Uploaded,
    Waited,
    WorkerFigures,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """A snapshot: everything since the start. Can be written as JSON."""

    requests: int = 0
    retries: int = 0
    throttled: int = 0  # answers with status 429
    waits_s: dict[str, float] = field(default_factory=dict)  # by reason, all threads together
    jobs: int = 0
    conversations: int = 0
    rows: int = 0
    received_bytes: int = 0  # bodies of answers, after decompression
    uploaded_bytes: int = 0
    published: tuple[DayPublished, ...] = ()
    unchanged: tuple[DayPublished, ...] = ()  # read again, and found as they were
    skipped: tuple[DaySkipped, ...] = ()


class Tally:
    """Sums events; an observer that several threads may call at once."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._totals = Totals()
        self._backfill: BackfillProgress | None = None
        self._lock = Lock()

    def __call__(self, event: Event) -> None:
        """Add one event."""
        with self._lock:
            self._totals = added(self._totals, event)
            if isinstance(event, BackfillProgress):
                self._backfill = event

    def totals(self) -> Totals:
        """Return the sums up to now."""
        with self._lock:
            return self._totals

    @property
    def backfill(self) -> BackfillProgress | None:
        """How far a range of days is; None if none is exported."""
        with self._lock:
            return self._backfill


def added(totals: Totals, event: Event) -> Totals:
    """Return the totals with one more event."""
    match event:
        case Requested():
            totals = replace(
                totals,
                requests=totals.requests + 1,
                throttled=totals.throttled + (event.status == 429),
                received_bytes=totals.received_bytes + event.received_bytes,
            )
        case Waited():
            totals = _waited(totals, event.reason, event.waited_s)
        case Retrying():  # its wait is told by the Waited that follows
            totals = replace(totals, retries=totals.retries + 1)
        case JobSubmitted():
            totals = replace(totals, jobs=totals.jobs + 1)
        case PageExported():
            totals = replace(
                totals,
                conversations=totals.conversations + event.conversations,
                rows=totals.rows + event.rows,
            )
        case ReadAgain():
            totals = replace(
                totals,
                conversations=totals.conversations - event.conversations,
                rows=totals.rows - event.rows,
            )
        case Uploaded():
            totals = replace(totals, uploaded_bytes=totals.uploaded_bytes + event.size_bytes)
        case WorkerFigures():
            totals = _added_figures(totals, event)
        case DayPublished() | DaySkipped():
            totals = _ended(totals, event)
    return totals


def _ended(totals: Totals, day: DayPublished | DaySkipped) -> Totals:
    if isinstance(day, DaySkipped):
        return replace(totals, skipped=(*totals.skipped, day))
    if day.outcome == UNCHANGED:
        return replace(totals, unchanged=(*totals.unchanged, day))
    return replace(totals, published=(*totals.published, day))


def _added_figures(totals: Totals, told: WorkerFigures) -> Totals:
    for reason, waited_s in told.waits_s.items():
        totals = _waited(totals, reason, waited_s)
    return replace(
        totals,
        requests=totals.requests + told.requests,
        retries=totals.retries + told.retries,
        throttled=totals.throttled + told.throttled,
        jobs=totals.jobs + told.jobs,
        conversations=totals.conversations + told.conversations,
        rows=totals.rows + told.rows,
        received_bytes=totals.received_bytes + told.received_bytes,
        uploaded_bytes=totals.uploaded_bytes + told.uploaded_bytes,
    )


def _waited(totals: Totals, reason: str, waited_s: float) -> Totals:
    if waited_s <= 0:
        return totals
    waits_s = {**totals.waits_s, reason: totals.waits_s.get(reason, 0.0) + waited_s}
    return replace(totals, waits_s=waits_s)
