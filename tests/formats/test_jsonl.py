"""Raw lines: every record byte for byte, but for line breaks between its tokens."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesys_export.datasets import DEFAULT, dataset_named
from genesys_export.days import Interval
from genesys_export.decode import Decoder
from genesys_export.encode import JsonlGz, raw_rows

START = datetime(2026, 11, 22, tzinfo=UTC)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def written(*batches: list[bytes]) -> bytes:
    pieces: list[bytes] = []
    file = JsonlGz(pieces.append)
    for records in batches:
        file.write(raw_rows(tuple(records)))
    file.close()
    return gzip.decompress(b"".join(pieces))


def record(name: str, **more) -> dict:
    return {"conversationId": name, "conversationStart": "2026-11-22T08:00:00.000Z", **more}


def decode(*records: bytes):
    decoder = Decoder(dataset_named(DEFAULT), Interval(START, START + timedelta(1)))
    return decoder.decode(records)


@settings(max_examples=100, derandomize=True, database=None, deadline=None)
@given(st.lists(values, max_size=5))
def test_records_on_one_line_are_not_touched(found):
    records = [msgspec.json.encode({"it": value}) for value in found]
    assert written(records) == b"".join(one + b"\n" for one in records)


@settings(max_examples=100, derandomize=True, database=None, deadline=None)
@given(values, st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_record_over_several_lines_becomes_one_line_of_the_same_tokens(value, line_break):
    pretty = json.dumps({"it": value}, indent="\t").replace("\n", line_break)
    (line,) = written([pretty.encode()]).decode().splitlines()
    assert json.loads(line) == {"it": value}
    assert line == pretty.replace("\n", "").replace("\r", "")


def test_spellings_are_kept():
    odd = rb'{ "a" : 1.50e+2 , "b":"\u00e9\/\ud800", "n":-0.0, "big":12345678901234567890 }'
    assert written([odd]) == odd + b"\n"


def test_batches_cut_differently_give_the_same_lines():
    records = [json.dumps(record(str(n))).encode() for n in range(7)]
    assert written(records[:3], records[3:]) == written(records)


def test_a_file_without_records_unpacks_to_nothing():
    assert written() == b""


# --- which records are handed on -------------------------------------------------------------


def test_exported_records_are_handed_on_as_they_came():
    first = b'{ "conversationId":"a",\n "conversationStart":"2026-11-22T08:00:00.000Z" }'
    second = json.dumps(record("b", later=[1])).encode()  # an unknown field: the exact path
    block = decode(first, second)
    assert block.records == (first, second)
    assert block.conversations.num_rows == 2


@pytest.mark.parametrize(
    "other",
    [
        json.dumps(record("a")).encode(),
        json.dumps(record("b") | {"conversationStart": "2026-11-21T08:00:00.000Z"}).encode(),
        json.dumps(record("b", participants="none")).encode(),
        json.dumps(record("")).encode(),
        b"[]",
        b'{"conversationId":"b","conversationStart":"2026-11-22T08:00:00.000Z","x":"a\nb"}',
    ],
    ids=["a duplicate", "another day's", "broken", "without id", "no object", "a raw line break"],
)
def test_other_records_are_not(other):
    mine = json.dumps(record("a")).encode()
    assert decode(mine, other).records == (mine,)


# --- raw lines alone: records are sifted, not decoded ----------------------------------------


def sift(*records: bytes):
    decoder = Decoder(dataset_named(DEFAULT), Interval(START, START + timedelta(1)))
    return decoder.sift(records), decoder


END = "2026-11-22T08:10:00.000Z"


def test_sifting_hands_on_what_decoding_does_and_counts_the_same():
    records = [
        json.dumps(record("a", conversationEnd=END)).encode(),
        json.dumps(record("a", conversationEnd=END)).encode(),
        json.dumps(record("b", conversationEnd=None, later=[1])).encode(),
        json.dumps(record("c", conversationEnd="2026-11-22 08:10:00+00:00")).encode(),
        json.dumps(record("d", conversationEnd="soon")).encode(),
        json.dumps(record("e", conversationEnd=5, odd="\ud800")).encode(),
        json.dumps(record("f", participants="none")).encode(),
        b'{"conversationId":"g","conversationStart":"2026-11-22T08:00:00.000Z","x":"\xff"}',
        b"[]",
    ]
    sifted, decoder = sift(*records)
    whole = Decoder(dataset_named(DEFAULT), Interval(START, START + timedelta(1)))
    decoded = whole.decode(records)
    assert sifted.records == decoded.records
    assert {one.record for one in sifted.rejected} == {one.record for one in decoded.rejected}
    assert decoder.digest == whole.digest
    told, wanted = decoder.counts, whole.counts
    assert (told.exported, told.open, told.rejected) == (5, 1, 3)  # a malformed end is one
    assert (told.exported, told.open, told.rejected) == (
        wanted.exported,
        wanted.open,
        wanted.rejected,
    )


def test_sifting_tells_the_start_of_every_record_it_hands_on():
    first, second = (json.dumps(record(name)).encode() for name in "ab")
    broken = json.dumps(record("c", participants="none")).encode()
    block, _ = sift(first, broken, second)
    assert block.conversations.column("conversationStart").to_pylist() == 2 * [
        datetime(2026, 11, 22, 8, tzinfo=UTC)
    ]


def test_sifting_does_not_look_deep_into_a_record():
    deep = json.dumps(record("a", participants=[{"sessions": "none"}])).encode()
    block, decoder = sift(deep)
    assert block.records == (deep,)
    assert decode(deep).records == ()
    assert decoder.counts.rejected == 0
