"""Events on a terminal: a bar per day in progress, figures and the current wait below, news above.

Knows rich and nothing of how lines look elsewhere. The picture is wiped at the end: the summary
says what came of it. Where Genesys's own count of a day is known its bar shows a share of it, else
only that something moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from threading import Lock
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .. import events
from ..events import Event
from ..plural import plural
from .days import Days, UnderWay
from .lines import RANGE_NEWS, Clock, Weight, line
from .totals import Tally
from .words import clean, counted_of, duration, left, news, size, waiting

# Written above the picture. In a range of days only what becomes of each day is.
_NEWS = (
    events.ShardChosen,
    events.DayDue,
    events.DayRecovered,
    events.SliceAdopted,
    events.ReadAgain,
    events.Noticed,
    events.DayEnded,
)
_RANGE_NEWS = (*RANGE_NEWS, events.Noticed)
REFRESHES_PER_S = 5
_Row = tuple[str, str, str, str, ProgressBar]  # name, phase, per cent, the rest, bar
_MOST_DAYS = 8  # rows
_NARROW = 90  # columns: below, there are no bars


def terminal(stream: TextIO) -> Console | None:
    """Return the stream as a terminal that can be drawn on, if it is one."""
    console = Console(file=stream, highlight=False)
    return console if console.is_terminal and not console.is_dumb_terminal else None


class Bars:
    """An observer that draws inside its own context; several threads may call it at once."""

    def __init__(
        self, console: Console, *, verbose: bool, named: bool, tally: Tally, clock: Clock
    ) -> None:
        """Draw nothing yet; days have the name of their dataset where they are `named`."""
        self._named = named
        self._are_several = named  # days: of several datasets, or others are due as well
        self._verbose, self._tally, self._clock = verbose, tally, clock
        self._lock = Lock()
        self._waits: dict[tuple[str, str], tuple[events.Waiting, float]] = {}
        self._days = Days()
        self._orgs: dict[str, events.OrgProgress] = {}  # those that are exported elsewhere
        self._began = clock.monotonic()
        self._live = Live(
            get_renderable=self.picture,
            console=console,
            refresh_per_second=REFRESHES_PER_S,
            transient=True,
            redirect_stdout=False,  # stdout is the command's result
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        """Begin to draw."""
        try:
            self._live.start()
        except BaseException:  # a signal: the cursor must come back
            self._live.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wipe the picture."""
        with suppress(OSError, ValueError):  # the terminal is gone
            self._live.stop()

    def __call__(self, event: Event) -> None:
        """Record the event; news are written above the bars."""
        with self._lock:
            now = self._clock.monotonic()
            self._days.see(event, now)
            self._are_several = self._are_several or isinstance(event, events.DayDue)
            if isinstance(event, events.OrgProgress):
                self._orgs.pop(event.org, None)
                if event.ended < event.total:  # the one told last is the last one
                    self._orgs[event.org] = event
            if isinstance(event, events.Waiting):
                self._waits[event.org, event.reason] = (event, now + event.wait_s)
        if text := self._news(event):
            with suppress(OSError, ValueError):
                self._live.console.print(text)

    def _news(self, event: Event) -> Text | None:
        """Return the line to write above the bars, if any."""
        kinds = _RANGE_NEWS if self._tally.backfill else _NEWS
        ended = event if isinstance(event, events.DayEnded) else None
        if isinstance(event, kinds) and (ended is None or self._is_told(ended)):
            loud = isinstance(event, events.Noticed) or (ended and ended.is_failure)
            return Text(news(event, named=self._named), style="bold yellow" if loud else "")
        if not self._verbose:
            return None
        told = line(event, named=self._named)
        values = " ".join(f"{name}={value}" for name, value in told.values.items())
        style = "dim" if told.weight == Weight.DEBUG else ""
        return Text(f"{told.title}  {values}", style=style)

    def _is_told(self, event: events.DayEnded) -> bool:
        """Whether no other event told how the day ended, and more than its error is to come."""
        is_alone = not (self._tally.backfill or self._are_several or event.org)
        return not is_alone and (event.is_failure or event.is_too_early)

    def picture(self) -> RenderableType:
        """Return the current picture."""
        now = self._clock.monotonic()
        with self._lock:
            days, wait = self._days.under_way, self._wait(now)
            orgs = [*self._orgs.values()][-_MOST_DAYS:]
        rows = [_day_row(day, now, named=self._named) for day in days[:_MOST_DAYS]]
        rows += [_org_row(org) for org in orgs if org.org]
        if over := self._tally.backfill:
            rows = [_range_row(over), *rows]
        picture = [_table(rows, narrow=self._live.console.width < _NARROW)] if rows else []
        figures = _line(self._figures(now), "dim")
        return Group(*picture, figures, *([_line(wait, "yellow")] if wait else []))

    def _figures(self, now: float) -> str:
        totals, elapsed_s = self._tally.totals(), now - self._began
        per_s = 1 / max(elapsed_s, 0.001)
        done = len(totals.published) + len(totals.unchanged)
        received, rate = totals.received_bytes, int(totals.received_bytes * per_s)
        told = (
            f"{plural(totals.requests, 'request')} ({totals.requests * 60 * per_s:,.0f}/min)",
            f"{size(received)} received ({size(rate)}/s)",
            f"{plural(done, 'day')} done" if done and not self._tally.backfill else "",
            duration(elapsed_s),
        )
        return ", ".join(filter(None, told))

    def _wait(self, now: float) -> str:
        """Return the wait that lasts longest, in words; nothing while nobody waits."""
        self._waits = {name: wait for name, wait in self._waits.items() if wait[1] > now}
        last = max(self._waits.values(), key=lambda wait: wait[1], default=None)
        return "" if last is None else waiting(last[0], last[1] - now)


def _line(text: str, style: str) -> Text:
    """Return a text that keeps to one line of the terminal."""
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def _table(rows: Sequence[_Row], *, narrow: bool) -> Table:
    """Lay the rows out, each on one line."""
    table = Table.grid(padding=(0, 1))
    for least in (10, 7, 5, None) if narrow else (None,) * 5:  # what is left is for the rest
        table.add_column(no_wrap=True, min_width=least)
    for name, phase, share, rest, bar in rows:
        table.add_row(name, phase, *([] if narrow else [bar]), share, rest)
    return table


def _range_row(over: events.BackfillProgress) -> _Row:
    ended = over.done + over.skipped + over.failed
    share = f"{ended * 100 // max(1, over.total)} %"
    shown = f"{ended:,} of {plural(over.total, 'day')}"
    return ("days", "", f"{share:>5}", _after(shown, over.eta_s), _bar(ended, over.total))


def _org_row(org: events.OrgProgress) -> _Row:
    share = f"{org.ended * 100 // max(1, org.total)} %"
    shown = f"{org.ended:,} of {plural(org.total, 'day')}"
    failed = f"{org.failed:,} failed" if org.failed else ""
    rest = ", ".join(filter(None, (shown, failed)))
    return (clean(org.org), "", f"{share:>5}", rest, _bar(org.ended, org.total))


def _day_row(day: UnderWay, now: float, *, named: bool) -> _Row:
    name = clean(" ".join(filter(None, (day.org, day.dataset if named else "", day.day))))
    percent = day.percent
    share = "" if percent is None else f"{percent} %"
    shown = counted_of(day.conversations, day.dataset) if day.conversations else ""
    if shown and day.expected:
        shown = f"{day.conversations:,} of {counted_of(day.expected, day.dataset)}"
    rest = _after(shown, day.left_s(now))
    return (name, day.phase.value, f"{share:>5}", rest, _bar(percent, 100))


def _after(shown: str, left_s: float | None) -> str:
    return ", ".join(filter(None, (left(left_s), shown)))


def _bar(completed: int | None, total: int) -> ProgressBar:
    """Return a bar; one that only shows that something moves where `completed` is None."""
    if completed is None:
        return ProgressBar(total=None, width=20, pulse=True)
    return ProgressBar(total=max(1, total), completed=completed, width=20)
