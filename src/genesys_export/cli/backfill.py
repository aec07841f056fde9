"""`backfill`: from flags to exit status."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ..api import SystemClock
from ..assembly.exporting import exporters
from ..days import Day
from ..errors import Stopped, TryAgainLater
from ..events import Noticed, ignore
from ..export import Backfill, Exporter, ExportOptions, days_between, without_future
from ..progress.words import clean
from ..settings import Flags, Settings
from .dates import check_begun, day_given
from .observed import observed
from .recording import settings_of
from .report import Outcome
from .run import refused, say_only
from .signals import Signals


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillRequest:
    """What `backfill` was asked for, apart from its settings."""

    start: str
    end: str
    options: ExportOptions = field(default_factory=ExportOptions)
    dry_run: bool = False
    report: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenDays:
    """The days to be done, in the order in which they begin; those to come are left out."""

    days: tuple[Day, ...]
    to_come: tuple[Day, ...]
    options: ExportOptions
    at_once: int

    @property
    def told(self) -> str:
        """What is left out, in words."""
        first, last = self.to_come[0], self.to_come[-1]
        which = f"{first} has" if first == last else f"{first} to {last} have"
        return f"{which} not ended yet and will not be exported"


def execute(
    request: BackfillRequest, flags: Flags, environ: Mapping[str, str] | None = None
) -> int:
    """Export the range for every organisation; return the exit status (C14)."""
    clock = SystemClock()
    settings = settings_of(
        "backfill",
        flags,
        environ,
        clock,
        dates={"start": request.start, "end": request.end},
        recorded=not request.dry_run,
    )
    asked = _asked(request, settings, clock)
    if request.dry_run:
        return _say_only(settings, asked, clock)
    return observed(settings, clock, request.report, partial(_outcomes, asked), command="backfill")


def _asked(request: BackfillRequest, settings: Settings, clock: SystemClock) -> ChosenDays:
    """Return the days; raises WrongUse for wrong dates, TryAgainLater if none has ended."""
    start, end = (
        day_given(name, text, settings, clock)
        for name, text in (("start", request.start), ("end", request.end))
    )
    every = days_between(start, end)
    check_begun("start", start, clock)
    days = without_future(every, clock.now(), partial=settings.export.allow_partial)
    if not days:
        raise TryAgainLater(
            f"no day from {start} to {end} has ended yet",
            advice="Try again when one has, or choose other days.",
        )
    newest_first = settings.backfill.order == "newest"
    return ChosenDays(
        days=days[::-1] if newest_first else days,
        to_come=every[len(days) :],
        options=request.options,
        at_once=settings.backfill.days_at_once,
    )


def _outcomes(
    asked: ChosenDays, exporters: Iterator[Exporter], signals: Signals
) -> Iterator[Outcome]:
    """Export the range, and yield its days in order of organisation and date."""
    backfill = _backfill(asked, tuple(exporters), lambda: signals.pending)
    if asked.to_come:
        backfill.exporters[0].deps.observe(Noticed(message=asked.told))
    with signals.collecting():
        ends = list(backfill.run())
    for one in sorted(ends, key=lambda one: (one.org, one.day.date)):
        yield Outcome(
            org=one.org,
            day=one.day,
            report=one.report,
            problem=one.problem,
            not_tried=one.not_tried,
        )


def _backfill(
    asked: ChosenDays, parts: tuple[Exporter, ...], pending: Callable[[], Stopped | None]
) -> Backfill:
    return Backfill(
        exporters=parts,
        days=asked.days,
        options=asked.options,
        at_once=asked.at_once,
        pending=pending,
    )


def _say_only(settings: Settings, asked: ChosenDays, clock: SystemClock) -> int:
    """Print what would be asked and written, or refused; return the exit status for that.

    Of the destination only manifests are read.
    """
    found = tuple(exporters(settings, clock=clock, observe=ignore))
    backfill = _backfill(asked, found, lambda: None)
    outcomes: list[Outcome] = []
    for exporter in found:
        settled = backfill.settled(exporter)
        for day in asked.days:
            if report := settled.get(day):
                sys.stdout.write(f"would skip {day}: {clean(report.note)}\n")
            else:
                outcomes.append(say_only(settings, exporter, day, asked.options))
    if asked.to_come:
        sys.stdout.write(f"{asked.told}\n")
    return refused(outcomes)
