"""The errors of a run, each shown once: an error that many days share names them all.

A signal is no error of a day: it is shown once, at the end, whatever the command.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..days import Day, ranges
from ..errors import Aftermath, DeadlineReached, ExportError, Stopped
from ..export import DayResult
from ..plural import plural
from .showing import say_lines, show


@dataclass(frozen=True, slots=True)
class Shared:
    """An error, and whose it is: nothing where its message says so itself."""

    problem: ExportError
    whose: str
    said: str  # its message, without what `whose` says
    advise: bool  # the last one with this advice


def shared(results: Sequence[DayResult]) -> Iterator[Shared]:
    """Yield every error once, those with the same advice together."""
    advised: dict[str, dict[tuple[str, str], list[DayResult]]] = {}
    for one in results:
        if one.problem:
            alike = advised.setdefault(one.problem.advice, {})
            alike.setdefault((one.org, _said(one)), []).append(one)
    for alike in advised.values():
        for place, ((_, said), same) in enumerate(alike.items(), 1):
            problem = same[0].problem
            if problem:
                yield Shared(problem, _whose(same, said), said, advise=place == len(alike))


def show_problems(results: Sequence[DayResult], level: str) -> None:
    """Show every error once, with its days if there are several, and each advice once.

    Then the days that were not tried, then the signal that stopped the run.
    """
    failed = [one for one in results if not isinstance(one.problem, Stopped)]
    for one in shared(_shown_once(failed)):
        said = f"{one.whose}{one.said}" if len(results) > 1 else one.problem.message
        show(one.problem, verbose=level == "verbose", said=said, advise=one.advise)
    _show_left(results)
    stopped = [one.problem for one in results if isinstance(one.problem, Stopped)]
    if stopped:
        half_done = (one for one in stopped if one.aftermath is not Aftermath.UNCHANGED)
        show(next(half_done, stopped[0]), verbose=False)


def _shown_once(failed: Sequence[DayResult]) -> Sequence[DayResult]:
    """Return those to be shown: a day that was late before it began, if no other was."""
    late = [one for one in failed if isinstance(one.problem, DeadlineReached)]
    left = [one for one in late if one.not_tried]
    return failed if len(left) == len(late) else [one for one in failed if one not in left]


def _show_left(results: Sequence[DayResult]) -> None:
    left: dict[tuple[str, str], list[Day]] = {}
    for one in results:
        if one.not_tried:
            left.setdefault((one.not_tried, one.org), []).append(one.day)
    alike: dict[tuple[str, str, int], list[str]] = {}  # organisations with the same days left
    for (reason, org), days in left.items():
        first, last = min(map(str, days)), max(map(str, days))
        which = first if first == last else f"{first} to {last}"
        alike.setdefault((reason, which, len(days)), []).append(org)
    for (reason, which, each), orgs in alike.items():
        count = f"{plural(each * len(orgs), 'day was', 'days were')} not tried"
        whose = f"{', '.join(orgs)}: " if any(orgs) else ""
        say_lines(f"genesys-export: {count} ({whose}{which}): {reason}")


def _said(one: DayResult) -> str:
    """Return the message without its day at the beginning: days that share it share a line."""
    return str(one.problem).removeprefix(f"{one.day}: ")


def _whose(same: Sequence[DayResult], said: str) -> str:
    org, days = same[0].org, _days(same)
    if len(same) == 1 and days in said:
        days = ""
    whose = " ".join(filter(None, (org, days)))
    return f"{whose}: " if whose else ""


def _days(same: Sequence[DayResult]) -> str:
    dates = sorted({one.day.date for one in same})
    spans = (
        str(first) if first == last else f"{first} to {last}" for first, last in ranges(dates)
    )
    named = ", ".join(spans)
    return named if len(dates) == 1 else f"{plural(len(dates), 'day')} ({named})"
