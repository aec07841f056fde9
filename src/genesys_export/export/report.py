"""The outcome of a day, as callers get it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..days import Day
from ..errors import ExportError
from ..manifest import File, Manifest
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
class Ended:
    """How one of many days ended: with a report, an error, both, or not started."""

    org: str
    day: Day
    report: DayReport | None = None
    problem: ExportError | None = None
    not_tried: str = ""  # why it was not begun
