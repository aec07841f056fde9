"""Days and slices: which instants belong together.

Knows time zones, clock changes and how a day is cut into slices.
The rules of zones come from the package tzdata alone, so that every machine cuts a day alike.
Never reads a clock: callers pass `now`.
All instants are aware datetimes in UTC; all intervals are half-open, [start, end).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

_YEARS = range(1970, 9999)

MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Interval:
    """A half-open stretch of UTC time, whole milliseconds at both ends; may be empty."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Refuse naive, non-UTC or reversed instants."""
        if self.start.tzinfo is not UTC or self.end.tzinfo is not UTC:
            raise ValueError("an interval needs instants in UTC")
        if self.end < self.start:
            raise ValueError("an interval can't end before it starts")

    def __contains__(self, instant: datetime) -> bool:
        """Whether `instant` is in [start, end)."""
        return self.start <= instant < self.end

    @property
    def is_empty(self) -> bool:
        """Whether no instant is inside."""
        return self.start == self.end

    def until(self, instant: datetime) -> Interval:
        """Return the part before `instant` (empty when there is none)."""
        return Interval(self.start, max(self.start, min(self.end, instant)))

    def __str__(self) -> str:
        """`start/end` as Genesys wants an interval (ISO 8601, milliseconds, Z)."""
        return f"{iso_ms(self.start)}/{iso_ms(self.end)}"


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day of a zone: the unit of publishing."""

    date: date
    zone: ZoneInfo

    @property
    def interval(self) -> Interval:
        """The UTC time the day covers: 23, 24, 25 or (Apia, 2011-12-30) 0 hours."""
        return Interval(
            midnight(self.date, self.zone), midnight(self.date + timedelta(1), self.zone)
        )

    def __str__(self) -> str:
        """`2026-11-22`."""
        return self.date.isoformat()


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a day, numbered from 0: the unit of fetching and resuming."""

    day: Day
    index: int
    interval: Interval

    def __str__(self) -> str:
        """`2026-11-22#0`."""
        return f"{self.day}#{self.index}"


class _Zone(ZoneInfo):
    """A zone that is pickled by its name: the rules were read from a file."""

    def __reduce__(self) -> tuple[object, ...]:
        return zone_named, (self.key,)


@cache
def zone_named(name: str) -> ZoneInfo:
    """Return a zone with the rules of the package tzdata; raises LookupError for no zone's name.

    `ZoneInfo(name)` would ask the system's table first, and systems differ.
    """
    if name not in zone_names():
        raise LookupError("there is no time zone with that name")
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
        return _Zone.from_file(rules, key=name)


@cache
def zone_names() -> frozenset[str]:
    """Return the name of every zone."""
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant at which the zone's calendar shows `day` (or a later one).

    Where clocks jump over midnight that is the instant of the jump; where midnight comes twice,
    the first time. So days tile time without gap or overlap, whatever the zone did.
    """
    wall = datetime.combine(day, time(), tzinfo=zone)
    instant = wall.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return instant
    low, high = wall.replace(fold=1).astimezone(UTC), instant
    while high - low > MILLISECOND:  # local time jumps somewhere in (low, high]
        middle = low + (high - low) // 2
        if middle.astimezone(zone).date() >= day:
            high = middle
        else:
            low = middle
    return floor_ms(high)


def yesterday(now: datetime, zone: ZoneInfo) -> date:
    """Return the day before the one the zone's calendar shows at `now`."""
    return now.astimezone(zone).date() - timedelta(1)


def date_named(text: str) -> date | None:
    """Return the day that `2026-11-22` names; None if it names none, or an absurd one.

    From 1970 to 9998: every month of those can be drawn, and what is due later has a date.
    """
    if not _DATE.fullmatch(text):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in _YEARS else None


def split(day: Day, count: int, *, until: datetime | None = None) -> tuple[Slice, ...]:
    """Cut the day (or its part before `until`) into `count` slices of equal length.

    They tile it in order; lengths differ by a millisecond at most. A day without any instant
    gives slices without any.
    """
    whole = day.interval if until is None else day.interval.until(until)
    return tuple(Slice(day, i, one) for i, one in enumerate(split_interval(whole, count)))


def split_interval(whole: Interval, count: int) -> tuple[Interval, ...]:
    """Cut an interval as `split` cuts a day."""
    if count < 1:
        raise ValueError("a day has at least one slice")
    total_ms = (whole.end - whole.start) // MILLISECOND
    edges = [whole.start + MILLISECOND * (total_ms * i // count) for i in range(count + 1)]
    return tuple(Interval(edges[i], edges[i + 1]) for i in range(count))


def floor_ms(instant: datetime) -> datetime:
    """Return `instant` truncated to milliseconds."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def iso_ms(instant: datetime) -> str:
    """Return `2026-11-22T08:00:00.123Z`: how Genesys writes an instant, and how our files do."""
    naive = instant.astimezone(UTC).replace(tzinfo=None)
    return naive.isoformat(timespec="milliseconds") + "Z"


def to_the_minute(instant: datetime) -> str:
    """Return `2026-11-22T08:01Z`, the next whole minute: for people who wait for it."""
    up = instant.astimezone(UTC) + timedelta(minutes=1) - timedelta(microseconds=1)
    return up.replace(tzinfo=None).isoformat(timespec="minutes") + "Z"


def http_date(text: str) -> datetime | None:
    """Return the instant that a header names (`Date`, `Retry-After`); None if it names none."""
    try:
        at = parsedate_to_datetime(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):  # whatever its parts add up to
        return None


# What Genesys documents (yyyy-MM-ddTHH:mm:ss[.mmm]Z), with offsets and 0-9 fractional digits. No
# 24:00: Python 3.11 refuses it, later ones may not, and a day may not depend on that.
_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ]((?!24)\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d(?::?\d\d)?)",
    re.ASCII,
)


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant; truncated to milliseconds.

    Raises ValueError for anything that does not name one instant: no zone, no time, a 30th of
    February, a second 60.
    """
    if not _INSTANT.fullmatch(text):
        raise ValueError("no instant")
    try:
        instant = datetime.fromisoformat(text)
        # Nearly every text is in UTC already: it is read a million times a day.
        instant = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
        return floor_ms(instant) if instant.microsecond % 1000 else instant
    except OverflowError as problem:
        raise ValueError("an instant outside the years 1 to 9999") from problem


def ranges(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Yield the first and the last of each run of consecutive dates, in order."""
    start: date | None = None
    for place, day in enumerate(days, 1):
        start = start or day
        if place == len(days) or (days[place] - day).days != 1:
            yield start, day
            start = None
