"""The run report: what a run did, as JSON for machines (`--report FILE`).

Holds no secret and no customer's data: names, counts, places, sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import msgspec

from .. import __version__
from ..days import Day
from ..errors import ExportError
from ..export import DayReport
from ..manifest import one_or_more
from ..redaction import clean


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a day of an organisation ended: with a report, an error, or both; or not started."""

    org: str
    day: Day
    report: DayReport | None = None
    problem: ExportError | None = None
    not_tried: str = ""  # why it was not begun

    @property
    def status(self) -> int:
        """The exit status of this day alone."""
        return self.problem.status if self.problem else 0


def run_report(
    outcomes: Sequence[Outcome], *, began: datetime, ended: datetime, totals: object, status: int
) -> bytes:
    """Return the report's JSON text."""
    body = {
        "tool_version": __version__,
        "began": began,
        "ended": ended,
        "exit_status": status,
        "totals": totals,
        "days": [_day(outcome) for outcome in outcomes],
    }
    return bytes(msgspec.json.format(msgspec.json.encode(body), indent=2)) + b"\n"


def _day(outcome: Outcome) -> dict[str, Any]:
    told: dict[str, Any] = {
        "org": outcome.org,
        "day": str(outcome.day),
        "exit_status": outcome.status,
    }
    if outcome.problem:
        problem = outcome.problem
        told["error"] = {
            "message": problem.message,
            "advice": problem.advice,
            "published": problem.aftermath.value,
        }
    if outcome.not_tried:
        return {**told, "outcome": "not tried", "note": outcome.not_tried}
    if outcome.report is None:
        return told
    report, manifest = outcome.report, outcome.report.manifest
    told |= {"outcome": report.outcome.value, "note": report.note}
    if manifest is None:
        return told
    return {
        **told,
        "state": manifest.state,
        "manifest": report.manifest_url and clean(report.manifest_url),
        "changes": asdict(report.changes) if report.changes else None,
        "interval": manifest.interval,
        "counts": asdict(manifest.counts),
        "tables": {
            name: {
                "rows": sum(file.rows for file in files),
                "bytes": sum(file.bytes for file in files),
                "files": [file.key for file in files],
            }
            for name, files in manifest.tables.items()
        },
        "rejects": one_or_more([file.key for file in manifest.reject_files]),
    }
