"""A run with everything around it: signals, progress, summary, errors, report, exit status."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Protocol

from ..api import SystemClock
from ..assembly.working import Surroundings, Work
from ..errors import ExportError, worst
from ..events import Noticed, ShardChosen
from ..export import Choice, DayResult, ExportOptions, gravest, in_order
from ..export.report import run_report
from ..exporter import Exporter
from ..progress import Tally, progress, tell
from ..settings import Settings
from .outputs import write_output
from .problems import show_problems
from .recording import Recorder
from .showing import show
from .signals import Signals

# What exports days in other processes, with the settings and surroundings of this work.
Elsewhere = Callable[[Work, Choice, ExportOptions], Iterable[DayResult]]
_SIGNAL = 128  # a run that a signal stopped says so, whatever else happened


class Request(Protocol):
    """What a run was asked for, apart from its settings and its days."""

    @property
    def options(self) -> ExportOptions:
        """What holds for this run alone."""

    @property
    def report(self) -> Path | None:
        """Where its report is to be written."""


def observed(  # noqa: PLR0913 - what a run is, three of it by keyword
    settings: Settings,
    clock: SystemClock,
    request: Request,
    choice: Choice,
    *,
    command: str,
    notice: str = "",
    elsewhere: Elsewhere | None = None,
) -> int:
    """Export the days with progress and signal handling; return the exit status (C14).

    `elsewhere` exports them in other processes instead.
    """
    began, start_s, tally, log = clock.now(), clock.monotonic(), Tally(), settings.log
    signals = Signals(clock)
    recorder = Recorder(settings=settings, command=command, began=began, clock=clock)
    shown = progress(
        sys.stderr,
        format=log.format,
        level=log.level,
        clock=clock,
        tally=tally,
        named=len(settings.datasets) > 1,
    )
    with signals.handled(), shown as observe:
        for warning in (*settings.warnings, *filter(None, (notice,))):
            observe(Noticed(message=warning))
        if settings.shard and settings.org_names:
            orgs = ", ".join(settings.org_names)
            observe(ShardChosen(shard=str(settings.shard), orgs=orgs))
        around = Surroundings(
            clock=clock,
            observe=observe,
            pending=lambda: signals.pending,
            shield=signals.shield,
        )
        exporter = Exporter(settings, around)
        try:
            side_by_side = elsewhere or exporter.is_threaded(choice, request.options)
            how = partial(elsewhere, exporter) if elsewhere else exporter.results
            with signals.collecting() if side_by_side else nullcontext():
                # A million days with their manifests would not fit into memory.
                results = in_order(
                    one if request.report else one.without_manifest()
                    for one in how(choice, request.options)
                )
        except ExportError as problem:
            with signals.shield():
                recorder.refused(signals.pending or problem)
                exporter.close()
            raise
        with signals.shield():
            recorder.ended(results, observe)
            exporter.close()
    if log.level != "quiet":
        elapsed_s = clock.monotonic() - start_s
        as_json = log.format == "json"
        with suppress(OSError, ValueError):  # a stderr that takes no more changes nothing
            tell(sys.stderr, tally, elapsed_s=elapsed_s, as_json=as_json, clock=clock)
    show_problems(results, log.level)
    worst_one = signals.pending or gravest(results)
    status = worst_one.status if worst_one else 0
    if report := request.report:
        text = run_report(
            results, began=began, ended=clock.now(), totals=tally.totals(), status=status
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
