r"""Batches into csv.gz: RFC 4180 with `\n` line ends, UTF-8, every value quoted, null as nothing.

Arrow's writer does the quoting; here is only what CSV has no word for: lists become JSON text,
line breaks are kept, escaped or blanked. Instants come as text already.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from .gzip import Gzip


class Newlines(StrEnum):
    """What becomes of a line break inside a value."""

    KEEP = "keep"
    ESCAPE = "escape"  # \n and \r as two characters each; a backslash as two of them
    SPACE = "space"


_REPLACEMENTS = {
    Newlines.KEEP: (),
    Newlines.ESCAPE: (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r")),
    Newlines.SPACE: (("\r\n", " "), ("\n", " "), ("\r", " ")),
}
_BARE = pa.csv.WriteOptions(include_header=False, quoting_style="all_valid")
_NEEDS_ESCAPE = r'[\x00-\x1f"\\]'


class CsvGz:
    """One csv.gz file on its way to `sink`; used by one thread.

    The header line is written at once, so a file without rows is header-only, never empty.
    """

    def __init__(
        self, schema: pa.Schema, sink: Callable[[bytes], None], newlines: Newlines
    ) -> None:
        """Begin the file."""
        self._replacements = _REPLACEMENTS[newlines]
        self._gzip = Gzip(sink)
        header = ",".join(f'"{name}"' for name in schema.names)
        self._gzip.write(f"{header}\n".encode())

    def write(self, rows: pa.RecordBatch, starts: pa.TimestampArray | None = None) -> None:
        """Add rows, in their order: `starts` changes nothing."""
        del starts
        texts = [self._text(column) for column in rows.columns]
        batch = pa.record_batch(texts, names=rows.schema.names)
        out = pa.BufferOutputStream()
        pa.csv.write_csv(batch, out, _BARE)
        self._gzip.write(memoryview(out.getvalue()))

    def close(self) -> None:
        """Finish the file."""
        self._gzip.close()

    def _text(self, column: pa.Array) -> pa.Array:
        if pa.types.is_list(column.type):
            column = json_texts(column)
        if pa.types.is_string(column.type):
            for old, new in self._replacements:
                column = pc.replace_substring(column, old, new)
        return column


def json_texts(lists: pa.ListArray) -> pa.StringArray:
    """Return every list as compact JSON text, a null list as null."""
    if lists.null_count == len(lists):
        return pa.nulls(len(lists), pa.string())
    first, last = lists.offsets[0].as_py(), lists.offsets[-1].as_py()  # a slice has others' too
    elements = _json_elements(lists.values.slice(first, last - first))
    again = pa.ListArray.from_arrays(pc.subtract(lists.offsets, first), elements)
    texts = pc.binary_join_element_wise("[", pc.binary_join(again, ","), "]", "")
    return pc.if_else(lists.is_valid(), texts, None)


def _json_elements(values: pa.Array) -> pa.StringArray:
    if not pa.types.is_string(values.type):
        return pc.fill_null(values.cast(pa.string()), "null")
    if pc.any(pc.match_substring_regex(values, _NEEDS_ESCAPE)).as_py():
        texts = (json.dumps(value, ensure_ascii=False) for value in values.to_pylist())
        return pa.array(texts, pa.string())
    return pc.fill_null(pc.binary_join_element_wise('"', values, '"', ""), "null")
