"""One slice on its way: pages in, staged files out, one page fetched ahead.

Used by one thread a slice. Whatever goes wrong, what was staged is discarded and the job released
before the error goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from threading import Event

from ..days import Slice
from ..decode import Decoder
from ..encode import raw_rows
from ..events import Observe, PageExported, PageReceived, SliceStaged
from ..flatten import Flattener, starts_of
from ..model import Batch, Block, Counts, Fetch, Page, Source, Store
from .files import Files, StagedTable
from .plan import Plan
from .rejects import Rejects
from .threads import Clock, ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What the slices of one day share."""

    plan: Plan
    source: Source
    store: Store
    observe: Observe
    token: str
    rejects: Rejects
    abandon: Event
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedSlice:
    """A slice whose files all lie at the destination, unseen."""

    part: Slice
    tables: tuple[StagedTable, ...]
    counts: Counts
    digest: int
    watermark: datetime | None  # the lowest that any of its pages told
    fetched: datetime  # when its reading began
    fetch: Fetch


def stage(shop: Shop, part: Slice) -> StagedSlice:
    """Read the slice to its end and stage its files."""
    fetched, fetch = shop.clock.now(), shop.source.fetch(part.interval)
    files = Files(shop.plan, part, shop.store, shop.token)
    try:
        progress = _run(shop, part, fetch, files)
        tables = files.seal()
    except BaseException:
        files.discard()
        fetch.release()
        raise
    staged = StagedSlice(
        part=part,
        tables=tables,
        counts=progress.decoder.counts,
        digest=progress.decoder.digest,
        watermark=progress.watermark,
        fetched=fetched,
        fetch=fetch,
    )
    shop.observe(
        SliceStaged(
            slice=str(part),
            conversations=staged.counts.exported,
            rows=sum(table.rows for table in tables),
            size_bytes=sum(table.file.size_bytes for table in tables),
        )
    )
    return staged


@dataclass(slots=True)
class _Progress:
    decoder: Decoder
    watermark: datetime | None = None

    def saw(self, watermark: datetime | None) -> None:
        """Keep the lowest watermark."""
        if watermark is not None:
            self.watermark = min(watermark, self.watermark or watermark)


def _run(shop: Shop, part: Slice, fetch: Fetch, files: Files) -> _Progress:
    progress = _Progress(Decoder(shop.plan.dataset, part.interval))
    flattener = Flattener(shop.plan.dataset, part.day.date, shop.plan.tables)
    pages: Iterator[Page] = iter(()) if part.interval.is_empty else fetch.pages()
    for page in ahead(pages, abandon=shop.abandon, clock=shop.clock):
        shop.observe(PageReceived(records=len(page.records), received_bytes=page.received_bytes))
        block = progress.decoder.decode(page.records)
        progress.saw(page.watermark)
        shop.rejects.add(block.rejected)
        batches = _batches(shop.plan, flattener, block)
        for batch in batches:
            files.write(batch)
        shop.observe(
            PageExported(
                slice=str(part),
                conversations=block.conversations.num_rows,
                rows=sum(batch.rows.num_rows for batch in batches),
            )
        )
    return progress


def _batches(plan: Plan, flattener: Flattener, block: Block) -> tuple[Batch, ...]:
    """Return the rows of every table that is written."""
    batches = flattener.flatten(block) if plan.tables else ()
    if plan.raw is None or not block.records:
        return batches
    raw = Batch(plan.raw, raw_rows(block.records), starts_of(block.conversations))
    return (*batches, raw)
