"""The API's own records, one a line, into jsonl.gz: not a byte of a record is changed.

Only line breaks between its tokens are left out, so that a record is one line. JSON has no raw
line break inside a text, so all that a record holds are such; who decodes it has seen to that.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from .gzip import Gzip

RECORD = "record"
_LINE_BREAKS = b"\r\n"


def raw_rows(records: tuple[bytes, ...]) -> pa.RecordBatch:
    """Return records as rows of one column of bytes."""
    return pa.record_batch([pa.array(records, pa.large_binary())], names=[RECORD])


class JsonlGz:
    """One jsonl.gz file on its way to `sink`; used by one thread."""

    def __init__(self, sink: Callable[[bytes], None]) -> None:
        """Begin the file; without records it unpacks to nothing."""
        self._gzip = Gzip(sink)

    def write(self, rows: pa.RecordBatch, starts: pa.TimestampArray | None = None) -> None:
        """Add records, a line each, in their order: `starts` changes nothing."""
        del starts
        for record in rows.column(RECORD).to_pylist():
            self._gzip.write(_one_line(record))
            self._gzip.write(b"\n")

    def close(self) -> None:
        """Finish the file."""
        self._gzip.close()


def _one_line(record: bytes) -> bytes:
    if b"\n" in record or b"\r" in record:
        return record.translate(None, _LINE_BREAKS)
    return record
