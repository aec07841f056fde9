"""Which days a run without --date exports: every one that is missing, due again or damaged.

Reads manifests, a few dozen at most, several at a time, and lists the tables' files once; asks
nothing of Genesys and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from zoneinfo import ZoneInfo

from .. import damage, life
from ..days import Day
from ..errors import ExportError
from ..ledger import Published
from ..manifest import Manifest
from .dependencies import Dependencies
from .ownership import with_known

_AT_ONCE = 8  # manifests being read
_CUT_OFF = life.Reason(life.Why.DAMAGED, "its publishing was interrupted and will be finished")


@dataclass(frozen=True, slots=True)
class Due:
    """A day to be exported, and why."""

    day: Day
    reason: life.Reason


def agenda(deps: Dependencies, zone: ZoneInfo) -> tuple[Due, ...]:
    """Return the days that are due, oldest first; raises what reading the destination raises.

    A manifest that can't be read makes only its own day due, and that day's export reports it;
    where none can be read, the error is raised.
    """
    deps = with_known(deps)
    plan, now = deps.plan, deps.clock.now()
    first, last = published(deps)
    dates = life.days_to_look_at(now, zone, first, plan.life, last_published=last)
    days = [Day(one, zone) for one in dates]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="agenda") as pool:
        entries = list(pool.map(partial(_entry, deps), days))
    if entries and all(isinstance(entry, ExportError) for entry in entries):
        raise next(entry for entry in entries if isinstance(entry, ExportError))
    due, at_rest = [], []
    for day, entry in zip(days, entries, strict=True):
        if entry is None and not life.is_missing(day.date, now, zone, first, plan.life):
            continue
        if reason := _reason(deps, day, entry, now):
            due.append(Due(day, reason))
        elif entry and not isinstance(entry, ExportError):
            at_rest.append((day, entry.value))
    due += _damaged(deps, at_rest)
    return tuple(sorted(due, key=lambda one: one.day.date))


def _damaged(deps: Dependencies, at_rest: Sequence[tuple[Day, Manifest]]) -> Iterator[Due]:
    """Yield the days that are due for nothing but files that are gone or have another size."""
    found = damage.damages(deps.store, deps.plan.home, (made for _, made in at_rest))
    for day, _ in at_rest:
        if some := found.get(str(day)):
            told = f"it is damaged: {damage.sentence(some)}"
            yield Due(day, life.Reason(life.Why.DAMAGED, told))


def _entry(deps: Dependencies, day: Day) -> Published | ExportError | None:
    try:
        return deps.ledger.read(day)
    except ExportError as problem:
        return problem


def _reason(
    deps: Dependencies, day: Day, entry: Published | ExportError | None, now: datetime
) -> life.Reason | None:
    if isinstance(entry, ExportError):
        return life.Reason(life.Why.DAMAGED, f"its manifest can't be read: {entry.message}")
    if entry and entry.value.next:
        return _CUT_OFF
    known = life.known(day, entry.value if entry else None)
    return life.due(known, now, deps.plan.life, deps.recipe)


def published(deps: Dependencies) -> tuple[date, date] | tuple[None, None]:
    """Return the first and the last day that have a manifest; None if none has."""
    days = published_days(deps)
    return (min(days), max(days)) if days else (None, None)


def published_days(deps: Dependencies) -> frozenset[date]:
    """Return every day that has a manifest; other objects are ignored."""
    home = deps.plan.home
    return home.published(deps.store.list(f"{home}/"))
