"""The formats, read as a stranger would: pieces of bytes in, lines or tables of a few columns out.

Memory is some megabytes whatever the file holds, and the longest row. Errors show nothing of what
is in a file: Arrow's own messages would.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from isal import isal_zlib

from ...datasets import Table
from ...encode import parquet_schema
from .hashes import disk
from .mismatches import Unreadable
from .objects import Pieces

_PIECE = 4 << 20
_GZIP_WINDOW = 31
_BATCH_ROWS = 1 << 16
# isal 1.8's stub calls the class an instance.
_BROKEN: type[Exception] = isal_zlib.IsalError  # type: ignore[assignment]


def unzipped(pieces: Pieces) -> Pieces:
    """Yield what a gzip file of one member holds; raises Unreadable if it is cut or broken."""
    inflate = isal_zlib.decompressobj(_GZIP_WINDOW)
    try:
        for piece in pieces:
            if inflate.eof:
                raise Unreadable("has bytes after the end of its gzip stream")
            while piece and not inflate.eof:
                if held := inflate.decompress(piece, _PIECE):
                    yield held
                piece = inflate.unconsumed_tail  # noqa: PLW2901 - what is left of it
    except _BROKEN as problem:
        raise Unreadable("is not a complete gzip stream") from problem
    if not inflate.eof:
        raise Unreadable("ends in the middle of its gzip stream")
    if inflate.unused_data:
        raise Unreadable("has bytes after the end of its gzip stream")


def lines(pieces: Pieces) -> Iterator[bytes]:
    """Yield the lines of unzipped pieces, without their ends; raises Unreadable."""
    pending = b""
    for piece in pieces:
        *whole, pending = (pending + piece).split(b"\n")
        yield from whole
    if pending:
        raise Unreadable("ends within a line")


def csv_tables(pieces: Pieces, table: Table, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the rows of unzipped CSV, these columns of them, as bytes; raises Unreadable.

    The header must be the declared one, to the letter.
    """
    header = (",".join(f'"{name}"' for name in table.names) + "\n").encode()
    read = pa.csv.ConvertOptions(
        include_columns=list(columns),
        column_types=dict.fromkeys(columns, pa.binary()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    for block in _whole_rows(_without(header, pieces)):  # threads cost more than they give here
        try:
            yield pa.csv.read_csv(
                pa.py_buffer(block),
                pa.csv.ReadOptions(
                    column_names=table.names, block_size=len(block) + 1, use_threads=False
                ),
                pa.csv.ParseOptions(newlines_in_values=True),
                read,
            )
        except pa.ArrowInvalid as problem:
            raise Unreadable(f"is not a CSV file of {len(table.names)} columns") from problem


def _without(header: bytes, pieces: Pieces) -> Pieces:
    """Yield what comes after the header."""
    start = b""
    for piece in pieces:
        start += piece
        if len(start) >= len(header):
            break
    if not start.startswith(header):
        raise Unreadable("does not begin with the declared header")
    yield start[len(header) :]
    yield from pieces


def _whole_rows(pieces: Pieces) -> Pieces:
    pending = b""
    for piece in pieces:
        pending += piece
        if end := end_of_rows(pending):
            yield pending[:end]
            pending = pending[end:]
    if pending:
        raise Unreadable("ends within a row")


def end_of_rows(text: bytes) -> int:
    """Return where the last whole row of a text that begins with a row ends; 0 for none.

    Every value is quoted, so a line break is the end of a row where the number of quotes before
    it is even.
    """
    inside, at = text.count(b'"') % 2 == 1, len(text)
    while (found := text.rfind(b"\n", 0, at)) >= 0:
        if text.count(b'"', found, at) % 2 == 1:
            inside = not inside
        if not inside:
            return found + 1
        at = found
    return 0


def parquet_tables(pieces: Pieces, table: Table, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the rows of a Parquet file, these columns of them, as bytes; raises Unreadable.

    Its end must be read first, so it lies in a temporary file meanwhile.
    """
    with tempfile.TemporaryFile() as spool:
        for piece in pieces:
            with disk():
                spool.write(piece)
        try:
            yield from _row_groups(spool, table, columns)
        except (pa.ArrowException, OSError) as problem:
            raise Unreadable("is not a complete Parquet file") from problem


def _row_groups(spool: IO[bytes], table: Table, columns: Sequence[str]) -> Iterator[pa.Table]:
    spool.seek(0)
    with pq.ParquetFile(spool) as file:
        if not file.schema_arrow.equals(parquet_schema(table)):
            raise Unreadable("does not have the declared columns")
        for batch in file.iter_batches(_BATCH_ROWS, columns=list(columns)):
            texts = [column.cast(pa.string()).cast(pa.binary()) for column in batch.columns]
            yield pa.table(texts, names=batch.schema.names)


def json_tables(
    rows: Iterator[dict[str, Any]], table: Table, columns: Sequence[str]
) -> Iterator[pa.Table]:
    """Yield rows written as JSON objects, these columns of them, as bytes; raises Unreadable."""
    while some := list(islice(rows, _BATCH_ROWS)):
        if any(tuple(row) != table.names for row in some):
            raise Unreadable("has a line without the declared columns")
        found = {name: [_bytes(row[name]) for row in some] for name in columns}
        yield pa.table({name: pa.array(held, pa.binary()) for name, held in found.items()})


def _bytes(value: object) -> bytes | None:
    return None if value is None else str(value).encode("utf-8", "surrogatepass")
