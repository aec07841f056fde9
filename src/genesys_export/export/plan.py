"""How one run exports a day: decided before any request or write.

Pure: names of files, how long they grow, and whether a day is ready, from values alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from .. import life
from ..datasets import Dataset
from ..days import Day, Slice, iso_ms, to_the_minute
from ..encode import Format, Newlines
from ..errors import DeadlineReached, TryAgainLater
from ..locations import Home
from ..privacy import Rules
from ..source_count import Tolerance

MOST_SLICES = 96  # of a day
_LONGEST_LAG = timedelta(days=2)


class Layout(StrEnum):
    """How the keys of data files are made."""

    DAILY = "daily"  # conversations/2026-11-22.csv.gz
    HIVE = "hive"  # conversations/dt=2026-11-22/000-000.csv.gz


@dataclass(frozen=True, slots=True)
class Roll:
    """When a file ends and the next one of its slice begins: with the batch that reaches this."""

    size_bytes: int | None = None  # as the file stands at the destination
    rows: int | None = None

    def __bool__(self) -> bool:
        """Whether there is any limit."""
        return self.size_bytes is not None or self.rows is not None

    def is_due(self, size_bytes: int, rows: int) -> bool:
        """Whether a file of that size is long enough."""
        return (self.size_bytes is not None and size_bytes >= self.size_bytes) or (
            self.rows is not None and rows >= self.rows
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How days are exported."""

    dataset: Dataset
    tables: tuple[str, ...]  # in the declared order; none in JSON lines
    org: str = ""  # the first segment of every key; none for a single org
    slices: int = 1  # auto: at most
    auto: bool = False  # the source's count decides how many slices a day has
    per_slice: int = 100_000  # auto: records; a hundred pages, some twenty seconds
    slices_at_once: int = 8
    format: Format = Format.CSV
    raw: str | None = None  # the table of the API's own records, where it is written
    layout: Layout = Layout.DAILY
    roll: Roll = Roll()
    newlines: Newlines = Newlines.KEEP
    privacy: Rules = field(default_factory=Rules)
    life: life.Policy = field(default_factory=life.Policy)
    keeps_state: bool = True  # claim, manifest, index: all but the data itself
    own_body: bool = False  # a query body of the user's own tells what to ask for
    tolerance: Tolerance = field(default_factory=Tolerance)  # between the source's count and ours
    strict: bool = False  # a day that disagrees with the source's own count is not published
    resume_within: timedelta = timedelta(hours=6)  # the age to which a sealed slice is good
    wait: timedelta = timedelta(0)  # how long to wait for the data to become complete
    wait_step: timedelta = timedelta(minutes=5)  # how often to look meanwhile
    allow_partial: bool = False
    after: tuple[str, ...] = ()  # datasets that a run exports first, since this one reads them
    notes: tuple[str, ...] = ()  # what the manifest of every day says

    @property
    def names_from(self) -> tuple[str, ...]:
        """The lookup tables that ids of the written tables have names from."""
        written = (table for table in self.dataset.tables if table.name in self.tables)
        return replace(self.dataset, tables=tuple(written)).names_from

    @property
    def written(self) -> tuple[str, ...]:
        """Every table that has files: the declared ones, then the raw one."""
        return (*self.tables, self.raw) if self.raw else self.tables

    def format_of(self, table: str) -> Format:
        """Return the format of a table's files."""
        return Format.JSONL if table == self.raw else self.format

    def key(self, table: str, slice_: Slice, rolled: int = 0) -> str:
        """Return the key of a table's file, the one after `rolled` others of its slice.

        Layout daily: `conversations/2026-11-22.csv.gz`, with several slices `….000.csv.gz`, with
        limits `….000-000.csv.gz`. Layout hive: `conversations/dt=2026-11-22/000-000.csv.gz`.
        """
        numbers = f"{slice_.index:03d}-{rolled:03d}"
        if self.layout is Layout.HIVE:
            name = f"dt={slice_.day}/{numbers}"
        elif self.roll:
            name = f"{slice_.day}.{numbers}"
        else:
            name = f"{slice_.day}.{slice_.index:03d}" if self.is_numbered else str(slice_.day)
        return self.under_org(f"{table}/{name}.{self.format_of(table)}")

    def may_write(self, key: str, slices: Sequence[Slice]) -> bool:
        """Whether an export of the day in these slices may write a file at the key."""
        return any(
            key == self.rejects(one) or self._is_of(key, table, one)
            for one in slices
            for table in self.written
        )

    def _is_of(self, key: str, table: str, slice_: Slice) -> bool:
        first, ending = self.key(table, slice_), f".{self.format_of(table)}"
        if not self.roll:
            return key == first
        return key.startswith(first.removesuffix(f"000{ending}")) and key.endswith(ending)

    def prefixes(self, day: Day) -> tuple[str, ...]:
        """Return what the keys of all files of a day begin with, in either layout.

        Those of tables that are not written now are among them: an earlier run may have left some.
        """
        layouts = (f"/{day}", f"/dt={day}")
        data = (
            self.under_org(table + layout) for table in self.dataset.prefixes for layout in layouts
        )
        return (*data, f"{self.home.day(day)}/")

    def rejects(self, slice_: Slice) -> str:
        """Return the key of a slice's unreadable records."""
        return self.home.rejects(slice_.day, slice_.index if self.is_numbered else None)

    @property
    def is_numbered(self) -> bool:
        """Whether names of files carry the slice's number: always where that is not fixed."""
        return self.auto or self.slices > 1

    @property
    def whose(self) -> dict[str, str]:
        """What events of its days begin with."""
        return {"org": self.org, "dataset": self.dataset.name}

    @property
    def home(self) -> Home:
        """Where the days' manifests and all that is not table data lie."""
        return Home(self.org, self.dataset.name)

    def under_org(self, key: str) -> str:
        """Return the key below the org's segment, if there is one."""
        return self.home.under_org(key)


@dataclass(frozen=True, slots=True)
class Ready:
    """The day can be read up to `until`; `partial` when that is not its whole length."""

    until: datetime
    partial: bool = False


@dataclass(frozen=True, slots=True)
class TooEarly:
    """The day is not complete at Genesys; `retry_at` is a guess from how far it lags now."""

    day: Day
    watermark: datetime | None
    retry_at: datetime

    def error(self, *, waited: bool = False) -> TryAgainLater:
        """Return this as the error that ends the run with 75, perhaps after it `waited`."""
        reached = "nothing yet" if self.watermark is None else iso_ms(self.watermark)
        return TryAgainLater(
            f"{self.day} is not complete at Genesys: the day ends at "
            f"{iso_ms(self.day.interval.end)}, the data reaches {reached}; nothing was published",
            advice=f"Try again after {to_the_minute(self.retry_at)}, or use "
            f"{'a longer --wait' if waited else '--wait'}.",
            retry_at=self.retry_at,
        )

    def at_deadline(self) -> DeadlineReached:
        """Return this as the error of a run whose deadline comes before its next look."""
        early = self.error()
        return DeadlineReached(
            f"{early.message}; the deadline ended the wait",
            advice=f"Try again after {to_the_minute(self.retry_at)}.",
            retry_at=self.retry_at,
            waited_for="availability",
        )


def readiness(
    day: Day, watermark: datetime | None, now: datetime, *, allow_partial: bool
) -> Ready | TooEarly:
    """Decide whether the day may be read, and up to when.

    A source that knows no watermark (None) is complete once the day has ended.
    """
    whole = day.interval
    reached = min(now, watermark) if watermark is not None else now
    if reached >= whole.end:
        return Ready(whole.end)
    if allow_partial and reached > whole.start:
        return Ready(reached, partial=True)
    # A lake that has nothing, or says the year 1, tells nothing about when to come again.
    lag = min(max(now - reached, timedelta(minutes=10)), _LONGEST_LAG)
    return TooEarly(day, watermark, max(whole.end + lag, now + timedelta(minutes=10)))
