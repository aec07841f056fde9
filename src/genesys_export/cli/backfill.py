"""`backfill`: from flags to exit status."""

from __future__ import annotations

import sys
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
class BackfillRequest:
    """What `backfill` was asked for, apart from its settings."""

    start: str
    end: str
    options: ExportOptions = field(default_factory=ExportOptions)
    dry_run: bool = False
    report: Path | None = None
    cluster: str | None = None


def execute(
    request: BackfillRequest, flags: Flags, environ: Mapping[str, str] | None = None
) -> int:
    """Export the range for every organisation; return the exit status (C14)."""
    if request.cluster and request.options.deadline is not None:
        raise WrongUse(
            "--deadline is for one process, not for a cluster",
            advice="Stop the command with SIGTERM instead: its workers release their days.",
        )
    clock = SystemClock()
    settings = settings_of(
        "backfill",
        flags,
        environ,
        clock,
        dates={"start": request.start, "end": request.end},
        recorded=not request.dry_run,
    )
    exporter = Exporter(settings, Surroundings(clock=clock))
    choice, left_out = exporter.range(request.start, request.end, called="--")
    notice = settings.why_idle or left_out
    if request.cluster and not request.dry_run:
        from .cluster import on_cluster  # noqa: PLC0415 - an extra

        with on_cluster(request.cluster, settings, flags) as elsewhere:
            return observed(
                settings,
                clock,
                request,
                choice,
                command="backfill",
                notice=notice,
                elsewhere=elsewhere,
            )
    if not request.dry_run:
        return observed(settings, clock, request, choice, command="backfill", notice=notice)
    status = say_only(exporter, choice, request.options)
    sys.stdout.write(f"{left_out}\n" if left_out else "")
    return status
