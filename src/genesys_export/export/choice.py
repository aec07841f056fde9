"""Which days a run exports: those that are due, one day alone, or a range.

Reads manifests, and asks nothing of Genesys but its clock where no day is due.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from ..about import carried
from ..days import Day
from ..errors import ExportError
from ..events import DayDue, DaySkipped
from ..life import Reason, Why
from .agenda import Due, agenda, published_days
from .day import DayExporter, ExportOptions
from .report import DayReport

NOTHING_DUE = "no day is missing or may have changed: nothing to do"
_ASKED = Reason(Why.MISSING, "--date names it")
_LOOKS_AT_ONCE = 8  # manifests being read


class Kind(Enum):
    """How days are chosen."""

    DUE = auto()  # every one that is missing or may have changed, where state is kept
    ALONE = auto()
    RANGE = auto()


@dataclass(frozen=True, slots=True)
class Choice:
    """The days in the order in which they begin; of those that are due, the newest possible."""

    kind: Kind
    days: tuple[Day, ...]

    @property
    def is_range(self) -> bool:
        """Whether its days are counted, and those with nothing to do are found first."""
        return self.kind is Kind.RANGE

    def due(self, exporter: DayExporter) -> tuple[Due, ...]:
        """Return the days to be exported; raises what reading the destination raises."""
        if self.kind is not Kind.DUE or not exporter.deps.plan.keeps_state:
            return tuple(Due(day, _ASKED) for day in self.days)
        due = agenda(exporter.deps, self.days[0].zone)
        if not due:  # which a clock that is far behind makes of every day
            exporter.deps.check_clock()
        return due

    def announced(self, exporter: DayExporter, days: tuple[Day, ...]) -> tuple[Day, ...]:
        """Return the days, those of a range as they are; say which are due but for the newest."""
        if self.is_range:
            return days
        due = self.due(exporter)
        whose, observe = exporter.deps.plan.whose, exporter.deps.observe
        for one in due if self.kind is Kind.DUE else ():
            if one.day not in self.days:
                observe(DayDue(**whose, day=str(one.day), reason=one.reason.sentence))
        if not due:
            observe(DaySkipped(**whose, day=str(self.days[0]), reason=NOTHING_DUE))
        return tuple(one.day for one in due)


def settled_days(
    exporter: DayExporter,
    days: Sequence[Day],
    options: ExportOptions,
    ending: Callable[[], ExportError | None],
) -> dict[Day, DayReport]:
    """Return which of these published days have nothing to do; raises what listing raises."""
    if not days:
        return {}

    def look(day: Day) -> DayReport | None:
        try:
            return None if ending() else exporter.settled(day, options)
        except ExportError:
            return None  # its export meets the same, and says so

    with ThreadPoolExecutor(_LOOKS_AT_ONCE, thread_name_prefix="look") as pool:
        looks = [(day, pool.submit(carried(look), day)) for day in days]
        reports = {day: report for day, found in looks if (report := found.result())}
    damaged = exporter.damaged(one.manifest for one in reports.values() if one.manifest)
    return {day: one for day, one in reports.items() if str(day) not in damaged}


def published_among(exporter: DayExporter, days: Sequence[Day]) -> tuple[Day, ...]:
    """Return the days that have a manifest; none where no state is kept."""
    if not exporter.deps.plan.keeps_state:
        return ()
    known = published_days(exporter.deps)
    return tuple(day for day in days if day.date in known)


def days_between(start: Day, end: Day) -> tuple[Day, ...]:
    """Return every day from `start` to `end`, both included, oldest first.

    A date that the zone's calendar skipped (Apia, 2011-12-30) is left out.
    """
    count = (end.date - start.date).days + 1
    days = (Day(start.date + timedelta(offset), start.zone) for offset in range(count))
    return tuple(day for day in days if not day.interval.is_empty)


def without_future(days: Sequence[Day], now: datetime, *, partial: bool) -> tuple[Day, ...]:
    """Return the days that have ended; with `partial` also today."""
    return tuple(
        day for day in days if (day.interval.start if partial else day.interval.end) <= now
    )
