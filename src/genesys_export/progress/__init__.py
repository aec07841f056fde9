"""What people see while it runs, on the stream they are given: stderr, never stdout.

Events in, bars or lines out: bars on a terminal, plain or JSON lines elsewhere. A stream that
fails ends no export: nothing more is shown there. The sums for the summary and the run report come
from a Tally, which sees every event whatever is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from typing import TextIO

from ..events import Event, Observe
from .lines import Clock, Line, Lines, Log, Weight
from .totals import Tally, Totals
from .words import summary

__all__ = ["Clock", "Format", "Level", "Tally", "Totals", "fan_out", "progress", "summary", "tell"]


class Format(StrEnum):
    """How it is shown."""

    AUTO = "auto"  # bars on a terminal, else as CONSOLE
    CONSOLE = "console"
    JSON = "json"


class Level(StrEnum):
    """How much is shown."""

    QUIET = "quiet"  # warnings only
    NORMAL = "normal"
    VERBOSE = "verbose"  # every request


_LEAST = {
    Level.QUIET: Weight.WARNING,
    Level.NORMAL: Weight.INFO,
    Level.VERBOSE: Weight.DEBUG,
}


@contextmanager
def progress(
    stream: TextIO,
    *,
    format: Format | str = Format.AUTO,  # noqa: A002 - the setting's name
    level: Level | str = Level.NORMAL,
    clock: Clock,
    tally: Tally | None = None,
    named: bool = False,
) -> Iterator[Observe]:
    """Yield the observer to give to every part; what it shows ends with the context.

    Each event is added to `tally` (a new one where none is given) before it is shown. Days have
    the name of their dataset where they are `named`; lines for machines always have it.
    """
    counted = Tally() if tally is None else tally
    wanted, depth = Format(format), Level(level)
    if wanted is Format.AUTO and depth is not Level.QUIET and _may_be_terminal(stream):
        from .bars import Bars, terminal  # noqa: PLC0415 - rich takes long to import

        if console := terminal(stream):
            verbose = depth is Level.VERBOSE
            with Bars(console, verbose=verbose, named=named, tally=counted, clock=clock) as bars:
                yield fan_out(counted, bars)
            return
    as_json = wanted is Format.JSON
    log = Log(stream, as_json=as_json, clock=clock)
    lines = Lines(
        log,
        least=_LEAST[depth],
        brief=not as_json,
        named=named or as_json,
        tally=counted,
        clock=clock,
    )
    yield fan_out(counted, lines)


def _may_be_terminal(stream: TextIO) -> bool:
    """Whether rich need be asked: importing it takes 20 ms, and 2 MiB."""
    try:
        return stream.isatty()
    except ValueError:  # a closed stream
        return False


_DAYS = ("published", "unchanged", "skipped")  # each has had a line of its own


def tell(stream: TextIO, tally: Tally, *, elapsed_s: float, as_json: bool, clock: Clock) -> None:
    """Write what a run did at its end: in words, or as one more JSON line among JSON lines."""
    totals, over = tally.totals(), tally.backfill
    if not as_json:
        if told := summary(totals, elapsed_s=elapsed_s, backfill=over):
            stream.write(f"{told}\n")
        return
    figures = {name: value for name, value in asdict(totals).items() if name not in _DAYS}
    days = {"days": len(totals.published) + len(totals.unchanged)}
    figures |= {**days, "unchanged": len(totals.unchanged), "elapsed_s": round(elapsed_s, 3)}
    if over:
        figures |= {"of_days": over.total, "skipped": over.skipped, "failed": over.failed}
    Log(stream, as_json=True, clock=clock).write(Line(Weight.INFO, "run ended", figures))


def fan_out(*observers: Observe) -> Observe:
    """Return one observer that passes every event to each, in this order."""

    def observe(event: Event) -> None:
        for each in observers:
            each(event)

    return observe
