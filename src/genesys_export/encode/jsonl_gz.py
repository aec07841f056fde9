"""The API's own records, one a line, into jsonl.gz: not a byte of a record is changed.

Only line breaks between its tokens are left out, so that a record is one line. JSON has no raw
line break inside a text, so all that a record holds are such; who decodes it has seen to that.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from itertools import accumulate

import msgspec
import pyarrow as pa

from .gzip import Gzip

RECORD = "record"
_LINE_BREAKS = b"\r\n"


def raw_rows(records: Sequence[bytes]) -> pa.RecordBatch:
    """Return records as rows of one column of bytes: a line each, with its line break."""
    if any(b"\n" in record or b"\r" in record for record in records):
        records = [record.translate(None, _LINE_BREAKS) for record in records]
    lines = b"\n".join([*records, b""])
    ends = accumulate((len(record) + 1 for record in records), initial=0)
    offsets = pa.array(array("q", ends), pa.int64())
    budget = [None, offsets.buffers()[1], pa.py_buffer(lines)]
    column = pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(records), budget)
    return pa.record_batch([column], names=[RECORD])


class JsonlGz:
    """One jsonl.gz file on its way to `sink`; used by one thread."""

    def __init__(self, sink: Callable[[bytes], None]) -> None:
        """Begin the file; without records it unpacks to nothing."""
        self._gzip = Gzip(sink)

    def write(self, rows: pa.RecordBatch, starts: pa.TimestampArray | None = None) -> None:
        """Add the rows of `raw_rows`, in their order: `starts` changes nothing."""
        del starts
        lines = rows.column(RECORD)
        _, offsets, letters = lines.buffers()
        ends = memoryview(offsets).cast("q")[lines.offset : lines.offset + len(lines) + 1]
        self._gzip.write(memoryview(letters)[ends[0] : ends[-1]])

    def close(self) -> None:
        """Finish the file."""
        self._gzip.close()


class RowsJsonl(JsonlGz):
    """A declared table as jsonl.gz: each row a JSON object with every column, dates as text."""

    def write(self, rows: pa.RecordBatch, starts: pa.TimestampArray | None = None) -> None:
        """Add rows, in their order: `starts` changes nothing."""
        super().write(raw_rows([msgspec.json.encode(row) for row in rows.to_pylist()]), starts)
