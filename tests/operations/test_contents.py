"""The formats as a stranger reads them: in pieces of any size, rows of any length."""

import csv
import gzip
import io

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesys_export.datasets import DEFAULT, dataset_named
from genesys_export.encode import CsvGz, Newlines
from genesys_export.operations.verify.contents import csv_tables, end_of_rows, lines, unzipped
from genesys_export.operations.verify.mismatches import Unreadable

TABLE = dataset_named(DEFAULT).table("participant_attributes")
VALUES = (
    st.none()
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.sampled_from(['"', "\n", '"\n"', ",", '","', "\r\n", ""])
)


def pieces(body, size):
    return (body[at : at + size] for at in range(0, len(body), size))


def written(keys):
    """Return a CSV file of the table, as the exporter writes it."""
    out = bytearray()
    file = CsvGz(
        pa.schema([(name, pa.string()) for name in TABLE.names]), out.extend, Newlines.KEEP
    )
    held = {name: keys if name == "attribute_key" else ["x"] * len(keys) for name in TABLE.names}
    file.write(pa.record_batch({name: pa.array(v, pa.string()) for name, v in held.items()}))
    file.close()
    return bytes(out)


@given(st.lists(VALUES, min_size=1, max_size=20), st.integers(1, 50))
def test_values_come_back_from_csv_whatever_is_in_them(keys, size):
    body = gzip.decompress(written(keys))
    found = csv_tables(pieces(body, size), TABLE, ["attribute_key"])
    assert [key for table in found for key in table.column("attribute_key").to_pylist()] == [
        None if key is None else key.encode() for key in keys
    ]


@given(st.lists(st.lists(VALUES, min_size=2, max_size=2), max_size=6), st.integers(0, 200))
def test_the_end_of_the_last_whole_row_is_found(rows, cut):
    out = io.StringIO(newline="")
    ends = [0]
    for row in rows:
        texts = [value or "" for value in row]
        csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(texts)
        ends.append(len(out.getvalue().encode()))
    text = out.getvalue().encode()[:cut]
    assert end_of_rows(text) == max(end for end in ends if end <= len(text))


def test_a_row_longer_than_a_piece_is_one_row():
    keys = ["a", "b" * (9 << 20), "c"]
    tables = list(csv_tables(unzipped(pieces(written(keys), 1 << 16)), TABLE, ["attribute_key"]))
    assert sum(table.num_rows for table in tables) == 3


@given(st.binary(max_size=300), st.integers(1, 40))
def test_gzip_is_unpacked_in_pieces_of_any_size(body, size):
    assert b"".join(unzipped(pieces(gzip.compress(body), size))) == body


def test_what_unpacks_to_a_thousand_times_its_size_comes_in_small_pieces():
    bomb = gzip.compress(bytes(64 << 20))
    sizes = [len(piece) for piece in unzipped(iter([bomb]))]
    assert (sum(sizes), max(sizes) <= 4 << 20) == (64 << 20, True)


@given(st.lists(st.binary(max_size=5).filter(lambda one: b"\n" not in one)), st.integers(1, 9))
def test_lines_are_cut_at_line_feeds_only(told, size):
    body = b"".join(line + b"\n" for line in told)
    assert list(lines(pieces(body, size))) == told


def test_an_empty_file_has_no_header():
    with pytest.raises(Unreadable, match="declared header"):
        list(csv_tables(iter(()), TABLE, ["attribute_key"]))
