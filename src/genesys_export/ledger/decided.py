"""On which side of the commit decision an error happened, in its own words.

Before the decision nothing has changed, which is what errors say by default. After it the new
version is on its way: whoever comes next finishes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..days import Day
from ..errors import Aftermath, DestinationFailed, ExportError, TryAgainLater, as_known

_FINISH = "Run the same command again: it finishes the day first, without asking Genesys."


class Damaged(DestinationFailed):
    """An upload was lost after the decision: the day can't be finished, only exported again."""

    def __init__(self, message: str, *, advice: str | None = None) -> None:
        """Keep the two sentences."""
        super().__init__(message, advice=advice)
        self.aftermath = Aftermath.DAMAGED


@contextmanager
def after_decision(day: Day) -> Iterator[None]:
    """Let every error inside say that the commit decision is made, and what that means."""
    try:
        yield
    except Damaged:
        raise
    except Exception as problem:  # whatever it is, it leaves the day half replaced
        known = _decided(as_known(problem, str(day)), day)
        if known is problem:
            raise
        raise known from problem


def _decided(problem: ExportError, day: Day) -> ExportError:
    problem.aftermath = Aftermath.PUBLISHING
    if isinstance(problem, TryAgainLater):  # another run has the day
        problem.message += "; that run finishes what this one decided"
        return problem
    problem.message += (
        f"; the replacement of {day} has begun and is not finished: readers must wait while its "
        f"manifest has `next`"
    )
    own = "" if problem.advice == problem.default_advice else problem.advice
    problem.advice = f"{own} {_FINISH}".strip()
    return problem


def undecided(problem: ExportError, day: Day) -> ExportError:
    """Return the error of a decision that may or may not have been written."""
    problem.aftermath = Aftermath.UNKNOWN
    problem.message = (
        f"{day}: it is not known whether its replacement has begun: {problem.message}"
    )
    problem.advice = (
        "Run the same command again: it finishes the replacement or exports the day again. Until "
        "then readers see the previous version or must wait."
    )
    return problem
