"""What became of a day, as callers get it, and the run report: the same as JSON.

Holds no secret and no customer's data: names, counts, places, sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from .. import __version__
from ..datasets import known
from ..days import Day
from ..errors import ExportError, Stopped, TryAgainLater, worst
from ..events import FAILED, UNFINISHED, DayEnded
from ..manifest import File, Manifest, one_or_more
from ..redaction import clean
from .changes import Tally


class Outcome(StrEnum):
    """How an attempt at a day ended, where it ended well."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"  # read again, found as it was: no object was touched
    SKIPPED = "skipped"  # nothing was to be done


@dataclass(frozen=True, slots=True, kw_only=True)
class DayReport:
    """The outcome of a day."""

    day: Day
    manifest: Manifest | None  # None: nothing is published
    manifest_url: str  # empty if no state is kept
    outcome: Outcome = Outcome.PUBLISHED
    note: str = ""  # why it was skipped
    changes: Tally | None = None  # against what was published before
    problem: ExportError | None = None  # what the run ends with, although the day is published

    @property
    def files(self) -> tuple[File, ...]:
        """Every data file of the day."""
        if self.manifest is None:
            return ()
        return tuple(file for table in self.manifest.tables.values() for file in table)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayResult:
    """How one day of a dataset ended: with a report, an error, or both; or it was not tried."""

    org: str  # "" for the only organisation
    dataset: str
    day: Day
    report: DayReport | None = None
    problem: ExportError | None = None
    not_tried: str = ""  # why it was not begun

    @property
    def status(self) -> str:
        """`published`, `unchanged`, `skipped`, `failed`, `unfinished` or `not tried`.

        Unfinished days were ended by a signal, `should_stop` or the deadline, or it was too early
        for them (75): a new try may succeed, from `retry_at` on.
        """
        if self.report is not None:
            return self.report.outcome.value
        if self.not_tried:
            return "not tried"
        return UNFINISHED if isinstance(self.problem, Stopped | TryAgainLater) else FAILED

    @property
    def exit_status(self) -> int:
        """The exit status of this day alone."""
        return self.problem.status if self.problem else 0

    @property
    def message(self) -> str:
        """The error, or why it was skipped or not tried; empty if there is nothing to say."""
        note = self.not_tried or (self.report.note if self.report else "")
        return self.problem.message if self.problem else note

    def event(self) -> DayEnded:
        """Return this as an event."""
        return DayEnded(
            org=self.org,
            dataset=self.dataset,
            day=str(self.day),
            status=self.status,
            message=self.message,
            exit_status=self.exit_status,
            retry_at=self.retry_at,
        )

    @property
    def retry_at(self) -> datetime | None:
        """From when on a new try may succeed, if that is known."""
        return self.problem.retry_at if self.problem else None

    def without_manifest(self) -> DayResult:
        """Return it as small as it can be: a manifest takes most of the memory."""
        if self.report is None:
            return self
        return replace(self, report=replace(self.report, manifest=None))

    def __str__(self) -> str:
        """Return a line that says it all: `2026-11-22 conversation_details: published`."""
        told = self.message
        whose = " ".join(filter(None, (self.org, str(self.day), self.dataset)))
        return f"{whose}: {self.status}{f' ({told})' if told else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an export of one day did, for each organisation and dataset; all of it ended well."""

    results: tuple[DayResult, ...]

    @property
    def files(self) -> tuple[File, ...]:
        """Every data file of the day."""
        return tuple(file for one in self.results if one.report for file in one.report.files)

    def as_data(self) -> list[dict[str, Any]]:
        """Return what a run report lists under `days`."""
        return [as_data(result) for result in self.results]

    def __str__(self) -> str:
        """Return a line for each result."""
        return "\n".join(map(str, self.results))


def in_order(results: Iterable[DayResult]) -> list[DayResult]:
    """Return them by organisation, dataset and day."""
    rank = {name: place for place, name in enumerate(known())}
    return sorted(results, key=lambda one: (one.org, rank[one.dataset], one.day.date))


def gravest(results: Sequence[DayResult]) -> ExportError | None:
    """Return the error that decides how all end together: a signal, else C14's first."""
    problems = [one.problem for one in results if one.problem]
    if stopped := next((one for one in problems if isinstance(one, Stopped)), None):
        return stopped
    status = worst(tuple(one.status for one in problems))
    return next((one for one in problems if one.status == status), None)


def run_report(
    results: Sequence[DayResult], *, began: datetime, ended: datetime, totals: object, status: int
) -> bytes:
    """Return the report's JSON text."""
    body = {
        "tool_version": __version__,
        "began": began,
        "ended": ended,
        "exit_status": status,
        "totals": totals,
        "days": [as_data(result) for result in results],
    }
    return bytes(msgspec.json.format(msgspec.json.encode(body), indent=2)) + b"\n"


def as_data(result: DayResult) -> dict[str, Any]:
    """Return what the run report says of a day."""
    told: dict[str, Any] = {
        "org": result.org,
        "dataset": result.dataset,
        "day": str(result.day),
        "exit_status": result.exit_status,
    }
    if result.problem:
        problem = result.problem
        told["error"] = {
            "message": problem.message,
            "advice": problem.advice,
            "retry_at": problem.retry_at,
            "published": problem.aftermath.value,
        }
    if result.not_tried:
        return {**told, "outcome": result.status, "note": result.not_tried}
    if result.report is None:
        return told
    report, manifest = result.report, result.report.manifest
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
