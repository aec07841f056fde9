"""The feed of record datasets: a slice's pages, read until every record is there once.

The first pass yields rows as it goes: nearly always it is the last. Where a copy of a conversation
comes that differs from one whose rows are out already, everything yielded is declared void, the
pages are read again to learn which copy is the later one, and once more to make rows: holding the
copies back would take memory without bound (a job that was submitted anew half-way gives
thousands). The passes are bounded: a source that gives other content every time ends the slice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from threading import Event
from typing import Any

from ..datasets import Dataset
from ..days import Interval, Slice
from ..decode import CopyResolver, Decoder
from ..encode import raw_rows
from ..errors import GenesysUnavailable
from ..events import Observe, PageExported, PageReceived, ReadAgain
from ..flatten import Flattener, starts_of
from ..flatten.lookup import Names
from ..model import Again, Batch, Block, Clock, Counts, Fetch, Page, Rejected, Source, Summary
from ..plural import plural
from ..privacy import Rules
from ..threads import ahead, interruptible
from .identity import is_comparable, key_by, spelled_by

Records = Sequence[bytes | memoryview]
_PASSES = 4  # that make rows; after each but the last one more reading, to rank copies


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsFeed:
    """A dataset of JSON records, from a Source: a model.Feed."""

    dataset: Dataset
    source: Source
    tables: tuple[str, ...]  # of which rows are made; none: raw records only
    raw: str | None  # the table of the API's own records, where it is wanted
    privacy: Rules
    observe: Observe
    clock: Clock
    names: Names = field(default_factory=dict, repr=False)  # of ids, as they may be written
    org: str = ""  # in its events
    page_by_page: bool = False  # files that roll by rows roll after the page that reaches them
    morsel_bytes: int = 6 << 20  # of records, from which tables are made at a time

    @property
    def asks(self) -> str:
        """What it would do, in words."""
        return self.source.asks

    def watermark(self) -> datetime | None:
        """Return the instant up to which the source is complete; None if it can't say."""
        return self.source.watermark()

    def open(self, slice_: Slice, resume: str | None = None) -> RecordsReading:
        """Prepare reading a slice, from the job `resume` where it still can be read."""
        return RecordsReading(self, slice_, self.source.fetch(slice_.interval, resume))

    def describe(self, interval: Interval) -> tuple[Mapping[str, Any], ...]:
        """Return the first body that would be sent."""
        return self.source.describe(interval)

    def spell(self, key: bytes) -> str:
        """Return the id that a record goes by in the index, as the tables have it."""
        return spelled_by(self.privacy, self.dataset)(key)

    def identifies_alike(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        """Whether indexes made under both descriptions of privacy can be compared."""
        return is_comparable(old, new, self.dataset)


@dataclass(slots=True)
class _Pass:
    """One pass that makes rows, and what it has seen."""

    decoder: Decoder
    watermark: datetime | None = None  # the lowest that any of its pages told
    conversations: int = 0
    rows: int = 0
    rejected: set[bytes] = field(default_factory=set)  # hashes of the records

    def saw(self, pages: Sequence[Page]) -> None:
        """Keep the lowest watermark."""
        for page in pages:
            if page.watermark is not None:
                self.watermark = min(page.watermark, self.watermark or page.watermark)


class RecordsReading:
    """A slice on its way: a model.Reading."""

    def __init__(self, feed: RecordsFeed, slice_: Slice, fetch: Fetch) -> None:
        """Ask nothing yet."""
        self._feed, self._slice, self._fetch = feed, slice_, fetch
        self._resolver = CopyResolver(
            feed.dataset, slice_.interval, key_by(feed.privacy, feed.dataset)
        )
        day = slice_.day
        self._flattener = Flattener(
            feed.dataset, day.date, feed.tables, zone=day.zone, names=feed.names
        )
        self._vain: list[_Pass] = []
        self._rejected: set[bytes] = set()  # hashes of what any pass yielded
        self._pass = self._begun()

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
        """Yield rows and rejects until every record is there once, in the right copy.

        Raises GenesysUnavailable when the copies of a conversation are others at every reading,
        and what the source raises.
        """
        while True:
            yield from self._rows(abandon)
            contested = self._pass.decoder.contested()
            if not contested:
                return
            self._tell(len(contested))
            self._vain.append(self._pass)
            if len(self._vain) == _PASSES:
                raise _unsteady(self._slice, len(contested))
            yield Again()
            self._resolver.begin(contested)
            for page in self._pages(abandon):
                self._resolver.weigh(page.records)
            self._pass = self._begun()

    def summary(self) -> Summary:
        """Return the counts, the digest and the watermark of what was read."""
        last = self._pass
        return Summary(
            counts=_counts(last, self._vain, len(self._rejected)),
            digest=last.decoder.digest,
            watermark=last.watermark,
        )

    def index(self) -> Iterator[bytes]:
        """Yield id and hash of every exported record, in order of id."""
        return self._pass.decoder.index()

    def release(self) -> None:
        """Delete its jobs."""
        self._fetch.release()

    def _begun(self) -> _Pass:
        return _Pass(Decoder(self._feed.dataset, self._slice.interval, self._resolver))

    def _rows(self, abandon: Event) -> Iterator[Batch | Rejected]:
        """Read every page; once it will be repeated, only look for more copies."""
        feed, now = self._feed, self._pass
        together = joined(self._pages(abandon), 0 if feed.page_by_page else feed.morsel_bytes)
        for pages in together:
            before = now.conversations, now.rows
            now.saw(pages)
            found = [record for page in pages for record in page.records]
            for records in morsels(found, feed.morsel_bytes):
                yield from self._morsel(records)
            self._exported(pages, now.conversations - before[0], now.rows - before[1])

    def _morsel(self, records: Records) -> Iterator[Batch | Rejected]:
        decoder, feed, now = self._pass.decoder, self._feed, self._pass
        if decoder.is_in_vain:
            decoder.skim(records)
            return
        block = decoder.decode(records) if feed.tables else decoder.sift(records)
        for one in block.rejected:
            digest = blake2b(one.record, digest_size=16).digest()
            now.rejected.add(digest)
            if digest not in self._rejected:
                self._rejected.add(digest)
                yield one
        for batch in self._batches(block):
            yield batch
            now.rows += batch.rows.num_rows
        now.conversations += block.conversations.num_rows

    def _batches(self, block: Block) -> Iterator[Batch]:
        if self._feed.tables:
            yield from self._flattener.flatten(block)
        if self._feed.raw is not None and block.records:
            yield Batch(self._feed.raw, raw_rows(block.records), starts_of(block.conversations))

    def _pages(self, abandon: Event) -> Iterator[Page]:
        is_empty = self._slice.interval.is_empty
        pages: Iterator[Page] = iter(()) if is_empty else self._fetch.pages()
        for page in ahead(pages, abandon=abandon, clock=self._feed.clock):
            self._feed.observe(
                PageReceived(records=len(page.records), received_bytes=page.received_bytes)
            )
            yield page

    def _exported(self, pages: Sequence[Page], conversations: int, rows: int) -> None:
        """Report every page as exported; the last of joined pages has their counts."""
        for page in pages:
            is_last = page is pages[-1]
            self._feed.observe(
                PageExported(
                    org=self._feed.org,
                    dataset=self._feed.dataset.name,
                    slice=str(self._slice),
                    conversations=conversations if is_last else 0,
                    rows=rows if is_last else 0,
                )
            )

    def _tell(self, contested: int) -> None:
        self._feed.observe(
            ReadAgain(
                org=self._feed.org,
                dataset=self._feed.dataset.name,
                slice=str(self._slice),
                contested=contested,
                conversations=self._pass.conversations,
                rows=self._pass.rows,
            )
        )


def _unsteady(slice_: Slice, contested: int) -> GenesysUnavailable:
    return GenesysUnavailable(
        f"{slice_}: {plural(contested, 'conversation')} changed at each of "
        f"{2 * _PASSES - 1} readings",
        advice="Run the same command again later; the previously published version is unchanged.",
    )


def _counts(last: _Pass, vain: Sequence[_Pass], rejected: int) -> Counts:
    """Return the last pass's counts, with what only void passes received.

    A record rejected there stands in the rejects; copies that differed there (those of a job that
    died half-way, say) are told although the source gives them no more. A reject counts once,
    its copies are duplicates.
    """
    told = last.decoder.counts
    again = told.rejected - len(last.rejected)
    copies = max((_more_copies(each.decoder.counts, told) for each in vain), default=0)
    return replace(
        told,
        received=told.received + rejected - len(last.rejected) + copies,
        rejected=rejected,
        duplicates=told.duplicates + again + copies,
        differing_duplicates=told.differing_duplicates + copies,
    )


def _more_copies(before: Counts, told: Counts) -> int:
    """Return how many differing copies a pass had that the last one had not."""
    differing = before.differing_duplicates - told.differing_duplicates
    return max(0, min(differing, before.received - told.received))


def joined(pages: Iterator[Page], most_bytes: int) -> Iterator[Sequence[Page]]:
    """Put small pages together until one more would make them larger than a morsel.

    A block costs much the same however few records it holds: pages of 100 took twice the CPU of
    pages of 1,000, pages of 25 five times (2026-11). Larger pages are passed on as they come.
    """
    held: list[Page] = []
    held_bytes = 0
    for page in pages:
        page_bytes = sum(map(len, page.records))
        held.append(page)
        held_bytes += page_bytes
        if held_bytes + page_bytes > most_bytes:
            yield held
            held, held_bytes = [], 0
    if held:
        yield held


def morsels(records: Records, most_bytes: int) -> Iterator[Records]:
    """Cut records into equal runs of so many bytes: of one run at a time tables are made.

    Tables in memory are several times the size of their JSON, so this is most of what a slice
    needs. Measured 2026-11 (100,000 conversations, pages of 5 MiB): 3 MiB take 20 MiB
    less memory and a tenth more CPU seconds.
    """
    total = sum(map(len, records))
    step = max(1, len(records) // max(1, -(-total // most_bytes)))
    for first in range(0, len(records), step):
        yield records[first : first + step]
