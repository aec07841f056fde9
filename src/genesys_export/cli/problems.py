"""The errors of several days, each shown once: an error that many days share names them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..days import ranges
from ..errors import ExportError, Stopped
from ..plural import plural
from .report import Outcome
from .showing import show


@dataclass(frozen=True, slots=True)
class Shared:
    """An error, and whose it is: nothing where its message says so itself."""

    problem: ExportError
    whose: str
    advise: bool  # the last one with this advice


def shared(outcomes: Sequence[Outcome]) -> Iterator[Shared]:
    """Yield every error once, those with the same advice together."""
    advised: dict[str, dict[tuple[str, str], list[Outcome]]] = {}
    for one in outcomes:
        if one.problem:
            alike = advised.setdefault(one.problem.advice, {})
            alike.setdefault((one.org, one.problem.message), []).append(one)
    for alike in advised.values():
        for place, same in enumerate(alike.values(), 1):
            problem = same[0].problem
            if problem:
                yield Shared(problem, _whose(same), advise=place == len(alike))


def show_shared(outcomes: Sequence[Outcome], level: str) -> None:
    """Show every error once, with the days that it ended, and each advice once."""
    for one in shared(outcomes):
        verbose = level == "verbose" and not isinstance(one.problem, Stopped)
        show(one.problem, verbose=verbose, whose=one.whose, advise=one.advise)


def _whose(same: Sequence[Outcome]) -> str:
    org, message = same[0].org, str(same[0].problem)
    days = _days(same)
    if len(same) == 1 and days in message:
        days = ""
    whose = " ".join(filter(None, (org, days)))
    return f"{whose}: " if whose else ""


def _days(same: Sequence[Outcome]) -> str:
    dates = sorted({one.day.date for one in same})
    spans = (
        str(first) if first == last else f"{first} to {last}" for first, last in ranges(dates)
    )
    named = ", ".join(spans)
    return named if len(dates) == 1 else f"{plural(len(dates), 'day')} ({named})"
