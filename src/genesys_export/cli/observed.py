"""A run with everything around it: signals, progress, summary, errors, report, exit status."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from ..api import SystemClock
from ..assembly.exporting import exporters
from ..errors import ExportError, Stopped, worst
from ..events import Noticed, Observe
from ..export import Exporter
from ..progress import Tally, progress, tell
from ..settings import Settings
from .outputs import write_output
from .problems import show_problems
from .recording import Recorder
from .report import Outcome, run_report
from .showing import show
from .signals import Signals

_SIGNAL = 128  # a run that a signal stopped says so, whatever else happened

Work = Callable[[Iterator[Exporter], Signals], Iterator[Outcome]]


def observed(
    settings: Settings, clock: SystemClock, report: Path | None, work: Work, *, command: str
) -> int:
    """Do the work with progress and signal handling; return the exit status (C14)."""
    began, start_s, tally, log = clock.now(), clock.monotonic(), Tally(), settings.log
    signals = Signals(clock)
    recorder = Recorder(settings=settings, command=command, began=began, clock=clock)
    shown = progress(sys.stderr, format=log.format, level=log.level, clock=clock, tally=tally)
    with signals.handled(), shown as observe:
        for warning in settings.warnings:
            observe(Noticed(message=warning))
        parts = exporters(settings, clock=clock, observe=observe, shield=signals.shield)
        outcomes = _recorded(recorder, work, parts, signals, observe)
    if log.level != "quiet":
        elapsed_s = clock.monotonic() - start_s
        as_json = log.format == "json"
        with suppress(OSError, ValueError):  # a stderr that takes no more changes nothing
            tell(sys.stderr, tally, elapsed_s=elapsed_s, as_json=as_json, clock=clock)
    show_problems(outcomes, log.level)
    status = signals.pending.status if signals.pending else _status(outcomes)
    if report:
        text = run_report(
            outcomes, began=began, ended=clock.now(), totals=tally.totals(), status=status
        )
        status = _reported(report, text, status, verbose=log.level == "verbose")
    return status


def _reported(report: Path, text: bytes, status: int, *, verbose: bool) -> int:
    """Write the report; return the exit status, which a failure may only make worse."""
    try:
        write_output(report, text, flag="--report", advice="The export is as the summary says.")
    except ExportError as problem:
        show(problem, verbose=verbose)
        return status if status > _SIGNAL else worst((status, problem.status))
    return status


def _recorded(
    recorder: Recorder,
    work: Work,
    exporters: Iterator[Exporter],
    signals: Signals,
    observe: Observe,
) -> list[Outcome]:
    """Do the work and keep on record how it ended."""
    used: list[Exporter] = []

    def noted() -> Iterator[Exporter]:
        for exporter in exporters:
            used.append(exporter)
            yield exporter

    try:
        outcomes = list(work(noted(), signals))
    except ExportError as problem:
        with signals.shield():
            recorder.refused(signals.pending or problem)
        raise
    with signals.shield():
        recorder.ended(used, outcomes, observe)
    return outcomes


def _status(outcomes: Sequence[Outcome]) -> int:
    """Return the run's exit status: a signal's own, else the worst of all (C14)."""
    for outcome in outcomes:
        if isinstance(outcome.problem, Stopped):
            return outcome.status
    return worst(tuple(outcome.status for outcome in outcomes))
