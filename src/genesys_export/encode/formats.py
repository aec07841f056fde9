"""The file formats, and how a table's file begins in each.

The one place that knows all encoders; who writes files knows only `Encoder`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import pyarrow as pa

from ..datasets import Table
from .csv_gz import CsvGz, Newlines
from .jsonl_gz import JsonlGz, RowsJsonl
from .parquet import MemoryBudget, Parquet

_DAY_HELD_BYTES = 32 << 20  # by all Parquet files that are being written; 64: 45 MiB more in all
_LEAST_HELD_BYTES = 8 << 20  # by those of a slice; smaller row groups would serve nobody


class Format(StrEnum):
    """How tables are written; the value is what their files' names end with."""

    CSV = "csv.gz"
    PARQUET = "parquet"
    JSONL = "jsonl.gz"

    @property
    def content_type(self) -> str:
        """What the object says it is; no Content-Encoding, or readers would unzip unasked."""
        return _CONTENT_TYPES[self]


_CONTENT_TYPES = {
    Format.CSV: "application/gzip",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.JSONL: "application/gzip",
}


class Encoder(Protocol):
    """One file on its way to a sink; used by one thread."""

    def write(self, rows: pa.RecordBatch, starts: pa.TimestampArray) -> None:
        """Add rows; `starts` has the start of each one's conversation."""
        ...

    def close(self) -> None:
        """Write what is left and the end of the file."""
        ...


@dataclass(frozen=True, slots=True)
class Opener:
    """Begins the files of one slice; `budget` is what its Parquet files hold back together."""

    newlines: Newlines = Newlines.KEEP
    budget: MemoryBudget = field(default_factory=lambda: MemoryBudget(_DAY_HELD_BYTES))

    @classmethod
    def of_slice(cls, slices: int, newlines: Newlines) -> Opener:
        """Return the opener of one of so many slices side by side, with its share of memory."""
        return cls(newlines, MemoryBudget(max(_DAY_HELD_BYTES // slices, _LEAST_HELD_BYTES)))

    def open(self, form: Format, table: Table | None, sink: Callable[[bytes], None]) -> Encoder:
        """Begin a table's file; None is the raw one, whose rows are records (`raw_rows`)."""
        if table is None:
            return JsonlGz(sink)
        if form is Format.JSONL:
            return RowsJsonl(sink)
        if form is Format.PARQUET:
            return Parquet(table, sink, self.budget)
        texts = pa.schema([(name, pa.string()) for name in table.names])
        return CsvGz(texts, sink, self.newlines)
