"""The export as plain functions: for Airflow (airflow_dag.py), or any scheduler in Python.

Knows the exit statuses and what a scheduler has to do about each. Imports no scheduler.
Settings come from the worker: its variables, and ./genesys-export.toml or the file that
`config` names. Callable in any thread; what happens goes to the logger `genesys_export`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from enum import Enum
from pathlib import Path

from genesys_export import Event, Exporter, ExportError

_LOG = logging.getLogger("genesys_export")


class Verdict(Enum):
    """What a scheduler has to do next."""

    DONE = "what is due is published: go on"
    LATER = "a day is not complete yet, or another run is at it: look again"
    RETRY = "Genesys or the destination is not there, or the run was stopped: try again"
    FAILED = "no retry fixes this: call somebody"


_VERDICTS = {
    0: Verdict.DONE,
    69: Verdict.RETRY,
    74: Verdict.RETRY,
    75: Verdict.LATER,
    130: Verdict.RETRY,
    143: Verdict.RETRY,
}


_GRAVEST_FIRST = (Verdict.FAILED, Verdict.RETRY, Verdict.LATER)


def verdict_of(status: int) -> Verdict:
    """Return what an exit status asks a scheduler to do; an unknown one asks for a person."""
    return _VERDICTS.get(status, Verdict.FAILED)


def export_due(*, config: Path | None = None, org: str | None = None) -> Verdict:
    """Export yesterday and every day before it that is missing or due again; raises nothing.

    May be repeated at will: it continues what was interrupted, skips what is final and touches
    nothing that did not change. The log says what went wrong.
    """
    return _run(lambda exporter: [one.problem for one in exporter.export_due()], config, org)


def export_day(date: str, *, config: Path | None = None, org: str | None = None) -> Verdict:
    """Export one day (YYYY-MM-DD or yesterday) alone; one that is final already is skipped."""

    def work(exporter: Exporter) -> list[ExportError | None]:
        exporter.export(date)
        return []

    return _run(work, config, org)


def _run(
    work: Callable[[Exporter], Iterable[ExportError | None]],
    config: Path | None,
    org: str | None,
) -> Verdict:
    try:
        with Exporter.from_settings(config, org=org, on_event=_observe) as exporter:
            problems = [one for one in work(exporter) if one]
    except ExportError as problem:
        problems = [problem]
    for problem in problems:
        _LOG.error("%s. %s", problem.message, problem.advice)
    verdicts = {verdict_of(problem.status) for problem in problems}
    return next((one for one in _GRAVEST_FIRST if one in verdicts), Verdict.DONE)


def _observe(event: Event) -> None:
    _LOG.info("%s", event)
