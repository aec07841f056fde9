"""`run`: from flags to exit status."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ..api import SystemClock
from ..assembly import day_of, dry_run, exporters
from ..days import Day
from ..errors import DestinationFailed, ExportError, Stopped, WrongUse, worst
from ..events import ignore
from ..export import Exporter
from ..progress import Tally, progress, tell
from ..settings import Need, Settings, load
from . import show
from .report import Outcome, run_report
from .signals import Signals


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What `run` was asked for beside its settings."""

    date: str | None = None
    dry_run: bool = False
    report: Path | None = None


def execute(
    order: Order, flags: Mapping[str, object], environ: Mapping[str, str] | None = None
) -> int:
    """Export one day of every organisation asked for; return the exit status (C14)."""
    settings = load(flags=flags, environ=environ, needs={Need.SOURCE, Need.DESTINATION})
    clock = SystemClock()
    try:
        day = day_of(settings, order.date, clock)
    except ValueError as problem:
        raise WrongUse(
            f"--date {order.date} is no day", advice="Use YYYY-MM-DD or yesterday."
        ) from problem
    if order.dry_run:
        _say_only(settings, day, clock)
        return 0
    return _export(settings, day, order, clock)


def _export(settings: Settings, day: Day, order: Order, clock: SystemClock) -> int:
    began, start_s, tally, log = clock.now(), clock.monotonic(), Tally(), settings.log
    signals = Signals(clock)
    shown = progress(sys.stderr, format=log.format, level=log.level, clock=clock, tally=tally)
    with signals.handled(), shown as observe:
        parts = exporters(settings, clock=clock, observe=observe, shield=signals.shield)
        outcomes = list(_outcomes(parts, day, signals))
    if log.level != "quiet":
        elapsed_s = clock.monotonic() - start_s
        as_json = log.format == "json"
        tell(sys.stderr, tally.totals(), elapsed_s=elapsed_s, as_json=as_json, clock=clock)
    for outcome in outcomes:
        if outcome.problem:
            show(outcome.problem, verbose=log.level == "verbose")
    status = _status(outcomes)
    if order.report:
        text = run_report(
            outcomes, began=began, ended=clock.now(), totals=tally.totals(), status=status
        )
        _write(order.report, text)
    return status


def _status(outcomes: Sequence[Outcome]) -> int:
    """Return the run's exit status: a signal's own, else the worst of all (C14)."""
    for outcome in outcomes:
        if isinstance(outcome.problem, Stopped):
            return outcome.status
    return worst(tuple(outcome.status for outcome in outcomes))


def _write(path: Path, text: bytes) -> None:
    try:
        path.write_bytes(text)
    except OSError as problem:
        raise DestinationFailed(
            f"the report could not be written to {path}: {problem.strerror}",
            advice="The export itself is as the summary says.",
        ) from problem


def _outcomes(parts: Iterator[Exporter], day: Day, signals: Signals) -> Iterator[Outcome]:
    """Export the day of one organisation after the other; an error ends only its own."""
    for exporter in parts:
        org = exporter.plan.org
        try:
            signals.check()
            report = exporter.export(day)
        except Stopped as problem:
            yield Outcome(org=org, day=day, problem=problem)
            return
        except ExportError as problem:
            yield Outcome(org=org, day=day, problem=problem)
        else:
            yield Outcome(org=org, day=day, report=report, problem=report.problem)


def _say_only(settings: Settings, day: Day, clock: SystemClock) -> None:
    """Print what would be asked and written."""
    asks = "would submit a job" if settings.export.engine == "jobs" else "would ask"
    for exporter in exporters(settings, clock=clock, observe=ignore):
        found = dry_run(exporter, day)
        sys.stdout.write(f"{day} ({day.zone.key}): {day.interval}\n")
        for body in found.asked:
            text = msgspec.json.encode(body).decode()
            sys.stdout.write(f"{asks}: {text}\n")
        for url in found.written:
            sys.stdout.write(f"would write {url}\n")
        if exporter.plan.roll:
            sys.stdout.write("and, where a file reaches a limit of [roll], the next: …-001, …\n")
