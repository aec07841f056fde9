"""SHAPE of periods: rows of users, from when to when, become the rows of one day.

A period belongs to every day it touches and is clipped there; of the slices of a day to the one in
which its clipped start lies. One that comes again (the source stores what crosses midnight twice)
is written once: of copies that differ the one that says more. All rows of a slice are held, by the
column, some 40 bytes each, twice that while they are put in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc

from ..datasets import PeriodColumns
from ..days import MILLISECOND, Slice
from ..model import Batch, sum_digests
from . import arrow_schema
from .copies import in_order
from .derived import TIMES

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")
_BATCH_ROWS = 1 << 16
_BETWEEN, _NOTHING = "\x1f", "\x00"


@dataclass(slots=True)
class Tally:
    """What became of the rows of one table."""

    exported: int = 0
    duplicates: int = 0
    differing: int = 0
    of_other_days: int = 0
    open: int = 0
    digest: int = 0  # sum of the rows' hashes, whatever their order


@dataclass(slots=True)
class Periods:
    """The rows of one table and slice: added as they come, then written in order."""

    columns: PeriodColumns
    slice: Slice
    tally: Tally = field(default_factory=Tally)
    _held: list[pa.RecordBatch] = field(default_factory=list)

    def add(
        self,
        users: pa.Int32Array,
        times: tuple[pa.StringArray, pa.StringArray],
        values: Sequence[pa.StringArray],
        extras: pa.StringArray,
    ) -> int:
        """Hold the rows whose clipped start lies in the slice; returns how many.

        Users are numbers. Times, starts and ends, are canonical texts; every row has a start.
        Whether a row touches the day can be told only by the best of its copies, at the end.
        """
        start, end = (one.cast(TIMES).cast(pa.int64()) for one in times)
        clipped = pc.max_element_wise(start, _ms(self.slice.day.interval.start))
        interval = self.slice.interval
        mine = pc.and_(
            pc.greater_equal(clipped, _ms(interval.start)), pc.less(clipped, _ms(interval.end))
        )
        names = ["user", "start", "end", *(one.name for one in self.columns.values), "extra"]
        coded = (one.dictionary_encode() for one in values)
        held = pa.record_batch([users, start, end, *coded, extras], names=names).filter(mine)
        if held.num_rows:
            self._held.append(held)
        self.tally.of_other_days += len(users) - held.num_rows
        return int(held.num_rows)

    def batches(self, users: Sequence[str], reached: datetime | None) -> Iterator[Batch]:
        """Yield the rows in order of user and start; `users` are the ids by number.

        `reached` is up to when the source was complete: there open rows are clipped. Can be
        called once.
        """
        if not self._held:
            return
        rows = pa.Table.from_batches(self._held).unify_dictionaries().combine_chunks()
        self._held = []
        order = self._touching(rows, self._in_order(rows, users))
        ids = pa.array(users, pa.string())
        for first in range(0, len(order), _BATCH_ROWS):
            some = rows.take(order.slice(first, _BATCH_ROWS)).combine_chunks()
            (some,) = some.to_batches()
            batch = self._batch(some, ids.take(some.column("user")), reached)
            self._count(batch.rows)
            yield batch

    def _in_order(self, rows: pa.Table, users: Sequence[str]) -> pa.Array:
        """Return the places of the rows to be written, one for each user and start."""
        by_name = pc.array_sort_indices(pa.array(users, pa.string()))
        rank = pc.array_sort_indices(by_name).take(rows["user"])
        others = [*(one.name for one in self.columns.values), "extra"]
        found = in_order(rows, rank, others)
        self.tally.duplicates += found.duplicates
        self.tally.differing += found.differing
        return found.places

    def _touching(self, rows: pa.Table, order: pa.Array) -> pa.Array:
        """Return the places of those that last into the day, or begin in it."""
        day = _ms(self.slice.day.interval.start)
        start, end = (rows[name].combine_chunks().take(order) for name in ("start", "end"))
        lasts = pc.fill_null(pc.greater(end, day), fill_value=True)
        touching = order.filter(pc.or_(lasts, pc.greater_equal(start, day)))
        self.tally.of_other_days += len(order) - len(touching)
        return touching

    def _batch(
        self, rows: pa.RecordBatch, users: pa.StringArray, reached: datetime | None
    ) -> Batch:
        whole = self.slice.day.interval
        start, end = rows.column("start"), rows.column("end")
        first, last = _ms(whole.start), _ms(whole.end)
        until = last if reached is None else min(last, _ms(reached))
        clipped_start = pc.max_element_wise(start, first)
        ends = pc.min_element_wise(pc.fill_null(end, until), last)
        clipped_end = pc.max_element_wise(ends, clipped_start)
        made = {
            self.columns.table.day.name: pa.repeat(
                pa.scalar(self.slice.day.date, pa.date32()), len(start)
            ),
            self.columns.user.name: users,
            self.columns.start.name: texts_of(start),
            self.columns.end.name: texts_of(end),
            "clipped_start": texts_of(clipped_start),
            "clipped_end": texts_of(clipped_end),
            "duration_ms": pc.subtract(clipped_end, clipped_start),
            "is_open": end.is_null(),
            self.columns.extra.name: rows.column("extra"),
            **{one.name: rows.column(one.name).cast(pa.string()) for one in self.columns.values},
        }
        table = self.columns.table
        arrays = [made[name] for name in table.names]
        batch = pa.record_batch(arrays, schema=arrow_schema(table))
        return Batch(table.name, batch, clipped_start.cast(TIMES))

    def _count(self, rows: pa.RecordBatch) -> None:
        """Add up rows and their hashes, of all that is written."""
        texts = [
            self.columns.table.name,
            *(one.cast(pa.string()) for one in rows.columns[1:]),
            _BETWEEN,
        ]
        lines = pc.binary_join_element_wise(
            *texts, null_handling="replace", null_replacement=_NOTHING
        )
        hashes = (sha256(one).digest() for one in lines.cast(pa.binary()).to_pylist())
        self.tally.digest = sum_digests(map(int.from_bytes, hashes), self.tally.digest)
        self.tally.exported += rows.num_rows
        self.tally.open += rows.column("is_open").true_count


def texts_of(instants_ms: pa.Int64Array) -> pa.StringArray:
    """Write instants, in ms since 1970, the way Genesys does.

    Without a zone: Arrow takes 30 times as long to write an instant of a zone, even of UTC.
    """
    texts = instants_ms.cast(pa.timestamp("ms")).cast(pa.string())
    return pc.binary_join_element_wise(pc.utf8_replace_slice(texts, 10, 11, "T"), "Z", "")


def _ms(instant: datetime) -> int:
    return (instant - _EPOCH) // MILLISECOND
