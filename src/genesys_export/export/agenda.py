"""Which days a run without --date exports: every one that is missing, due again or damaged.

Reads manifests, a few dozen at most, several at a time, and lists the tables' files once; asks
nothing of Genesys and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
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
    there = [one.value if one and not isinstance(one, ExportError) else None for one in entries]
    found = _damaged(deps, filter(None, there))
    due = []
    for day, entry, made in zip(days, entries, there, strict=True):
        if entry is None and not life.is_missing(day.date, now, zone, first, plan.life):
            continue
        known = life.known(
            day,
            made,
            damage=found.get(str(day), ""),
            unreadable=entry.message if isinstance(entry, ExportError) else "",
        )
        if reason := life.due(known, now, plan.life, deps.recipe):
            due.append(Due(day, reason))
    return tuple(due)


def _damaged(deps: Dependencies, made: Iterable[Manifest]) -> Mapping[str, str]:
    """Return which files of which days are gone or have another size."""
    found = damage.damages(deps.store, deps.plan.home, made)
    return {day: damage.sentence(some) for day, some in found.items()}


def _entry(deps: Dependencies, day: Day) -> Published | ExportError | None:
    try:
        return deps.ledger.read(day)
    except ExportError as problem:
        return problem


def published(deps: Dependencies) -> tuple[date, date] | tuple[None, None]:
    """Return the first and the last day that have a manifest; None if none has."""
    days = published_days(deps)
    return (min(days), max(days)) if days else (None, None)


def published_days(deps: Dependencies) -> frozenset[date]:
    """Return every day that has a manifest; other objects are ignored."""
    home = deps.plan.home
    return home.published(deps.store.list(f"{home}/"))
