"""The nouns of `status`: a day, an organisation's days, and what is known about them.

Values only: most properties are read from the manifest; the claim and the listings add the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from ...claim import Failure
from ...datasets import Dataset
from ...days import Interval
from ...last_run import LastRun
from ...manifest import File, Manifest, Recipe
from ...model import Counts
from ...source_count import SourceCount, Verdict

# An attempt that ended like this was too early, met another run, or was stopped by a signal.
HARMLESS = frozenset({75, 130, 143})


class State(StrEnum):
    """The state of a day."""

    FINAL = "final"
    PROVISIONAL = "provisional"
    PARTIAL = "partial"
    PUBLISHING = "publishing"  # a replacement is under way: the manifest has `next`
    DAMAGED = "damaged"
    FAILED = "failed"  # never published, and the last attempt failed
    MISSING = "missing"
    ABSENT = "absent"  # of a snapshot that was never taken, and can't be any more


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimHolder:
    """Who holds the claim on a day, and until when."""

    attempt: str
    host: str
    pid: int
    began: datetime
    until: datetime  # by the store's clock
    lapsed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DayStatus:
    """One day: its state, its manifest, and what the claim adds."""

    day: date
    dataset: Dataset
    state: State
    zone: ZoneInfo
    interval: Interval
    manifest: Manifest | None = None
    manifest_url: str = ""
    damage: str = ""  # which of its files are missing or have another size
    differences: tuple[str, ...] = ()  # of its recipe from the newest one, in words
    failure: Failure | None = None  # of an attempt later than the manifest
    held: ClaimHolder | None = None
    owed: tuple[str, ...] = ()  # the messages about it that a target did not get yet
    unreadable: str = ""  # why the manifest or the claim could not be read
    due: str | None = None  # why the next run exports it (again)
    is_past: bool = False  # of a snapshot: it can't be read any more
    given: str = ""  # the flags that suggested commands repeat: ` --to ./lake`

    @property
    def counts(self) -> Counts:
        """The manifest's counts; zeros where nothing is published."""
        return self.manifest.counts if self.manifest else Counts()

    @property
    def tables(self) -> Mapping[str, tuple[File, ...]]:
        """The files, by table."""
        return self.manifest.tables if self.manifest else {}

    @property
    def files(self) -> tuple[File, ...]:
        """Every data file."""
        return tuple(file for files in self.tables.values() for file in files)

    @property
    def exported(self) -> int:
        """How many records are published."""
        return self.counts.exported

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(file.rows for file in self.files)

    @property
    def size_bytes(self) -> int:
        """Bytes of all data files."""
        return sum(file.bytes for file in self.files)

    @property
    def fetched(self) -> datetime | None:
        """When the reading of its earliest slice began."""
        slices = self.manifest.slices if self.manifest else ()
        return min((each.fetched for each in slices), default=None)

    @property
    def watermark(self) -> datetime | None:
        """How far the source's data reached, by the lowest of the slices; None: it can't say."""
        slices = self.manifest.slices if self.manifest else ()
        known = [each.watermark for each in slices if each.watermark is not None]
        return min(known) if known and len(known) == len(slices) else None

    @property
    def fetched_late(self) -> timedelta | None:
        """How long after the day's end it was fetched; negative before it."""
        return self.fetched - self.interval.end if self.fetched else None

    @property
    def published_late(self) -> timedelta | None:
        """How long after the day's end it was published."""
        return self.manifest.ended - self.interval.end if self.manifest else None

    @property
    def source(self) -> SourceCount | None:
        """Genesys's own count and ours, if it was asked."""
        return self.manifest.source_count if self.manifest else None

    @property
    def completeness(self) -> float | None:
        """Our count as a percentage of Genesys's; None if they can't be compared."""
        source = self.source
        if source is None or source.query_hits is None:
            return None
        if source.verdict is Verdict.NOT_COMPARABLE:
            return None
        if source.query_hits == 0:
            return 100.0 if source.ours == 0 else 200.0
        return 100 * source.ours / source.query_hits

    @property
    def disagrees(self) -> bool:
        """Whether the source's count differs by more than is tolerated."""
        return self.source is not None and self.source.verdict is Verdict.DISAGREES


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgStatus:
    """All days of an organisation's dataset, the oldest first."""

    org: str
    dataset: Dataset
    url: str
    zone: ZoneInfo
    recipe: Recipe | None  # the newest
    days: tuple[DayStatus, ...]
    last_run: LastRun | None = None
    given: str = ""  # as in DayStatus

    @property
    def is_empty(self) -> bool:
        """Whether no run has left anything here."""
        return not self.days and self.last_run is None


def names(found: Sequence[OrgStatus]) -> tuple[str, ...]:
    """Return what tells each from the others: organisation, dataset, both; "" for the only one."""
    several = len({one.dataset.name for one in found}) > 1
    told = ((one.org, one.dataset.name if several else "") for one in found)
    return tuple(": ".join(filter(None, each)) for each in told)
