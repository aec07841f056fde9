"""What must hold of any bytes whatever: the decoder never raises, and nothing gets lost.

Each check takes records and says by an AssertionError what does not hold; a note of the error
is the file to put into corpus/, so that the case is replayed for ever.
"""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
from contextlib import contextmanager
from dataclasses import replace

from plain import TABLES, first_copies, outcome
from program import comparable, packed_tables, run
from strategies import DAY, INTERVAL

csv.field_size_limit(1 << 26)
DEEP = 100  # the plain reading recurses: it is asked about records that are not deep


def check(records: list[bytes], read_by_duckdb=None) -> None:
    """Hold what the program makes of the records against all that must be."""
    with noted(records):
        made = run(records, DAY, INTERVAL)
        counts = made.counts
        assert counts.received == len(records)
        assert counts.received == (
            counts.exported + counts.duplicates + counts.of_other_days + counts.rejected
        )
        assert counts.exported == len(made.tables["conversations"])
        assert counts.rejected == len(made.rejected)
        assert {one for _, one in made.rejected} <= set(records)
        if all(is_shallow(record) for record in records):
            check_against_plain(records, made)
        check_csv(made, read_by_duckdb)


def check_against_plain(records, made) -> None:
    """Hold every row and count against the plain reading, which takes the first copy."""
    firsts = first_copies(records, INTERVAL)
    made = made if firsts == records else run(firsts, DAY, INTERVAL)
    plain = outcome(firsts, DAY, INTERVAL)
    for table in TABLES:
        name = table["name"]
        ours = comparable(made.tables[name], plain=False)
        assert ours == comparable(plain.tables[name], plain=True), name
    assert sorted(record for _, record in made.rejected) == sorted(plain.rejected)
    assert made.counts == replace(
        made.counts,
        exported=len(plain.kept),
        of_other_days=plain.other_days,
        duplicates=plain.duplicates,
        drift=plain.drift,
        unknown_fields=plain.unknown,
        open=sum(row["is_open"] for row in plain.tables["conversations"]),
    )


def check_csv(made, read_by_duckdb) -> None:
    """Read the files back: as many rows and columns, the same values, null apart from empty."""
    for table, packed in packed_tables(made.batches).items():
        kinds = {one["name"]: one["type"] for one in BY_NAME[table]["columns"]}
        wanted = [[*map(cell, row.values())] for row in made.tables[table]]
        text = gzip.decompress(packed).decode("utf-8")
        header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        assert header == list(kinds)
        assert_same(rows, [[text or "" for text in row] for row in wanted], kinds, table)
        if read_by_duckdb:
            found = [list(row) for row in read_by_duckdb(packed, tuple(kinds))]
            assert_same(found, wanted, kinds, table)


def cell(value) -> str | None:
    """Return a value of the rows as CSV must hold it."""
    if isinstance(value, bool | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value if value is None or isinstance(value, str) else str(value)


def assert_same(found, wanted, kinds, table) -> None:
    """Compare rows; doubles as numbers: 1e22 and 1e+22 are one value."""
    assert len(found) == len(wanted), table
    for row, expected in zip(found, wanted, strict=True):
        for one, other, kind in zip(row, expected, kinds.values(), strict=True):
            if kind == "float64" and one and other:
                assert float(one) == float(other), table
            else:
                assert one == other, table


def is_shallow(record: bytes) -> bool:
    return record.count(b"[") + record.count(b"{") < DEEP or deepest(record) < DEEP


def deepest(record: bytes) -> int:
    """Return how deep the brackets go, those in texts counted as well."""
    depth = most = 0
    for byte in record:
        depth += (byte in b"[{") - (byte in b"]}")
        most = max(most, depth)
    return most


@contextmanager
def noted(records: list[bytes]):
    """Add to any error what to keep of the case."""
    try:
        yield
    except Exception as problem:
        kept = json.dumps({"story": "say what it is", "records": [written(r) for r in records]})
        problem.add_note(f"tests/fuzz/corpus/<name>.json: {kept}")
        raise


def written(record: bytes):
    """Return a record as it stands in a corpus file."""
    try:
        return record.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(record).decode()}


def read(kept) -> bytes:
    """Return a record of a corpus file; `times` repeats what JSON would be too long for."""
    if isinstance(kept, str):
        return kept.encode()
    if "base64" in kept:
        return base64.b64decode(kept["base64"])
    return b"".join(piece.encode() * times for piece, times in kept["times"])


BY_NAME = {table["name"]: table for table in TABLES}
