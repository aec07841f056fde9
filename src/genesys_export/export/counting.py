"""The source's own count of a day, asked before the day is read, so that progress knows the total.

Asked once: the count that is compared with ours at the end is this one. Where it can't be compared
(part of a day, or another time zone's) it still tells how many slices the day needs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from ..days import Day, Interval
from ..events import DayCounted
from ..source_count import Counted, OurCounts
from ..threads import interruptible
from .dependencies import Dependencies


@dataclass(frozen=True, slots=True)
class _Asked:
    """A SourceCounter that has its answer already."""

    counted: Counted

    def count(self, interval: Interval) -> Counted:
        """Return what was counted; the interval is the one that was asked."""
        del interval
        return self.counted


def counted_first(deps: Dependencies, day: Day, *, is_partial: bool) -> Dependencies:
    """Ask the source to count the day, and return parts that remember its answer.

    A day whose count can't be compared with ours is not counted: as many would not be exported.
    """
    comparable = OurCounts(
        interval=day.interval, exported=0, partial=is_partial, own_body=deps.plan.own_body
    )
    if deps.counter is None or comparable.obstacle():
        return deps
    counted = interruptible(partial(deps.counter.count, day.interval), deps.clock)
    if counted.hits is not None:
        told = DayCounted(**deps.plan.whose, day=str(day), conversations=counted.hits)
        deps.observe(told)
    return replace(deps, counter=_Asked(counted))


def estimated(deps: Dependencies, interval: Interval) -> int | None:
    """Return how many records there are in the interval, about; None if nobody counts them."""
    if deps.counter is None or deps.plan.own_body:
        return None
    counted = interruptible(partial(deps.counter.count, interval), deps.clock)
    return None if counted.hits is None else _share(counted.hits, interval)


def _share(hits: int, interval: Interval) -> int:
    """Return the interval's share of the records of all UTC days that it touches."""
    day = timedelta(days=1)
    start = interval.start.replace(hour=0, minute=0, second=0, microsecond=0)
    touched = max(1, -((start - interval.end) // day))
    return round(hits * ((interval.end - interval.start) / (touched * day)))
