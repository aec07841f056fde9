"""What needs attention: the one list that the terminal, the page, the JSON and --check show.

Pure. Days with nothing but the same trouble (missing, or files lost) are one case with one
command: the next run for days that are due, else `backfill`, which skips the final days between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from ...days import ranges
from ...plural import plural
from .day import DayStatus, OrgStatus, State
from .remarks import (
    Remark,
    Weight,
    export_command,
    needs_attention,
    remarks,
    run_error,
    run_failed,
    run_words,
)

_RANGES = 4  # that a title names before it counts the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Something that somebody should look at: the last run, a day, or several alike."""

    title: str
    days: tuple[date, ...]  # none where it is the last run
    texts: tuple[str, ...]
    commands: tuple[str, ...] = ()  # that help


def cases(status: OrgStatus) -> tuple[Case, ...]:
    """Return everything that needs attention: the last run, groups of days, days, newest first."""
    return tuple(_cases(status))


def _cases(status: OrgStatus) -> Iterator[Case]:
    if status.last_run and run_failed(status.last_run):
        run = status.last_run
        yield Case(title="Last run", days=(), texts=(run_words(run), run_error(run)))
    ill = [day for day in status.days if needs_attention(day)]
    alone = {day.day: day for day in ill}
    absent = [day for day in ill if _is_only(day, "missing")]
    hurt = [day for day in ill if day.damage and _is_only(day, "damaged")]
    for alike, text in (
        ([day for day in absent if day.due], "nothing is published"),
        ([day for day in absent if not day.due], "nothing is published"),
        ([day for day in hurt if day.due], ""),
        ([day for day in hurt if not day.due and not day.is_past], ""),
    ):
        if len(alike) > 1:
            yield _group(alike, text or _lost(alike))
            for day in alike:
                del alone[day.day]
    for day in reversed(alone.values()):
        yield _case(day)


def _is_only(day: DayStatus, short: str) -> bool:
    """Whether this is all that needs attention of the day."""
    return [one.short for one in _urgent(day)] == [short]


def _urgent(day: DayStatus) -> list[Remark]:
    return [one for one in remarks(day) if one.weight is Weight.ATTENTION]


def _group(days: Sequence[DayStatus], text: str) -> Case:
    """Return days with the same trouble: those that are due need no more than the next run."""
    dates = tuple(day.day for day in days)
    if days[0].due:
        rest, work = "; the next run exports them", "run"
    else:
        work = f"backfill --start {dates[0]} --end {dates[-1]}"
        gaps = (dates[-1] - dates[0]).days >= len(dates)
        rest = "; backfill skips final days in between" if gaps else ""
    named = [_range(*one) for one in ranges(dates)]
    more = len(named) - _RANGES
    title = ", ".join(named if more <= 1 else [*named[:_RANGES], f"and {more} more ranges"])
    return Case(
        title=title,
        days=dates,
        texts=(f"{plural(len(dates), 'day')}: {text}{rest}",),
        commands=(f"genesys-export {work}{days[0].given}",),
    )


def _range(first: date, last: date) -> str:
    return str(first) if first == last else f"{first} to {last}"


def _lost(days: Sequence[DayStatus]) -> str:
    return f"files are missing or have another size (on {days[0].day}: {days[0].damage})"


def _case(day: DayStatus) -> Case:
    urgent = _urgent(day)
    commands = [one.command for one in urgent if one.command]
    if day.state is State.FAILED:
        commands.append(export_command(day))
    return Case(
        title=str(day.day),
        days=(day.day,),
        texts=tuple(one.text for one in urgent),
        commands=tuple(dict.fromkeys(commands)),
    )
