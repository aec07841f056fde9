"""Which days a run without a date is about: every one that is missing or due again.

Reads manifests, a few dozen at most, side by side; asks nothing of Genesys and writes nothing.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from .. import life
from ..days import Day
from .parts import Parts

_AT_ONCE = 8  # manifests being read
_CUT_OFF = life.Reason(life.Why.DAMAGED, "its publishing was cut off, and is to be finished")


@dataclass(frozen=True, slots=True)
class Due:
    """A day to be exported, and why."""

    day: Day
    reason: life.Reason


def agenda(parts: Parts, zone: ZoneInfo) -> tuple[Due, ...]:
    """Return the days that are due, oldest first; raises what reading the destination raises."""
    plan, now, ledger = parts.plan, parts.clock.now(), parts.ledger
    first, last = published(parts)
    dates = life.days_to_look_at(now, zone, first, plan.life, last_published=last)
    days = [Day(one, zone) for one in dates]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="agenda") as pool:
        entries = list(pool.map(ledger.read, days))
    due = []
    for day, entry in zip(days, entries, strict=True):
        if entry is None and not life.is_missing(day.date, now, zone, first, plan.life):
            continue
        known = life.known(day, entry.value if entry else None)
        reason = life.due(known, now, plan.life, parts.recipe.fingerprint)
        if entry and entry.value.next:
            reason = _CUT_OFF
        if reason:
            due.append(Due(day, reason))
    return tuple(due)


def published(parts: Parts) -> tuple[date, date] | tuple[None, None]:
    """Return the first and the last day that have a manifest; None where none has."""
    days = published_days(parts)
    return (min(days), max(days)) if days else (None, None)


def published_days(parts: Parts) -> frozenset[date]:
    """Return every day that has a manifest."""
    home = f"{parts.plan.homes}/"
    return frozenset(
        date.fromisoformat(key.removeprefix(home).removesuffix("/manifest.json"))
        for key in parts.store.list(home)
        if key.endswith("/manifest.json")
    )
