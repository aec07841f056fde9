"""The feed of status datasets: users' periods from jobs, each in every day that it touches.

A slice's rows are held until its last page, because a row may come again on any page, and only
the last page tells how far the source was complete. Rows are put in order and written once; where
copies of a row differ, a closed one counts before an open one, then the one with the later end.
What a job gave before it died is dropped: the one that replaces it may have fewer rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from ..datasets import Dataset, PeriodColumns, api_name
from ..days import Interval, Slice
from ..decode.instants import canonical, is_canonical
from ..decode.statuses import Rows, StatusDecoder
from ..events import Observe, PageExported, PageReceived
from ..flatten.periods import Periods
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
from ..threads import Abandoned, interruptible
from .passes import RejectTally, by_job
from .records import joined, morsels
from .unindexed import Unindexed


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFeed(Unindexed):
    """A dataset of users' periods, from a Source: a model.Feed."""

    dataset: Dataset
    source: Source
    tables: tuple[str, ...]
    observe: Observe
    clock: Clock
    org: str = ""  # in its events
    morsel_bytes: int = 6 << 20  # of records, from which columns are made at a time

    @property
    def asks(self) -> str:
        """What it would do, in words."""
        return self.source.asks

    def watermark(self) -> datetime | None:
        """Return the instant up to which the source is complete; None if it can't say."""
        return self.source.watermark()

    def open(self, slice_: Slice, resume: str | None = None) -> StatusReading:
        """Prepare reading a slice, from the job `resume` where it still can be read."""
        return StatusReading(self, slice_, self.source.fetch(slice_.interval, resume))

    def describe(self, interval: Interval) -> tuple[Mapping[str, Any], ...]:
        """Return the first body that would be sent."""
        return self.source.describe(interval)


class StatusReading:
    """A slice on its way: a model.Reading."""

    def __init__(self, feed: StatusFeed, slice_: Slice, fetch: Fetch) -> None:
        """Ask nothing yet."""
        self._feed, self._slice, self._fetch = feed, slice_, fetch
        self._rejects = RejectTally()
        self._begin()

    def _begin(self) -> None:
        """Begin a pass: hold nothing."""
        self._decoder = StatusDecoder(self._feed.dataset, self._feed.tables)
        columns = self._decoder.columns
        self._periods = {one.table.name: Periods(one, self._slice) for one in columns}
        self._watermark: datetime | None = None
        self._received = self._drift = 0
        self._rejects.begin()

    @property
    def job_ids(self) -> tuple[str, ...]:
        """Every job that was submitted for it, oldest first."""
        return self._fetch.job_ids

    @property
    def awaits_job(self) -> bool:
        """Whether there is a job to wait for."""
        return self._fetch.awaits_job and not self._slice.interval.is_empty

    def prepare(self, abandon: Event) -> None:
        """Wait for its job."""
        interruptible(self._fetch.prepare, self._feed.clock, abandon)

    def read(self, abandon: Event) -> Iterator[Batch | Rejected | Again]:
        """Yield what could not be read as it comes, and at the end the rows of all tables.

        Raises what the source raises.
        """
        whole: Iterator[Page] = iter(()) if self._slice.interval.is_empty else self._fetch.pages()
        jobs = by_job(self._fetch, whole, abandon=abandon, clock=self._feed.clock)
        for number, pages in enumerate(jobs):
            if number:  # the job before died: what it gave may not be what this one gives
                self._begin()
            yield from self._held(pages)
        reached = self._watermark or self._feed.clock.now()
        for periods in self._periods.values():
            for batch in periods.batches(self._decoder.users, reached):
                if abandon.is_set():
                    raise Abandoned("another slice failed")
                yield batch

    def _held(self, of_job: Iterator[Page]) -> Iterator[Rejected]:
        """Hold a job's rows; yield what could not be read."""
        for pages in joined(map(self._told, of_job), self._feed.morsel_bytes):
            records = [record for page in pages for record in page.records]
            kept = 0
            for some in morsels(records, self._feed.morsel_bytes):
                rows, rejected = self._decoder.decode(some)
                yield from self._new(rejected)
                for name, each in rows.items():
                    self._received += len(each)
                    count, unplaced = self._hold(name, each)
                    self._received -= len(unplaced)
                    yield from self._new(unplaced)
                    kept += count
            self._exported(pages, kept)

    def summary(self) -> Summary:
        """Return the counts, the digest and the watermark of what was read."""
        tallies = [one.tally for one in self._periods.values()]
        rejected, again = self._rejects.rejected, self._rejects.copies
        counts = Counts(
            received=self._received + rejected + again,
            exported=sum(one.exported for one in tallies),
            duplicates=sum(one.duplicates for one in tallies) + again,
            differing_duplicates=sum(one.differing for one in tallies),
            of_other_days=sum(one.of_other_days for one in tallies),
            open=sum(one.open for one in tallies),
            rejected=rejected,
            drift=self._decoder.drift + self._drift,
            unknown_fields=dict(self._decoder.unknown),
        )
        digest = sum_digests(one.digest for one in tallies)
        return Summary(counts=counts, digest=digest, watermark=self._watermark)

    def index(self) -> None:
        """Return None: a row has no id by which its changes could be listed."""

    def release(self) -> None:
        """Delete its jobs."""
        self._fetch.release()

    def _told(self, page: Page) -> Page:
        """Report a page, and keep the lowest watermark."""
        told = PageReceived(records=len(page.records), received_bytes=page.received_bytes)
        self._feed.observe(told)
        if page.watermark is not None:
            self._watermark = min(page.watermark, self._watermark or page.watermark)
        return page

    def _exported(self, pages: Sequence[Page], rows: int) -> None:
        """Report every page; the last of joined pages has their rows."""
        for page in pages:
            count = rows if page is pages[-1] else 0
            whose = {"org": self._feed.org, "dataset": self._feed.dataset.name}
            told = PageExported(**whose, slice=str(self._slice), conversations=count, rows=count)
            self._feed.observe(told)

    def _new(self, rejected: Sequence[Rejected]) -> Iterator[Rejected]:
        """Yield those that did not come before."""
        yield from (one for one in rejected if self._rejects.is_new(one.record))

    def _hold(self, name: str, rows: Rows) -> tuple[int, list[Rejected]]:
        """Hold the rows that belong to the slice; return how many, and those that have no start.

        An end that is no instant is kept in `_extra`: such a row counts as open.
        """
        periods = self._periods[name]
        starts, raw_ends = (pa.array(one, pa.string()) for one in (rows.starts, rows.ends))
        starts, ends = _canonical(starts), _canonical(raw_ends)
        odd = pc.and_(raw_ends.is_valid(), ends.is_null())
        for place in pc.indices_nonzero(odd).to_pylist():
            told = {api_name(periods.columns.end): rows.ends[place]}
            rows.extras[place] = msgspec.json.encode(told).decode()
            self._drift += 1
        rejected = [
            self._unplaced(periods.columns, rows, place)
            for place in pc.indices_nonzero(starts.is_null()).to_pylist()
        ]
        texts = (pa.array(one, pa.string()) for one in (*rows.values, rows.extras))
        arrays = [pa.array(rows.users, pa.int32()), starts, ends, *texts]
        if rejected:
            arrays = [one.filter(starts.is_valid()) for one in arrays]
        users, starts, ends, *values, extras = arrays
        return periods.add(users, (starts, ends), values, extras), rejected

    def _unplaced(self, columns: PeriodColumns, rows: Rows, place: int) -> Rejected:
        """Return a row without a start, as the API has it within its user's record."""
        user = msgspec.json.encode(self._decoder.users[rows.users[place]])
        name = api_name(columns.user)
        record = b'{"%b":%b,"%b":[%b]}' % (
            name.encode(),
            user,
            columns.list_name.encode(),
            rows.written(columns, place),
        )
        return Rejected(f"{api_name(columns.start)} is not a readable instant", record)


def _canonical(texts: pa.StringArray) -> pa.StringArray:
    """Return the instants as `2026-11-22T08:00:00.123Z`; null for what is none."""
    return texts if is_canonical(texts) else canonical(texts)
