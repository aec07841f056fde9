"""The status in a terminal: a calendar a month, the last days as a table, what needs attention.

Every colour has a letter, so that nothing depends on colours; where stdout is no terminal it is
plain text of a fixed width. Lines end without blanks. What servers and files said is shown without
control characters.
"""

from __future__ import annotations

from calendar import Calendar, month_name
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import TextIO

from rich.columns import Columns
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from ...progress.words import clean, size
from .attention import Case, cases
from .day import DayStatus, OrgStatus, State
from .remarks import lateness, needs_attention, run_words, shorts, summary

_PLAIN_WIDTH = 100
_MONTHS = 12  # shown as calendars; older days are in --json and --html
_WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")

# Letter, style of the cell.
_LOOKS = {
    State.FINAL: ("F", "black on green"),
    State.PROVISIONAL: ("P", "black on cyan"),
    State.PARTIAL: ("I", "black on yellow"),
    State.PUBLISHING: ("R", "white on magenta"),
    State.DAMAGED: ("D", "bold white on red"),
    State.FAILED: ("X", "bold white on red"),
    State.MISSING: ("M", "reverse"),
    State.ABSENT: ("A", "dim"),
}
_LEGEND = {
    State.PARTIAL: "partial (incomplete)",
    State.PUBLISHING: "being replaced",
    State.ABSENT: "absent (no snapshot was taken)",
}


def show(orgs: Sequence[OrgStatus], stream: TextIO, *, days: int) -> None:
    """Write the status of every organisation; `days` is the length of the table."""
    console = Console(file=stream, highlight=False, emoji=False, markup=False)
    if not console.is_terminal:
        console.width = _PLAIN_WIDTH
    for place, status in enumerate(orgs):
        if place:
            console.print()
        if status.org and (place == 0 or orgs[place - 1].org != status.org):
            console.print(f"Organisation {clean(status.org)}", style="bold")
        if status.days:
            console.print(f"{status.dataset.name}, days in {status.zone.key}")
            console.print(clean(status.url), soft_wrap=True)  # to be copied: never broken
            console.print(_Stripped(Group(*_parts(status, days))))
        if found := cases(status):
            console.print("Needs attention", style="bold")
            for case in found:
                _show_case(console, case)
            console.print()
        if status.last_run:
            console.print(f"Last run: {clean(run_words(status.last_run))}", soft_wrap=True)
        console.print(clean(summary(status)), soft_wrap=True)


def _parts(status: OrgStatus, days: int) -> Iterator[RenderableType]:
    yield Text()
    yield _calendars(status)
    yield _legend(status)
    yield Text()
    yield _table(status.days[-days:], status.dataset.records)
    yield Text()


class _Stripped:
    """What rich draws, without the blanks that nobody sees at the ends of lines."""

    def __init__(self, drawn: RenderableType) -> None:
        self._drawn = drawn

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in console.render_lines(self._drawn, options, pad=False):
            while line and not (line[-1].text.rstrip() or _shows(line[-1], console)):
                line.pop()
            if line and not _shows(line[-1], console):
                line[-1] = Segment(line[-1].text.rstrip(), line[-1].style)
            yield from (*line, Segment.line())


def _shows(segment: Segment, console: Console) -> bool:
    """Whether the blanks of a segment can be seen: those of a coloured cell of the calendar."""
    style = segment.style
    return console.is_terminal and style is not None and bool(style.bgcolor or style.reverse)


def _show_case(console: Console, case: Case) -> None:
    """Print what it is about, what is wrong, and the commands that help, each on one line."""
    console.print(f"  {clean(case.title)}", soft_wrap=True)
    for text in case.texts:
        console.print(_Stripped(Padding(Text(clean(text)), (0, 0, 0, 4))))
    for command in case.commands:
        console.print(f"    {clean(command)}", soft_wrap=True)


def _calendars(status: OrgStatus) -> RenderableType:
    by_month = groupby(status.days, key=lambda day: (day.day.year, day.day.month))
    months = [(month, list(days)) for month, days in by_month][-_MONTHS:]
    return Columns([Padding(_month(*month, days), (0, 3, 1, 0)) for month, days in months])


def _month(year: int, month: int, days: Sequence[DayStatus]) -> Table:
    known = {day.day: day for day in days}
    drawn = Table(title=f"{month_name[month]} {year}", box=None, padding=(0, 1, 0, 0))
    for name in _WEEKDAYS:
        drawn.add_column(name, width=4, header_style="dim")
    for week in Calendar().monthdatescalendar(year, month):
        drawn.add_row(*(_cell(day, known.get(day), month) for day in week))
    return drawn


def _cell(day: date, status: DayStatus | None, month: int) -> Text:
    if day.month != month:
        return Text()
    if status is None:
        return Text(f"{day.day:2}", style="dim")
    letter, style = _LOOKS[status.state]
    more = "!" if needs_attention(status) else " "
    return Text(f"{day.day:2}{letter}{more}", style=style)


def _legend(status: OrgStatus) -> RenderableType:
    """Explain the states that occur."""
    occurring = {day.state for day in status.days}
    told = [
        Text.assemble((f" {letter} ", style), f" {_LEGEND.get(state, state)}  ")
        for state, (letter, style) in _LOOKS.items()
        if state in occurring
    ]
    if any(map(needs_attention, status.days)):
        told.append(Text(" !  needs attention"))
    return Columns(told)


def _table(days: Sequence[DayStatus], records: str) -> Table:
    drawn = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    drawn.add_column("Day", no_wrap=True)
    drawn.add_column("State", no_wrap=True)
    drawn.add_column(records.capitalize(), justify="right", no_wrap=True)
    drawn.add_column("Size", justify="right", no_wrap=True)
    drawn.add_column("Age when fetched", justify="right", no_wrap=True)
    drawn.add_column("Remarks")
    for day in reversed(days):
        letter, style = _LOOKS[day.state]
        told = [one for one in (*shorts(day), *["due"] * bool(day.due)) if one != day.state]
        drawn.add_row(
            f"{day.day} {_WEEKDAYS[day.day.weekday()]}",
            Text.assemble((f" {letter} ", style), f" {day.state}"),
            f"{day.exported:,}" if day.manifest else "",
            size(day.size_bytes) if day.manifest else "",
            _waited(day.fetched_late),
            Text(clean(", ".join(told))),
        )
    return drawn


def _waited(late: timedelta | None) -> str:
    return "before its end" if late is not None and late < timedelta(0) else lateness(late)
