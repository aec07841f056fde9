"""Batches into Parquet: zstd, whole row groups, statistics, one schema for every file of a table.

Everything comes from the declaration: types, descriptions, and which columns get a dictionary.
Instants come as text and become timestamps here. The rows of a row group are sorted by their
conversation's start. Knows nothing of files: bytes go to a sink as row groups fill.

A row group must be held whole before it is written. So the files of one slice share an allowance:
when they hold more, the one that holds most writes a row group. Big tables so get row groups
of ten to a hundred thousand rows (readers split and skip by them), small ones a single one a file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from ..datasets import Column, Kind, PersonalData, Table, Type

GROUP_ROWS = 1 << 20  # of a row group at most, whatever is allowed
_LEVEL = 1  # level 3: files 2.3 % smaller, 3 % more CPU of a whole run (tried 2026-11)
_DICTIONARY_BYTES = 256 << 10  # a column chunk's at most; at Arrow's mebibyte files are 3 % larger
_ARROW = {
    Type.STRING: pa.string(),
    Type.INT64: pa.int64(),
    Type.FLOAT64: pa.float64(),
    Type.BOOL: pa.bool_(),
    Type.TIMESTAMP: pa.timestamp("ms", "UTC"),
    Type.DATE: pa.date32(),
    Type.STRINGS: pa.list_(pa.field("element", pa.string())),  # as Parquet calls it
    Type.INT64S: pa.list_(pa.field("element", pa.int64())),
}


def parquet_schema(table: Table) -> pa.Schema:
    """Return the schema of a table's files; each field says what it means and where it is from."""
    return pa.schema([_field(column) for column in table.columns])


@dataclass(slots=True)
class MemoryBudget:
    """What the Parquet files of one slice hold back together; used by one thread."""

    limit_bytes: int
    files: list[Parquet] = field(default_factory=list)

    def settle(self) -> None:
        """Let the files that hold most write a row group, until all hold no more than allowed."""
        while sum(file.held_bytes for file in self.files) > self.limit_bytes:
            max(self.files, key=lambda file: file.held_bytes).flush()


class Parquet:
    """One Parquet file on its way to `sink`; used by one thread.

    A file without rows has its schema and no row group.
    """

    def __init__(self, table: Table, sink: Callable[[bytes], None], budget: MemoryBudget) -> None:
        """Begin the file."""
        self._schema = parquet_schema(table)
        from pyarrow.parquet import ParquetWriter  # noqa: PLC0415 - no other format waits for it

        self._writer = ParquetWriter(
            pa.PythonFile(_Outlet(sink), mode="w"),
            self._schema,
            compression="zstd",
            compression_level=_LEVEL,
            use_dictionary=[_leaf(column) for column in table.columns if _repeats(column)],
            dictionary_pagesize_limit=_DICTIONARY_BYTES,
            write_page_index=True,
        )
        self._budget = budget
        self._rows: list[pa.RecordBatch] = []
        self._starts: list[pa.Array] = []
        self._count = self.held_bytes = 0
        budget.files.append(self)

    def write(self, rows: pa.RecordBatch, starts: pa.Array) -> None:
        """Add rows; `starts` has the start of each one's conversation."""
        self._rows.append(rows.cast(self._schema))
        self._starts.append(starts)
        self._count += rows.num_rows
        self.held_bytes += self._rows[-1].nbytes + starts.nbytes
        if self._count >= GROUP_ROWS:
            self.flush()
        self._budget.settle()

    def flush(self) -> None:
        """Write the buffered rows as a row group."""
        if self._count:
            rows = _sorted(pa.Table.from_batches(self._rows), pa.chunked_array(self._starts))
            self._writer.write_table(rows, row_group_size=self._count)
        self._rows, self._starts = [], []
        self._count = self.held_bytes = 0

    def close(self) -> None:
        """Write the last row group and the footer."""
        self.flush()
        self._writer.close()
        self._budget.files.remove(self)


def _field(column: Column) -> pa.Field:
    told = {"description": column.description, "api_path": column.path or "", "unit": column.unit}
    present = {key: value for key, value in told.items() if value}
    return pa.field(column.name, _ARROW[column.type], metadata=present)


def _repeats(column: Column) -> bool:
    """Whether a dictionary pays: ids, enums, names, days, positions, counts; no prose, no clocks.

    Where one turns out not to, Parquet's writer gives it up when it is full.
    """
    if column.kind is Kind.EXTRA or column.personal_data is PersonalData.SENSITIVE:
        return False
    if column.type is Type.INT64:
        return column.kind in (Kind.KEY, Kind.COUNT)
    return column.type in (Type.STRING, Type.STRINGS, Type.DATE)


def _leaf(column: Column) -> str:
    """Return what Parquet calls the column's values."""
    return f"{column.name}.list.element" if column.type.is_list else column.name


def _sorted(rows: pa.Table, starts: pa.ChunkedArray) -> pa.Table:
    """Return the rows by start; those of one start stay as they came."""
    starts = starts.combine_chunks()
    if pc.all(pc.less_equal(starts[:-1], starts[1:])).as_py():  # none: also true
        return rows
    return rows.take(pc.array_sort_indices(starts))


class _Outlet:
    """What Arrow takes for a file: hands bytes on and keeps none."""

    def __init__(self, sink: Callable[[bytes], None]) -> None:
        self._sink = sink
        self.closed = False

    def write(self, data: bytes) -> int:
        """Pass on."""
        self._sink(data)
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Take no more."""
        self.closed = True
