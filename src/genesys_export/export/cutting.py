"""How a day is cut into slices, and how many of them are read at once.

A fixed number cuts a day alike every time. `auto` takes the number from the source's own count;
the claim keeps it for later attempts, so that what is sealed fits. An attempt that had time to
read and sealed no slice was in vain: the next one halves the slices that were being read (auto)
and reads half as many at once, so that some slice is finished. After a bounded number of such
attempts the deadline is refused: calls with a deadline come to an end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from .. import time_limit
from ..claim import Claim, Slicing
from ..days import MILLISECOND, Day, Interval, Slice, split
from ..errors import WrongSettings
from ..events import DayCut
from ..ledger import Lease
from ..plural import plural
from .dependencies import Dependencies
from .plan import MOST_SLICES, Plan

UNCOUNTED = 8  # slices of a day whose conversations nobody counted
_MOST_VAIN = 8  # attempts, each of which reads less than the one before


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

    `count` returns how many records the source has of the day, None if nobody knows; it is asked
    only where that decides. Raises WrongSettings where no slice can be read within the deadline.
    """
    plan = deps.plan
    if not plan.auto and not time_limit.is_set():
        return Cut(split(day, plan.slices, until=whole.end), plan.slices_at_once)
    slicing = _taken_over(plan, lease, whole)
    if slicing is None:
        number = number_of(count(), plan.per_slice) if plan.auto else plan.slices
        cuts = tuple(one.interval for one in split(day, number, until=whole.end))
        slicing = Slicing(intervals=cuts)
    number, vain = len(slicing.intervals), slicing.vain
    at_once = max(1, plan.slices_at_once >> vain)
    if time_limit.is_set() and vain >= _allowed(plan, number):
        lease.update(slicing=replace(slicing, vain=0, reading=None))
        raise _refused(plan, day, number, vain)
    lease.update(slicing=replace(slicing, reading=None))
    if plan.auto:
        deps.observe(DayCut(**plan.whose, day=str(day), slices=number))
    numbered = (Slice(day, index, one) for index, one in enumerate(slicing.intervals))
    return Cut(tuple(sorted(numbered, key=lambda one: one.interval.start)), at_once)


def number_of(count: int | None, per_slice: int) -> int:
    """Return in how many slices so many records are read: of the same count always the same."""
    return UNCOUNTED if count is None else max(1, min(MOST_SLICES, -(-count // per_slice)))


def _taken_over(plan: Plan, lease: Lease, whole: Interval) -> Slicing | None:
    """Return the slicing of the attempts before, as this one continues it; None if there is none.

    One of another length (today's, read up to a later instant) or number is of no use.
    """
    old, slicing = lease.old, lease.claim.slicing
    if old is None or slicing is None:
        return None
    if not _covers(slicing, whole):
        return None
    if not plan.auto and len(slicing.intervals) != plan.slices:
        return None
    reading = _in_vain(plan, old, slicing)
    if not reading:
        return slicing
    slicing = replace(slicing, vain=slicing.vain + 1)
    return replace(slicing, intervals=_halved(slicing, reading)) if plan.auto else slicing


def _in_vain(plan: Plan, old: Claim, slicing: Slicing) -> tuple[int, ...]:
    """Return which slices the attempt before read without any of them being sealed.

    Of a killed attempt that is not known: as many as it read at once, in the order of time.
    """
    if any(one.attempt == old.attempt for one in old.slices):
        return ()
    if slicing.reading is not None:
        return slicing.reading
    sealed = {one.interval for one in old.slices}
    left = [index for index, one in enumerate(slicing.intervals) if one not in sealed]
    left.sort(key=lambda index: slicing.intervals[index].start)
    return tuple(left[: max(1, plan.slices_at_once >> slicing.vain)])


def _halved(slicing: Slicing, numbers: tuple[int, ...]) -> tuple[Interval, ...]:
    """Return the intervals with those of these numbers halved, as long as there may be more.

    The first half keeps the number, the second one gets a new one: files of sealed slices carry
    theirs.
    """
    cuts = list(slicing.intervals)
    for number in numbers:
        whole = cuts[number]
        middle = whole.start + (whole.end - whole.start) // 2 // MILLISECOND * MILLISECOND
        if len(cuts) < MOST_SLICES and middle > whole.start:
            cuts[number] = Interval(whole.start, middle)
            cuts.append(Interval(middle, whole.end))
    return tuple(cuts)


def _covers(slicing: Slicing, whole: Interval) -> bool:
    """Whether the slices tile the whole interval."""
    cuts = sorted(slicing.intervals, key=lambda one: (one.start, one.end))
    ends = [whole.start, *(one.end for one in cuts)]
    return ends[-1] == whole.end and all(
        one.start == end for one, end in zip(cuts, ends, strict=False)
    )


def _allowed(plan: Plan, number: int) -> int:
    """Return after how many attempts in vain a deadline is refused.

    Of a fixed number: once for every time that fewer are read at once, and once more of one alone.
    """
    return _MOST_VAIN if plan.auto else min(plan.slices_at_once, number).bit_length() + 1


def _refused(plan: Plan, day: Day, number: int, vain: int) -> WrongSettings:
    more = "" if plan.auto else ', or set slices = "auto"'
    return WrongSettings(
        f"{day}: {plural(vain, 'attempt')} could not read any of {plural(number, 'slice')}"
        " completely before the deadline",
        advice=f"Give a longer deadline{more}.",
    )
