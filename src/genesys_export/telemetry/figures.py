"""What one call came to, for each organisation and dataset: events summed up.

Pure: reads no clock, writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from ..events import (
    DayEnded,
    DayPublished,
    DaySkipped,
    DayStarted,
    Event,
    Requested,
    SliceStaged,
    Uploaded,
    Waited,
)

Whose = tuple[str, str]  # organisation, dataset
_TRY_AGAIN, _SIGNAL = 75, 128  # exit statuses


@dataclass(slots=True)
class Sums:
    """What one dataset of an organisation came to."""

    requests: int = 0
    received_bytes: int = 0
    uploaded_bytes: int = 0
    records: int = 0
    waits_s: Counter[str] = field(default_factory=Counter)  # by reason
    days: Counter[str] = field(default_factory=Counter)  # by status
    failed: int = 0
    not_done: int = 0  # days for the next run: too early, stopped, not tried
    lateness_s: float | None = None  # of the newest day published

    @property
    def is_success(self) -> bool:
        """Whether every day is as it should be."""
        return not self.failed and not self.not_done


@dataclass(slots=True)
class Figures:
    """The sums of a call; for one thread at a time."""

    sums: dict[Whose, Sums] = field(default_factory=dict)
    _ends: dict[tuple[Whose, str], datetime] = field(default_factory=dict)
    _newest: dict[Whose, str] = field(default_factory=dict)

    def of_datasets(self) -> Iterator[tuple[Whose, Sums]]:
        """Yield the sums of each dataset, without requests that are no dataset's."""
        return ((whose, sums) for whose, sums in self.sums.items() if whose[1])

    def add(self, event: Event, now: datetime) -> None:
        """Add an event, seen now."""
        match event:
            case Requested():
                sums = self._of(event)
                sums.requests += 1
                sums.received_bytes += event.received_bytes
            case Waited():
                self._of(event).waits_s[event.reason] += max(0.0, event.waited_s)  # type: ignore[assignment]
            case Uploaded():
                self._of(event).uploaded_bytes += event.size_bytes
            case SliceStaged():
                self._of(event).records += event.conversations
            case DayStarted():
                self._ends[(event.org, event.dataset), event.day] = event.interval.end
            case DaySkipped():
                self._of(event)
            case DayPublished():
                self._published(event, now)
            case DayEnded():
                self._ended(event)

    def lateness_of(self, event: DayPublished, now: datetime) -> float | None:
        """Return the seconds from a day's end to its publishing; None while it has not ended."""
        end = self._ends.get(((event.org, event.dataset), event.day))
        return (now - end).total_seconds() if end and end <= now else None

    def _of(self, event: Event) -> Sums:
        return self.sums.setdefault((event.org, event.dataset), Sums())

    def _published(self, event: DayPublished, now: datetime) -> None:
        whose, late_s = (event.org, event.dataset), self.lateness_of(event, now)
        if late_s is not None and event.day >= self._newest.get(whose, ""):
            self._newest[whose] = event.day
            self._of(event).lateness_s = late_s

    def _ended(self, event: DayEnded) -> None:
        sums = self._of(event)
        sums.days[event.status] += 1
        if event.exit_status == _TRY_AGAIN or event.exit_status > _SIGNAL:
            sums.not_done += 1
        elif event.exit_status:
            sums.failed += 1
        elif event.status == "not tried":
            sums.not_done += 1
        self._ends.pop(((event.org, event.dataset), event.day), None)
