"""A day's life: what state it is in, when it is due again, which days a run must export.

    missing ─→ (partial ─→) provisional ─→ final ─→ looked at again at 7, 14 and 28 days
                    damaged: on the way       (and at 60, while conversations are open)

Genesys reprocesses its data for days after the fact, so a day settles before it is final, and is
read again later. Pure: values in, decisions out; callers pass `now` and do the exporting.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from .days import Day, Interval, yesterday
from .manifest import Manifest, Recipe

_DAY = timedelta(1)
# Ages are hours passed, dates are the calendar's: where clocks change (or Apia skips a day) a day
# comes of age on one date more than its age says.
_CALENDAR_SLACK = timedelta(2)


class State(StrEnum):
    """What a manifest says of its day; a day without one is missing."""

    PARTIAL = "partial"
    PROVISIONAL = "provisional"
    FINAL = "final"
    DAMAGED = "damaged"


class Publish(StrEnum):
    """From when on a day may be published."""

    AVAILABLE = "available"  # as soon as Genesys has all of it
    FINAL = "final"  # once it has settled: for loaders that read a file's name only once


class Why(StrEnum):
    """What makes a day due."""

    MISSING = "missing"
    PARTIAL = "partial"
    DAMAGED = "damaged"
    PROVISIONAL = "provisional"
    RECIPE = "another recipe"
    AGE = "looked at again"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a day is due, and the sentence that says so."""

    why: Why
    sentence: str

    def __str__(self) -> str:
        """The sentence."""
        return self.sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When days become final, and which days a run without a date exports."""

    settle: timedelta = timedelta(days=4)
    catch_up_days: int = 31  # how far before the newest day a missing one is made up for
    looks: tuple[timedelta, ...] = (timedelta(7), timedelta(14), timedelta(28))
    open_looks: tuple[timedelta, ...] = (timedelta(60),)  # only while conversations are open
    publish: Publish = Publish.AVAILABLE
    snapshot: bool = False  # a day can be read until the next one ends, and only then

    @property
    def unrest(self) -> timedelta:
        """The age at which nothing is left to do for a day."""
        return max((self.settle, *self.looks, *self.open_looks))

    @property
    def rest(self) -> timedelta:
        """How long after its end a day can be published."""
        return self.settle if self.publish is Publish.FINAL else timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a day from its manifest."""

    day: Day
    state: str | None = None  # None: there is no manifest, and what follows says nothing
    fetched: datetime | None = None  # when the reading of its earliest slice began
    open: int = 0  # conversations that had not ended by then
    recipe: Recipe | None = None
    is_cut_off: bool = False  # a replacement was decided and not completed
    damage: str = ""  # which of its files are missing or have another size
    unreadable: str = ""  # why its manifest can't be read


def known(day: Day, manifest: Manifest | None, *, damage: str = "", unreadable: str = "") -> Known:
    """Return what is known of the day: what its manifest says, and what was found beside it."""
    if manifest is None:
        return Known(day=day, unreadable=unreadable)
    return Known(
        day=day,
        state=manifest.state,
        fetched=min((each.fetched for each in manifest.slices), default=manifest.began),
        open=manifest.counts.open,
        recipe=manifest.recipe,
        is_cut_off=manifest.next is not None,
        damage=damage,
    )


def state_of(interval: Interval, fetched: datetime, policy: Policy, *, partial: bool) -> State:
    """Return the state of a day of that interval which was fetched at that instant.

    Final is what was fetched when the day had settled; time alone makes no day final.
    """
    if partial:
        return State.PARTIAL
    return State.FINAL if fetched >= interval.end + policy.settle else State.PROVISIONAL


def may_publish(state: str, publish: Publish) -> bool:
    """Whether a day in that state is published at all; where not, that is by choice (status 0)."""
    return publish is Publish.AVAILABLE or state == State.FINAL


def due(day: Known, now: datetime, policy: Policy, recipe: Recipe | None) -> Reason | None:
    """Return why the day must be exported (again), or None if it can stay as it is.

    The one place that says so, for runs and for `status`. `recipe` is what is wanted. Of a day
    without a manifest `is_missing` says whether it is one to catch up with.
    """
    if day.is_cut_off:
        return Reason(Why.DAMAGED, "its publishing was interrupted, or is under way")
    if is_past(day.day, now, policy):
        return None
    return _broken(day) or _changed(day, now, policy, recipe)


def _broken(day: Known) -> Reason | None:
    """Return what is wrong with a day, whatever its age."""
    if day.unreadable:
        return Reason(Why.DAMAGED, f"its manifest can't be read: {day.unreadable}")
    if day.damage:
        return Reason(Why.DAMAGED, f"it is damaged: {day.damage}")
    return _UNFINISHED.get(day.state)


def _changed(day: Known, now: datetime, policy: Policy, recipe: Recipe | None) -> Reason | None:
    """Return why a whole day may not be what Genesys, or the settings, would give now."""
    if day.recipe and recipe and not day.recipe.is_kept_by(recipe):
        return Reason(Why.RECIPE, "its settings differ from the current ones")
    ages = policy.looks + (policy.open_looks if day.open else ())
    end = day.day.interval.end
    passed = [age for age in ages if day.fetched and day.fetched < end + age <= now]
    if not passed:
        return None
    return Reason(Why.AGE, f"it is over {max(passed).days} days old and was last read before that")


_UNFINISHED: dict[str | None, Reason] = {
    None: Reason(Why.MISSING, "it is missing: nothing was published for it"),
    State.PARTIAL: Reason(Why.PARTIAL, "it is partial: Genesys did not have all of it yet"),
    State.DAMAGED: Reason(
        Why.DAMAGED, "it is damaged: a replacement was lost before it was complete"
    ),
    State.PROVISIONAL: Reason(Why.PROVISIONAL, "it is provisional: Genesys may still correct it"),
}


def days_to_look_at(
    now: datetime,
    zone: ZoneInfo,
    first_published: date | None,
    policy: Policy,
    *,
    last_published: date | None = None,
) -> tuple[date, ...]:
    """Return the days that a run without a date must read, oldest first.

    Always the newest; before it, down to the first published one, all that may be missing or due.
    The looks go `catch_up_days` beyond the last age, so that what failed is tried again, and after
    a pause (told by `last_published`) reach back from where it began.
    """
    newest = newest_day(now, zone, policy)
    if first_published is None:
        return (newest,)
    left_off = min(newest, last_published or newest)
    unrest = policy.unrest + _CALENDAR_SLACK + policy.catch_up_days * _DAY
    oldest = max(first_published, left_off - unrest)
    return (*_with_instants(oldest, newest, zone), newest)


def is_missing(
    day: date, now: datetime, zone: ZoneInfo, first_published: date | None, policy: Policy
) -> bool:
    """Whether a day without a manifest is one that a run must export.

    The newest always is. Older ones are from the first published day on, up to `catch_up_days`
    back: before that nobody exported, and what is older is asked for by name (backfill).
    """
    newest = newest_day(now, zone, policy)
    if day >= newest or first_published is None:
        return day == newest
    caught_up = newest - policy.catch_up_days * _DAY
    return max(first_published, caught_up) <= day and not Day(day, zone).interval.is_empty


def is_past(day: Day, now: datetime, policy: Policy) -> bool:
    """Whether the day is of a snapshot that can't be taken any more."""
    return policy.snapshot and day.date < newest_day(now, day.zone, policy)


def newest_day(now: datetime, zone: ZoneInfo, policy: Policy) -> date:
    """Return the newest day that can be published: yesterday, or the newest that can be final.

    A date that the zone's calendar never showed (Apia, 2011-12-30) is no day.
    """
    at = yesterday(now - policy.rest, zone)
    while Day(at, zone).interval.is_empty:
        at -= _DAY
    return at


def _with_instants(start: date, end: date, zone: ZoneInfo) -> Iterator[date]:
    """Yield the dates in [start, end) that the zone's calendar showed."""
    for offset in range((end - start).days):
        at = start + offset * _DAY
        if not Day(at, zone).interval.is_empty:
            yield at
