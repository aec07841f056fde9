"""`backfill`: from flags to exit status."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..api import SystemClock
from ..days import Day
from ..errors import TryAgainLater
from ..export import Choice, ExportOptions, Kind, days_between, without_future
from ..settings import Flags, Settings
from .dates import check_begun, day_given
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
    choice, to_come = _chosen(request, settings, clock)
    notice = _left_out(to_come) if to_come else ""
    if request.dry_run:
        status = say_only(settings, choice, request.options, clock)
        sys.stdout.write(f"{notice}\n" if notice else "")
        return status
    return observed(settings, clock, request, choice, command="backfill", notice=notice)


def _chosen(
    request: BackfillRequest, settings: Settings, clock: SystemClock
) -> tuple[Choice, tuple[Day, ...]]:
    """Return the days, and those of the range that are to come.

    Raises WrongUse for wrong dates, TryAgainLater if no day has ended.
    """
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
    return Choice(Kind.RANGE, days[::-1] if newest_first else days), every[len(days) :]


def _left_out(to_come: tuple[Day, ...]) -> str:
    first, last = to_come[0], to_come[-1]
    which = f"{first} has" if first == last else f"{first} to {last} have"
    return f"{which} not ended yet and will not be exported"
