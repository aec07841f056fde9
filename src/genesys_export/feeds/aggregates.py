"""The feed of statistics by interval and group: each value of a metric is a row.

Rows belong to the day in which their interval starts. Of a day that is not complete yet only whole
intervals are read. A value that comes twice counts once; where the copies differ everything is
read again. What a job gave before it died is void: Genesys may have moved a value to another group
meanwhile. Needs about sixty bytes a row to tell copies apart, one answer, and its rows; where the
answer is a job's page, ten thousand rows and those of a group.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b, sha256
from threading import Event
from typing import Any

import msgspec

from ..api import Question
from ..datasets import Dataset
from ..days import Day, Interval, Slice
from ..decode.ids import Ids
from ..decode.unknown import note
from ..errors import GenesysUnavailable
from ..events import Observe, PageExported, PageReceived, ReadAgain
from ..flatten.statistics import Broken, Made, Row, Statistics
from ..model import (
    Again,
    Batch,
    Clock,
    Counts,
    Fetch,
    Page,
    Rejected,
    Source,
    Summary,
    sum_digests,
)
from ..plural import plural
from ..threads import interruptible
from .passes import RejectTally, by_job
from .unindexed import Unindexed

_READINGS = 3
_MOST_ROWS = 10_000  # of a batch


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregatesFeed(Unindexed):
    """A dataset of statistics, from a Source whose records are groups: a model.Feed."""

    dataset: Dataset
    source: Source
    question: Question
    observe: Observe
    clock: Clock
    org: str = ""  # in its events
    groups_are_long: bool = False  # a record is the group's whole day: rows come group by group

    @property
    def asks(self) -> str:
        """What it would do, in words."""
        return self.source.asks

    def watermark(self) -> datetime | None:
        """Return the instant up to which the details behind the statistics are complete."""
        return self.source.watermark()

    def open(self, slice_: Slice, resume: str | None = None) -> AggregatesReading:
        """Prepare reading a slice, from the job `resume` where it still can be read."""
        day = Day(slice_.day.date, slice_.day.zone)
        interval = self.question.whole(slice_.interval, day.interval.end)
        return AggregatesReading(self, slice_, interval, self.source.fetch(interval, resume))

    def describe(self, interval: Interval) -> tuple[Mapping[str, Any], ...]:
        """Return the first body that would be sent."""
        return self.source.describe(interval)


@dataclass(slots=True)
class _Pass:
    """One reading of all of it, and what it has seen."""

    shape: Statistics
    ids: Ids = field(default_factory=Ids)
    exported: int = 0
    duplicates: int = 0
    contested: int = 0  # of them: copies that differ
    digest: int = 0
    of_other_days: int = 0
    drift: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    watermark: datetime | None = None  # the lowest that any of its pages told

    def saw(self, made: Made) -> None:
        """Count what did not fit."""
        self.of_other_days += made.of_other_days
        self.drift += made.drift
        if made.unknown:
            note(self.unknown, made.unknown)


class AggregatesReading:
    """A slice on its way: a model.Reading."""

    def __init__(
        self, feed: AggregatesFeed, slice_: Slice, interval: Interval, fetch: Fetch
    ) -> None:
        """Ask nothing yet."""
        self._feed, self._slice, self._interval, self._fetch = feed, slice_, interval, fetch
        self._asked: datetime | None = None  # the watermark before the first page
        self._differing = 0  # copies in readings that were in vain
        self._rejects = RejectTally()
        self._pass = self._begun()

    @property
    def job_ids(self) -> tuple[str, ...]:
        """Every job that was submitted for it, oldest first."""
        return self._fetch.job_ids

    @property
    def awaits_job(self) -> bool:
        """Whether there is a job to wait for."""
        return self._fetch.awaits_job and not self._interval.is_empty

    def prepare(self, abandon: Event) -> None:
        """Wait for its job."""
        interruptible(self._fetch.prepare, self._feed.clock, abandon)

    def read(self, abandon: Event) -> Iterator[Batch | Rejected | Again]:
        """Yield rows and rejects until each value is there once.

        Raises GenesysUnavailable when values come in differing copies at every reading, and what
        the source raises.
        """
        for reading in range(1, _READINGS + 1):
            for number, pages in enumerate(self._jobs(abandon)):
                if number:  # the job before died: what it gave may not be what this one gives
                    yield self._void()
                for page in pages:
                    yield from self._rows(page)
            if not self._pass.contested:
                return
            if reading < _READINGS:
                yield self._void()
        raise GenesysUnavailable(
            f"{self._slice}: {plural(self._pass.contested, 'value')} came in differing copies at "
            f"each of {plural(_READINGS, 'reading')}",
            advice="Run the same command again later; the previously published version is "
            "unchanged.",
        )

    def summary(self) -> Summary:
        """Return the counts, the digest and the watermark of what was read."""
        last, rejected = self._pass, self._rejects.rejected
        duplicates = last.duplicates + self._rejects.copies
        counts = Counts(
            received=last.exported + duplicates + last.of_other_days + rejected,
            exported=last.exported,
            duplicates=duplicates,
            differing_duplicates=self._differing,
            of_other_days=last.of_other_days,
            rejected=rejected,
            drift=last.drift,
            unknown_fields=dict(sorted(last.unknown.items())),
        )
        watermark = last.watermark or self._asked
        return Summary(counts=counts, digest=last.digest, watermark=watermark)

    def index(self) -> None:
        """Return None: what changed of statistics shows in their rows."""

    def release(self) -> None:
        """Delete its jobs."""
        self._fetch.release()

    def _begun(self) -> _Pass:
        (table,) = self._feed.dataset.tables
        day = Day(self._slice.day.date, self._slice.day.zone)
        return _Pass(Statistics(table=table, day=day, interval=self._interval))

    def _jobs(self, abandon: Event) -> Iterator[Iterator[Page]]:
        return by_job(self._fetch, self._pages(), abandon=abandon, clock=self._feed.clock)

    def _pages(self) -> Iterator[Page]:
        """Yield the pages; few answers tell how far the data reaches, so that is asked first."""
        if self._interval.is_empty:
            return
        reached = self._feed.source.watermark()
        if reached is not None:
            self._asked = min(reached, self._asked or reached)
        yield from self._fetch.pages()

    def _void(self) -> Again:
        """Begin another pass."""
        self._tell()
        self._differing += self._pass.contested
        self._pass = self._begun()
        self._rejects.begin()
        return Again()

    def _rows(self, page: Page) -> Iterator[Batch | Rejected]:
        """Yield a page's rejects, and its rows in the order of their keys.

        Where groups are long, so many of them are put in order at a time as make a batch.
        """
        now, found = self._pass, list[Row]()
        before = now.exported
        self._feed.observe(
            PageReceived(records=len(page.records), received_bytes=page.received_bytes)
        )
        if page.watermark is not None:  # of a job that was submitted long ago it is not today's
            now.watermark = min(page.watermark, now.watermark or page.watermark)
        for record in page.records:
            try:
                made = now.shape.read(record)
            except Broken as why:
                if self._rejects.is_new(record):
                    yield Rejected(str(why), bytes(record))
                continue
            now.saw(made)
            found += made.rows
            if self._feed.groups_are_long and len(found) >= _MOST_ROWS:
                yield from self._batches(found)
                found = []
        yield from self._batches(found)
        self._feed.observe(
            PageExported(
                org=self._feed.org,
                dataset=self._feed.dataset.name,
                slice=str(self._slice),
                conversations=now.exported - before,
                rows=now.exported - before,
            )
        )

    def _batches(self, found: list[Row]) -> Iterator[Batch]:
        """Yield those that are there for the first time, in order."""
        shape = self._pass.shape
        found.sort(key=shape.key)
        rows = [row for row in found if self._counts(row)]
        for first in range(0, len(rows), _MOST_ROWS):
            yield shape.batch(rows[first : first + _MOST_ROWS])

    def _counts(self, row: Row) -> bool:
        """Whether the row is there for the first time."""
        now = self._pass
        key = msgspec.json.encode(now.shape.identity(row))
        content = sha256(msgspec.json.encode(row)).digest()
        seen = now.ids.add(blake2b(key, digest_size=16).digest(), content[:16])
        if seen is None:
            now.exported += 1
            now.digest = sum_digests((int.from_bytes(content),), now.digest)
            return True
        now.duplicates += 1
        now.contested += seen != content[:16]
        return False

    def _tell(self) -> None:
        self._feed.observe(
            ReadAgain(
                org=self._feed.org,
                dataset=self._feed.dataset.name,
                slice=str(self._slice),
                contested=self._pass.contested,
                conversations=self._pass.exported,
                rows=self._pass.exported,
            )
        )
