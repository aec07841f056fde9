"""The days that a person names: each has begun, or a sentence says why it can't be used.

A day that has not begun is a mistake in the command, not a reason to try again: a scheduler would
repeat a mistyped month for weeks. `called` is what the person calls it: `--date`, `start`.
"""

from __future__ import annotations

from datetime import date, datetime

from ..api import Clock
from ..days import Day, date_named, yesterday
from ..errors import TryAgainLater, WrongUse
from ..export import days_between, without_future
from ..settings import Settings

AnyDay = str | date | Day


def day_given(called: str, given: AnyDay | None, settings: Settings, clock: Clock) -> Day:
    """Return the day (yesterday, in the settings' zone, where none is given); raises WrongUse."""
    zone = settings.export.timezone
    if given is None or given == "yesterday":
        return Day(yesterday(clock.now(), zone), zone)
    if isinstance(given, Day):
        return Day(given.date, zone)
    is_date = isinstance(given, date) and not isinstance(given, datetime)
    found = given if is_date else date_named(str(given))
    if not isinstance(found, date):
        raise WrongUse(
            f"{called} {given} is not a valid date", advice="Use YYYY-MM-DD or yesterday."
        )
    return Day(found, zone)


def begun(called: str, given: AnyDay | None, settings: Settings, clock: Clock) -> Day:
    """Return the day; raises WrongUse also if it has not begun."""
    day, now = day_given(called, given, settings, clock), clock.now()
    if day.interval.start > now:
        raise WrongUse(
            f"{called} {day} is in the future: today is {now.astimezone(day.zone).date()}"
            f" ({day.zone.key})",
            advice="Check the date, and this machine's clock.",
        )
    return day


def every_day(
    start: AnyDay, end: AnyDay, settings: Settings, clock: Clock, *, called: str = ""
) -> tuple[Day, ...]:
    """Return every day from `start` to `end`, oldest first; raises WrongUse.

    `called` is what stands before their names. A date that the zone's calendar skipped
    (Apia, 2011-12-30) is left out.
    """
    first, last = (
        day_given(f"{called}{name}", given, settings, clock)
        for name, given in (("start", start), ("end", end))
    )
    if first.date > last.date:
        raise WrongUse(
            f"{called}start {first} is after {called}end {last}",
            advice=f"Swap them: {called}start is the older day.",
        )
    return days_between(first, last)


def ended_days(
    start: AnyDay, end: AnyDay, settings: Settings, clock: Clock, *, called: str = ""
) -> tuple[tuple[Day, ...], tuple[Day, ...]]:
    """Return the days of a range that can be exported, and those that are to come.

    Raises WrongUse for wrong dates, TryAgainLater if no day has ended.
    """
    every = every_day(start, end, settings, clock, called=called)
    begun(f"{called}start", start, settings, clock)
    days = without_future(every, clock.now(), partial=settings.export.allow_partial)
    if not days:
        first, last = (day_given("", one, settings, clock) for one in (start, end))
        raise TryAgainLater(
            f"no day from {first} to {last} has ended yet",
            advice="Try again when one has, or choose other days.",
            retry_at=first.interval.end,
        )
    return days, every[len(days) :]
