"""A slice's pages, read until every conversation is there once, in the right copy.

The first reading writes as it goes: nearly always it is the last. Where a copy of a conversation
comes that differs from one already written, what was written is discarded, the pages are read
again to learn which copy is the later one, and once more to write: holding the copies back would
take memory without bound (a job that was submitted anew half-way gives thousands). The readings
are bounded: a source that gives other content every time ends the slice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from threading import Event

from ..days import Slice
from ..decode import CopyResolver, Decoder
from ..encode import raw_rows
from ..errors import GenesysUnavailable
from ..events import Observe, PageExported, PageReceived, ReadAgain
from ..export.files import Files
from ..export.plan import Plan
from ..flatten import Flattener, starts_of
from ..model import Batch, Block, Clock, Counts, Fetch, Page, Rejected, Store
from ..plural import plural
from ..privacy.values import protect
from ..threads import ahead
from .identity import key_by
from .rejects import Rejects

Records = Sequence[bytes | memoryview]
_WRITINGS = 4  # of a slice; after each but the last one more reading, to rank copies


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceContext:
    """What the slices of one day share."""

    plan: Plan
    store: Store
    observe: Observe
    token: str
    rejects: Rejects
    abandon: Event
    clock: Clock
    morsel_bytes: int = 6 << 20  # of records, from which tables are made at a time


@dataclass(slots=True)
class Reading:
    """One reading that writes: what it has seen, and the files it fills."""

    decoder: Decoder
    files: Files
    watermark: datetime | None = None  # the lowest that any of its pages told
    conversations: int = 0
    rows: int = 0
    rejected: set[bytes] = field(default_factory=set)  # hashes of the records

    def saw(self, watermark: datetime | None) -> None:
        """Keep the lowest watermark."""
        if watermark is not None:
            self.watermark = min(watermark, self.watermark or watermark)

    def rejects(self, records: Sequence[Rejected]) -> None:
        """Remember which records were rejected."""
        self.rejected.update(blake2b(one.record, digest_size=16).digest() for one in records)


@dataclass(frozen=True, slots=True)
class Read:
    """A slice as it will be published: its files are not sealed yet."""

    decoder: Decoder
    files: Files
    counts: Counts
    watermark: datetime | None


def read(context: SliceContext, slice_: Slice, fetch: Fetch) -> Read:
    """Read the slice completely, as often as needed; after an error its files are discarded.

    Raises GenesysUnavailable when the copies of a conversation are others at every reading.
    """
    contest = CopyResolver(
        context.plan.dataset,
        slice_.interval,
        key_by(context.plan.privacy, context.plan.dataset),
    )
    vain: list[Reading] = []
    while len(vain) < _WRITINGS:
        if vain:
            _rank(context, slice_, fetch, contest)
        reading = Reading(
            Decoder(context.plan.dataset, slice_.interval, contest),
            Files(context.plan, slice_, context.store, context.token),
        )
        try:
            _write(context, slice_, fetch, reading)
        except BaseException:
            reading.files.discard()
            raise
        if not (contested := reading.decoder.contested()):
            counts = _counts(reading, vain)
            return Read(reading.decoder, reading.files, counts, reading.watermark)
        reading.files.discard()
        _tell(context, slice_, reading, len(contested))
        contest.begin(contested)
        vain.append(reading)
    raise GenesysUnavailable(
        f"{slice_}: {plural(len(contested), 'conversation')} changed at each of "
        f"{2 * _WRITINGS - 1} readings",
        advice="Run the same command again later; the previously published version is unchanged.",
    )


def _write(context: SliceContext, slice_: Slice, fetch: Fetch, reading: Reading) -> None:
    """Read every page and write its rows; once it will be repeated, only look for more copies."""
    flattener = Flattener(context.plan.dataset, slice_.day.date, context.plan.tables)
    # Files roll after the page that reaches their rows: then each page is written by itself.
    together = joined(
        _pages(context, slice_, fetch), 0 if context.plan.roll.rows else context.morsel_bytes
    )
    for pages in together:
        conversations, rows = reading.conversations, reading.rows
        for page in pages:
            reading.saw(page.watermark)
        found = [record for page in pages for record in page.records]
        for records in morsels(found, context.morsel_bytes):
            _write_morsel(context, flattener, reading, records)
        _exported(
            context, slice_, pages, reading.conversations - conversations, reading.rows - rows
        )


def _write_morsel(
    context: SliceContext, flattener: Flattener, reading: Reading, records: Records
) -> None:
    decoder = reading.decoder
    if decoder.is_in_vain:
        decoder.skim(records)
        return
    block = decoder.decode(records) if context.plan.tables else decoder.sift(records)
    context.rejects.add(block.rejected)
    reading.rejects(block.rejected)
    for batch in _batches(context.plan, flattener, block):
        reading.files.write(batch)
        reading.rows += batch.rows.num_rows
    reading.conversations += block.conversations.num_rows


def _exported(
    context: SliceContext, slice_: Slice, pages: Sequence[Page], conversations: int, rows: int
) -> None:
    """Report every page as exported; the last of joined pages has their counts."""
    for page in pages:
        is_last = page is pages[-1]
        context.observe(
            PageExported(
                slice=str(slice_),
                conversations=conversations if is_last else 0,
                rows=rows if is_last else 0,
            )
        )


def _rank(context: SliceContext, slice_: Slice, fetch: Fetch, contest: CopyResolver) -> None:
    """Read every page to learn which copy of each contested conversation counts."""
    for page in _pages(context, slice_, fetch):
        contest.weigh(page.records)


def _pages(context: SliceContext, slice_: Slice, fetch: Fetch) -> Iterator[Page]:
    pages: Iterator[Page] = iter(()) if slice_.interval.is_empty else fetch.pages()
    for page in ahead(pages, abandon=context.abandon, clock=context.clock):
        context.observe(
            PageReceived(records=len(page.records), received_bytes=page.received_bytes)
        )
        yield page


def _tell(context: SliceContext, slice_: Slice, reading: Reading, contested: int) -> None:
    context.observe(
        ReadAgain(
            slice=str(slice_),
            contested=contested,
            conversations=reading.conversations,
            rows=reading.rows,
        )
    )


def _counts(last: Reading, vain: Sequence[Reading]) -> Counts:
    """Return the last reading's counts, with what only discarded readings received.

    A record rejected there stands in the rejects; copies that differed there (those of a job that
    died half-way, say) are told although the source gives them no more.
    """
    told = last.decoder.counts
    rejected = len(set().union(*(each.rejected for each in vain)) - last.rejected)
    copies = max((_more_copies(each.decoder.counts, told) for each in vain), default=0)
    return replace(
        told,
        received=told.received + rejected + copies,
        rejected=told.rejected + rejected,
        duplicates=told.duplicates + copies,
        differing_duplicates=told.differing_duplicates + copies,
    )


def _more_copies(before: Counts, told: Counts) -> int:
    """Return how many differing copies a reading had that the last one had not."""
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


def _batches(plan: Plan, flattener: Flattener, block: Block) -> tuple[Batch, ...]:
    """Return the rows of every table that is written, as they may be written."""
    made = flattener.flatten(block) if plan.tables else ()
    batches = tuple(protect(batch, plan.privacy) for batch in made)
    if plan.raw is None or not block.records:
        return batches
    raw = Batch(plan.raw, raw_rows(block.records), starts_of(block.conversations))
    return (*batches, raw)
