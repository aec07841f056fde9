"""How a day is cut into slices, and how many of them are read at once.

A fixed number cuts a day alike every time. `auto` takes the number from the source's own count;
the claim keeps it for later attempts, so that what is sealed fits. With a deadline two slices
are read at once at first, since what is not complete is lost; later attempts read as many as the
one before completed. If that completed none, one is read at a time, and if a single one was too
long, `auto` cuts it into four. After a bounded number of attempts in vain the deadline is refused:
calls with a deadline come to an end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from .. import time_limit
from ..claim import Claim, Slicing
from ..days import Day, Interval, Slice, split, split_interval
from ..errors import WrongSettings
from ..events import DayCut
from ..ledger import Lease
from ..plural import plural
from .dependencies import Dependencies
from .plan import MOST_SLICES, Plan

UNCOUNTED = 8  # slices of a day whose records nobody counted
_AT_FIRST = 2  # are read at once with a deadline, until it is known how many can be finished
_INTO = 4  # slices, where one was too long
_MOST_VAIN = 6  # attempts of auto; each but the first reads a quarter of what the last one read
_MOST_VAIN_FIXED = 3  # several at once, one alone, and the same once more


@dataclass(frozen=True, slots=True)
class Cut:
    """The slices of a day, in the order of time, and how many are read at once."""

    slices: tuple[Slice, ...]
    at_once: int


def cut(
    deps: Dependencies,
    day: Day,
    lease: Lease,
    whole: Interval,
    count: Callable[[], int | None],
) -> Cut:
    """Return the slices of what is read of a day, as an earlier attempt cut it.

    `count` returns how many records the source has of it, None if nobody knows; it is asked only
    where that decides. Raises WrongSettings where no slice can be read before the deadline.
    """
    plan, limited = deps.plan, time_limit.is_set()
    if not plan.auto and not limited:
        return Cut(split(day, plan.slices, until=whole.end), plan.slices_at_once)
    slicing = _taken_over(plan, lease, whole)
    if slicing is None:
        number = number_of(count(), plan.per_slice) if plan.auto else plan.slices
        slicing = Slicing(
            intervals=split_interval(whole, number),
            at_once=min(_AT_FIRST, plan.slices_at_once, number),
        )
    number = len(slicing.intervals)
    if limited and slicing.vain >= (_MOST_VAIN if plan.auto else _MOST_VAIN_FIXED):
        lease.update(slicing=replace(slicing, vain=0, reading=()))
        raise _refused(plan, day, slicing)
    lease.update(slicing=replace(slicing, reading=None))
    if plan.auto:
        deps.observe(DayCut(**plan.whose, day=str(day), slices=number))
    numbered = (Slice(day, index, one) for index, one in enumerate(slicing.intervals))
    in_order = tuple(sorted(numbered, key=lambda one: one.interval.start))
    return Cut(in_order, slicing.at_once if limited else plan.slices_at_once)


def number_of(count: int | None, per_slice: int) -> int:
    """Return in how many slices so many records are read: of the same count always the same."""
    return UNCOUNTED if count is None else max(1, min(MOST_SLICES, -(-count // per_slice)))


def _taken_over(plan: Plan, lease: Lease, whole: Interval) -> Slicing | None:
    """Return the slicing of the attempt before, as this one continues it; None if there is none.

    One of another length (today's, read up to a later instant) or number is of no use.
    """
    old, slicing = lease.old, lease.claim.slicing
    if old is None or slicing is None or not _covers(slicing, whole):
        return None
    if not plan.auto and len(slicing.intervals) != plan.slices:
        return None
    return _continued(plan, old, slicing) if time_limit.is_set() else slicing


def _continued(plan: Plan, old: Claim, slicing: Slicing) -> Slicing:
    """Return the slicing with what the attempt before tells of how much can be read in time."""
    most = plan.slices_at_once
    reading = _was_reading(old, slicing)
    if not reading:  # it ended for another reason: nothing is known of what fits
        return replace(slicing, at_once=min(slicing.at_once, most))
    if finished := sum(one.attempt == old.attempt for one in old.slices):
        return replace(slicing, at_once=min(finished, most))
    if plan.auto and slicing.at_once == 1:
        slicing = replace(slicing, intervals=_cut_again(slicing, reading[0]))
    return replace(slicing, vain=slicing.vain + 1, at_once=1)


def _was_reading(old: Claim, slicing: Slicing) -> tuple[int, ...]:
    """Return which slices the attempt before was reading when its time was over.

    Of a killed one that is not known: as many as it read at once, in the order of time.
    """
    if slicing.reading is not None:
        return slicing.reading
    sealed = {one.interval for one in old.slices}
    left = [index for index, one in enumerate(slicing.intervals) if one not in sealed]
    left.sort(key=lambda index: slicing.intervals[index].start)
    return tuple(left[: slicing.at_once])


def _cut_again(slicing: Slicing, number: int) -> tuple[Interval, ...]:
    """Return the intervals with the one of that number cut, as far as there may be more.

    The first piece keeps the number, the others get new ones: files carry those of sealed slices.
    """
    cuts = list(slicing.intervals)
    pieces = min(_INTO, MOST_SLICES - len(cuts) + 1)
    cuts[number], *others = split_interval(cuts[number], pieces)
    return (*cuts, *others)


def _covers(slicing: Slicing, whole: Interval) -> bool:
    """Whether the slices tile the whole interval."""
    cuts = sorted(slicing.intervals, key=lambda one: (one.start, one.end))
    starts = [one.start for one in cuts]
    return [*starts, whole.end] == [whole.start, *(one.end for one in cuts)]


def _refused(plan: Plan, day: Day, slicing: Slicing) -> WrongSettings:
    more = "" if plan.auto else ', or set slices = "auto"'
    return WrongSettings(
        f"{day}: {plural(slicing.vain, 'attempt')} completed no slice before the deadline; the day"
        f" has {plural(len(slicing.intervals), 'slice')}",
        advice=f"Use a longer deadline{more}.",
    )
