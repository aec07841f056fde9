"""Events on a terminal: three figures that move, the current wait below them, news above.

Knows rich and nothing of how lines look elsewhere. How much a day holds is known by nobody before
its last page, so the bars show that and how fast something moves, not a share of a whole. The days
of a range are counted: their bar fills, and tells the time that is left.
"""

from __future__ import annotations

from contextlib import suppress
from threading import Lock
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from .. import events
from ..events import Event
from .lines import Clock, Weight, line
from .totals import Tally
from .words import clean, left, size, waiting

# On a terminal the bars tell the rest; in `verbose` everything is told.
_NEWS = (
    events.DayDue,
    events.DaySkipped,
    events.DayRecovered,
    events.DayStarted,
    events.SliceAdopted,
    events.ReadAgain,
    events.DayPublished,
    events.Noticed,
)
REFRESHES_PER_S = 5


def terminal(stream: TextIO) -> Console | None:
    """Return the stream as a terminal that can be drawn on, if it is one."""
    console = Console(file=stream)
    return console if console.is_terminal and not console.is_dumb_terminal else None


class Bars:
    """An observer that draws inside its own context; several threads may call it at once."""

    def __init__(self, console: Console, *, verbose: bool, tally: Tally, clock: Clock) -> None:
        """Draw nothing yet."""
        self._verbose, self._tally, self._clock = verbose, tally, clock
        self._lock = Lock()
        self._waits: dict[str, tuple[events.Waiting, float]] = {}
        self._bars = Progress(
            TextColumn("{task.description:<13}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[shown]:>12} {task.fields[rate]:>14}"),
            TimeElapsedColumn(),
            console=console,
            get_time=clock.monotonic,
        )
        self._tasks = [
            self._bars.add_task(name, total=None, shown="0", rate="")
            for name in ("requests", "conversations", "received")
        ]
        self._days: TaskID | None = None  # once a range of days is under way
        self._began = clock.monotonic()
        self._live = Live(
            get_renderable=self.picture,
            console=console,
            refresh_per_second=REFRESHES_PER_S,
            redirect_stdout=False,  # stdout is the command's result
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Draw a last time and leave it standing."""
        with self._lock:
            self._waits.clear()
        with suppress(OSError, ValueError):  # the terminal is gone
            self._live.stop()

    def __call__(self, event: Event) -> None:
        """Take note of the event; what is news is written above the bars."""
        with self._lock:
            if isinstance(event, events.Waiting):
                until = self._clock.monotonic() + event.wait_s
                self._waits[event.reason] = (event, until)
        if self._verbose or isinstance(event, _NEWS):
            with suppress(OSError, ValueError):
                self._live.console.print(_news(event))

    def picture(self) -> RenderableType:
        """Return what is to be seen at this moment."""
        totals = self._tally.totals()
        elapsed_s = max(self._clock.monotonic() - self._began, 0.001)
        figures = (
            (f"{totals.requests:,}", f"{totals.requests * 60 / elapsed_s:,.0f}/min"),
            (f"{totals.conversations:,}", f"{totals.conversations / elapsed_s:,.0f}/s"),
            (size(totals.received_bytes), f"{size(int(totals.received_bytes / elapsed_s))}/s"),
        )
        for task, (shown, rate) in zip(self._tasks, figures, strict=True):
            self._bars.update(task, shown=shown, rate=rate)
        if over := self._tally.backfill:
            self._draw_days(over)
        return Group(self._bars, Text(self._wait(), style="yellow"))

    def _draw_days(self, over: events.BackfillProgress) -> None:
        if self._days is None:
            self._days = self._bars.add_task("days", total=over.total, shown="", rate="")
        ended = over.done + over.skipped + over.failed
        shown = f"{ended:,}/{over.total:,}"
        self._bars.update(self._days, completed=ended, shown=shown, rate=left(over.eta_s))

    def _wait(self) -> str:
        """Return the wait that lasts longest, in words; nothing while nobody waits."""
        now = self._clock.monotonic()
        with self._lock:
            self._waits = {name: wait for name, wait in self._waits.items() if wait[1] > now}
            last = max(self._waits.values(), key=lambda wait: wait[1], default=None)
        return "" if last is None else waiting(last[0], last[1] - now)


def _news(event: Event) -> Text:
    if isinstance(event, events.Noticed):
        return Text(clean(event.message), style="bold yellow")
    told = line(event)
    values = " ".join(f"{name}={value}" for name, value in told.values.items())
    return Text(f"{told.title}  {values}", style="dim" if told.weight == Weight.DEBUG else "")
