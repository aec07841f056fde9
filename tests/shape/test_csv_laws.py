"""What csv.gz promises its readers: every value comes back, and null is not empty text.

Two readers that share nothing with the writer: Python's csv module for the values, DuckDB for the
values and for null against empty (Python 3.11's csv can't tell those apart).
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from itertools import pairwise
from random import Random

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain import TABLES, flatten
from plain_values import csv_text
from program import packed_tables, run
from strategies import DAY, INTERVAL, ODD_TEXTS, blocks, law

from genesys_export.encode import CsvGz, Newlines

COLUMNS = {
    "text": ("string", pa.string()),
    "whole": ("int64", pa.int64()),
    "broken": ("float64", pa.float64()),
    "truth": ("bool", pa.bool_()),
    "texts": ("list<string>", pa.list_(pa.string())),
    "wholes": ("list<int64>", pa.list_(pa.int64())),
    "more": ("string", pa.string()),
}
SCHEMA = pa.schema([pa.field(name, kind) for name, (_, kind) in COLUMNS.items()])
texts = st.none() | st.sampled_from(ODD_TEXTS) | st.text(max_size=6)
wholes = st.none() | st.integers(-(2**63), 2**63 - 1)
values = (
    texts,
    wholes,
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.booleans(),
    st.none() | st.lists(texts, max_size=3),
    st.none() | st.lists(wholes, max_size=3),
    texts,
)
tables = st.lists(st.tuples(*values), max_size=12)
KINDS = [kind for kind, _ in COLUMNS.values()]


def record_batch(rows) -> pa.RecordBatch:
    columns = zip(*rows, strict=True) if rows else [[]] * len(SCHEMA)
    return pa.record_batch(
        [pa.array(list(c), f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )


def written(batches, newlines=Newlines.KEEP) -> bytes:
    pieces: list[bytes] = []
    file = CsvGz(SCHEMA, pieces.append, newlines)
    for batch in batches:
        file.write(batch)
    file.close()
    return b"".join(pieces)


def read_by_python(packed: bytes) -> list[list[str]]:
    text = gzip.decompress(packed).decode("utf-8")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


@pytest.fixture(scope="module")
def read_by_duckdb(tmp_path_factory):
    path = tmp_path_factory.mktemp("csv") / "rows.csv.gz"
    with duckdb.connect() as database:

        def read(packed: bytes, names=tuple(COLUMNS)) -> list[tuple]:
            path.write_bytes(packed)
            return database.execute(
                "SELECT * FROM read_csv(?, header=true, delim=',', quote='\"', escape='\"',"
                " all_varchar=true, allow_quoted_nulls=false, compression='gzip',"
                " new_line='\\n', auto_detect=false, columns=?)",
                [str(path), dict.fromkeys(names, "VARCHAR")],
            ).fetchall()

        yield read


def expected(rows) -> list[tuple]:
    return [tuple(map(csv_text, row, KINDS)) for row in rows]


def same(found, wanted, kind: str) -> bool:
    """Doubles compare as numbers: two shortest spellings (1e22, 1e+22) are one value."""
    if kind == "float64" and found and wanted:
        return float(found) == float(wanted)
    return found == wanted


def assert_rows(found, wanted, kinds=KINDS) -> None:
    assert len(found) == len(wanted)
    for row, want in zip(found, wanted, strict=True):
        assert [
            (one, other)
            for one, other, kind in zip(row, want, kinds, strict=True)
            if not same(one, other, kind)
        ] == []


@law(150)
@given(tables)
def test_pythons_csv_module_reads_back_every_value(rows):
    header, *found = read_by_python(written([record_batch(rows)]))
    assert header == list(COLUMNS)
    assert_rows(found, [[text or "" for text in row] for row in expected(rows)])


@law(100)
@given(tables)
def test_duckdb_reads_back_every_value_and_null_is_not_empty(read_by_duckdb, rows):
    assert_rows(read_by_duckdb(written([record_batch(rows)])), expected(rows))


def unescaped(text: str) -> str:
    """Undo `escape`: two characters for each of backslash, newline and carriage return."""
    pairs = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}
    return re.sub(r"\\[\\nr]", lambda match: pairs[match[0]], text)


@law(80)
@given(tables)
def test_escaped_newlines_keep_a_row_on_one_line_and_can_be_undone(rows):
    packed = written([record_batch(rows)], Newlines.ESCAPE)
    lines = gzip.decompress(packed).split(b"\n")
    assert len(lines) == len(rows) + 2  # the header, and nothing after the last line end
    assert b"\r" not in b"".join(lines)
    found = [[unescaped(text) for text in row] for row in read_by_python(packed)[1:]]
    assert_rows(found, [[text or "" for text in row] for row in expected(rows)])


@law(80)
@given(tables)
def test_spaced_newlines_turn_every_line_break_into_one_blank(rows):
    packed = written([record_batch(rows)], Newlines.SPACE)
    assert gzip.decompress(packed).count(b"\n") == len(rows) + 1
    spaced = [[re.sub("\r\n|\r|\n", " ", text or "") for text in row] for row in expected(rows)]
    assert_rows(read_by_python(packed)[1:], spaced)


@law(60)
@given(tables, st.lists(st.integers(0, 12)), st.sampled_from(Newlines))
def test_batches_cut_differently_give_the_same_bytes(rows, cuts, newlines):
    whole = record_batch(rows)
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    slices = [whole.slice(start, end - start) for start, end in pairwise(edges)]
    again = [record_batch(rows[start:end]) for start, end in pairwise(edges)]
    assert written(slices, newlines) == written(again, newlines) == written([whole], newlines)


def test_a_large_file_is_the_same_however_its_rows_were_batched():
    rng = Random(7)
    rows = [(f"{rng.random()}" * 9, n, n / 7, True, ["a"] * 9, [n], None) for n in range(9_000)]
    whole = record_batch(rows)
    cuts = [0, *sorted(rng.randint(0, 9_000) for _ in range(40)), 9_000]
    sliced = [whole.slice(start, end - start) for start, end in pairwise(cuts)]
    assert len(gzip.decompress(written([whole]))) > 4 * 2**18  # several of the encoder's blocks
    assert written(sliced) == written([whole])


def test_every_value_is_quoted_and_null_is_nothing_between_the_commas():
    rows = [("a", 1, 0.5, True, ["x", None, 'q"'], [1, None], ""), (None,) * len(KINDS)]
    header, first, second, end = gzip.decompress(written([record_batch(rows)])).split(b"\n")
    assert header == b'"text","whole","broken","truth","texts","wholes","more"'
    assert first == b'"a","1","0.5","true","[""x"",null,""q\\""""]","[1,null]",""'
    assert second == b",,,,,,"
    assert end == b""


def test_a_file_without_rows_has_its_header():
    assert gzip.decompress(written([])).count(b"\n") == 1


def test_the_gzip_header_names_no_file_and_no_time():
    packed = written([])
    assert packed[:2] == b"\x1f\x8b"
    assert packed[3] == 0  # no name, no comment
    assert packed[4:8] == bytes(4)  # no time


@law(20)
@given(blocks())
def test_every_table_of_any_conversations_comes_back_as_the_plain_rules_have_it(
    read_by_duckdb, records
):
    packed = packed_tables(run(records, DAY, INTERVAL).batches)
    rows = flatten(records, DAY, INTERVAL)
    for table in TABLES:
        kinds = {column["name"]: column["type"] for column in table["columns"]}
        wanted = [
            [csv_text(value, kinds[name]) for name, value in row.items()]
            for row in rows[table["name"]]
        ]
        found = read_by_duckdb(packed[table["name"]], tuple(kinds))
        assert_rows(found, wanted, kinds.values())
