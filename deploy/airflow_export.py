"""The export as plain functions: for Airflow (airflow_dag.py), or any scheduler in Python.

Knows the exit statuses and what a scheduler has to do about each. Imports no scheduler.
Settings come from the worker: its variables, and ./genesys-export.toml or the file that
`config` names. To be called from a process's main thread, because it handles signals.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from genesys_export.cli import status_of


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


def verdict_of(status: int) -> Verdict:
    """Return what an exit status asks a scheduler to do; an unknown one asks for a person."""
    return _VERDICTS.get(status, Verdict.FAILED)


def export_due(*, config: Path | None = None, org: str | None = None) -> Verdict:
    """Export yesterday and every day before it that is missing or due again; raises nothing.

    In this process. May be repeated at will: what was broken off is gone on with, what is final
    is skipped, what did not change is not touched. What went wrong stands on stderr, which a
    scheduler keeps.
    """
    return _run((), config, org)


def export_day(date: str, *, config: Path | None = None, org: str | None = None) -> Verdict:
    """Export one day (YYYY-MM-DD or yesterday) alone; one that is final already is skipped."""
    return _run(("--date", date), config, org)


def _run(flags: tuple[str, ...], config: Path | None, org: str | None) -> Verdict:
    arguments = ["run", *flags, "--log-format", "json"]
    if config is not None:
        arguments += ["--config", str(config)]
    if org is not None:
        arguments += ["--org", org]
    return verdict_of(status_of(arguments))
