"""One slice on its way: pages in, staged files out, one page fetched ahead.

Used by one thread a slice. Whatever goes wrong, what was staged is discarded and the job released
before the error goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event

from ..datasets import Table
from ..days import Slice
from ..decode import Decoder
from ..encode import CsvGz
from ..events import Observe, PageExported, PageReceived, SliceStaged
from ..flatten import Flattener, arrow_schema
from ..model import Batch, Counts, Fetch, Page, Source, StagedFile, Store, Upload
from .plan import CONTENT_TYPE, Plan
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


@dataclass(frozen=True, slots=True)
class StagedTable:
    """A table's staged file and how many rows it holds."""

    table: str
    rows: int
    file: StagedFile


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
    files = _Files(shop, part)
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


def _run(shop: Shop, part: Slice, fetch: Fetch, files: _Files) -> _Progress:
    progress = _Progress(Decoder(shop.plan.dataset, part.interval))
    flattener = Flattener(shop.plan.dataset, part.day.date, shop.plan.tables)
    pages: Iterator[Page] = iter(()) if part.interval.is_empty else fetch.pages()
    for page in ahead(pages, abandon=shop.abandon, clock=shop.clock):
        shop.observe(PageReceived(records=len(page.records), received_bytes=page.received_bytes))
        block = progress.decoder.decode(page.records)
        progress.saw(page.watermark)
        shop.rejects.add(block.rejected)
        batches = flattener.flatten(block)
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


@dataclass(slots=True)
class _File:
    upload: Upload
    encoder: CsvGz
    rows: int = 0


@dataclass(slots=True)
class _Files:
    """The files of one slice, one a table, all begun with their header."""

    shop: Shop
    part: Slice
    _files: dict[str, _File] = field(default_factory=dict)

    def write(self, batch: Batch) -> None:
        """Add a batch to its table's file."""
        file = self._file(batch.table)
        file.encoder.write(batch.rows)
        file.rows += batch.rows.num_rows

    def seal(self) -> tuple[StagedTable, ...]:
        """Finish every table's file, in the declared order; those without rows hold a header."""
        staged = []
        for name in self.shop.plan.tables:
            file = self._file(name)
            file.encoder.close()
            staged.append(StagedTable(name, file.rows, file.upload.seal()))
        return tuple(staged)

    def discard(self) -> None:
        """Throw away what was staged."""
        for file in self._files.values():
            file.upload.discard()

    def _file(self, name: str) -> _File:
        if name not in self._files:
            table: Table = self.shop.plan.dataset.table(name)
            key = self.shop.plan.key(name, self.part)
            upload = self.shop.store.stage(key, self.shop.token, CONTENT_TYPE)
            encoder = CsvGz(arrow_schema(table), upload.write, self.shop.plan.newlines)
            self._files[name] = _File(upload, encoder)
        return self._files[name]
