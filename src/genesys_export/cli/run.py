"""`run`: from flags to exit status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..api import SystemClock
from ..assembly.working import Surroundings
from ..errors import WrongUse
from ..export import ExportOptions
from ..exporter import Exporter
from ..settings import Flags
from .dry_run import say_only
from .observed import observed
from .recording import settings_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What `run` was asked for, apart from its settings."""

    date: str | None = None
    options: ExportOptions = field(default_factory=ExportOptions)
    dry_run: bool = False
    report: Path | None = None


def execute(request: RunRequest, flags: Flags, environ: Mapping[str, str] | None = None) -> int:
    """Export the days asked for of every organisation; return the exit status (C14)."""
    if request.options.force and request.date is None:
        raise WrongUse("--force needs --date: it exports one day again", advice=_FORCE)
    clock = SystemClock()
    settings = settings_of(
        "run",
        flags,
        environ,
        clock,
        dates={"date": request.date},
        recorded=not request.dry_run,
    )
    exporter = Exporter(settings, Surroundings(clock=clock))
    if request.date is None:
        choice = exporter.due_days()
    else:
        choice = exporter.one(request.date, called="--date")
    if request.dry_run:
        return say_only(exporter, choice, request.options)
    return observed(settings, clock, request, choice, command="run", notice=settings.why_idle)


_FORCE = (
    "Name the day, such as --date yesterday; for several days use"
    " `genesys-export backfill --start … --end … --force`."
)
