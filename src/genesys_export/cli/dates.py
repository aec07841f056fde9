"""The dates of the command line: each has begun, or a sentence says why it can't be used.

A day that has not begun is a mistake in the command, not a reason to try again: a scheduler would
repeat a mistyped month for weeks.
"""

from __future__ import annotations

from ..api import Clock
from ..assembly.exporting import day_of
from ..days import Day
from ..errors import WrongUse
from ..settings import Settings


def day_given(flag: str, text: str | None, settings: Settings, clock: Clock) -> Day:
    """Return the day that a flag names (yesterday where it is not given); raises WrongUse."""
    try:
        return day_of(settings, text, clock)
    except ValueError as problem:
        raise WrongUse(
            f"--{flag} {text} is not a valid date", advice="Use YYYY-MM-DD or yesterday."
        ) from problem


def check_begun(flag: str, day: Day, clock: Clock) -> None:
    """Raise WrongUse for a day that has not begun."""
    now = clock.now()
    if day.interval.start > now:
        raise WrongUse(
            f"--{flag} {day} is in the future: today is {now.astimezone(day.zone).date()}"
            f" ({day.zone.key})",
            advice="Check the date, and this machine's clock.",
        )
