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
_TEXTS = pa.list_(pa.string())
_ESCAPED = bytes(range(0x20)) + b'"\\'


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
        from pyarrow import csv  # noqa: PLC0415 - no other format waits for it

        del starts
        texts = [self._text(column) for column in rows.columns]
        batch = pa.record_batch(texts, names=rows.schema.names)
        out = pa.BufferOutputStream()
        bare = csv.WriteOptions(include_header=False, quoting_style="all_valid")
        csv.write_csv(batch, out, bare)
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
    are_texts = pa.types.is_string(lists.type.value_type)
    if not are_texts:
        lists = lists.cast(_TEXTS)
    elements = lists.flatten()
    sizes = pc.list_value_length(lists)
    first, between, last = "[", ",", "]"
    if elements.null_count or (are_texts and _may_need_escapes(elements)):
        lists = _relisted(lists, sizes, _as_json(elements) if are_texts else elements)
    elif are_texts:
        first, between, last = '["', '","', '"]'
    texts = pc.binary_join_element_wise(first, pc.binary_join(lists, between), last, "")
    if are_texts and pc.min(sizes).as_py() == 0:
        texts = pc.if_else(pc.equal(sizes, 0), "[]", texts)
    return texts


def _may_need_escapes(texts: pa.StringArray) -> bool:
    """Whether a byte that JSON escapes is in the array's buffer: a quick look, not a search."""
    data = texts.buffers()[2]
    if data is None:
        return False
    letters = data.to_pybytes()
    return len(letters.translate(None, _ESCAPED)) != len(letters)


def _as_json(texts: pa.StringArray) -> pa.StringArray:
    """Return texts as JSON: each distinct one is written once."""
    distinct = texts.dictionary_encode()
    written = [json.dumps(one, ensure_ascii=False) for one in distinct.dictionary.to_pylist()]
    return pa.array(written, pa.string()).take(distinct.indices)


def _relisted(lists: pa.ListArray, sizes: pa.Int32Array, elements: pa.StringArray) -> pa.ListArray:
    """Return the lists with other elements in their places, null ones as the word."""
    ends = pc.cumulative_sum(pc.fill_null(sizes, 0))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    spelled = pc.fill_null(elements, "null")
    return pa.ListArray.from_arrays(offsets, spelled, mask=lists.is_null())
