"""What becomes of a record: ours, another day's, met before, rejected; and what is counted."""

from __future__ import annotations

import gzip
import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from program import DATASET, made_of, packed_tables, record, run
from strategies import DAY, INTERVAL, NEAR_INSTANTS, NO_INSTANTS, law

from genesys_export.days import Interval, iso_ms, parse_instant
from genesys_export.decode import Decoder
from genesys_export.decode.instants import is_canonical
from genesys_export.flatten import Flattener
from genesys_export.model import Counts

# --- verdicts --------------------------------------------------------------------------------

REJECTED = [
    (b"", "the record can't be parsed as JSON"),
    (record()[:-1], "the record can't be parsed as JSON"),
    (record() + record(), "the record can't be parsed as JSON"),
    (record(a=1).replace(b"1", b"NaN"), "the record can't be parsed as JSON"),
    (record(externalTag="!").replace(b"!", b"\\q"), "the record can't be parsed as JSON"),
    (record(externalTag="!").replace(b"!", b"\n"), "the record can't be parsed as JSON"),
    (b"[" * 100_000, "the record is nested too deeply"),
    (
        record(x=0).replace(b"0}", b'{"a":' * 600 + b"1" + b"}" * 601),
        "the record is nested too deeply",
    ),
    (b"[]", "the record is not a JSON object"),
    (b"null", "the record is not a JSON object"),
    (
        b'{"conversationStart":"2026-11-22T08:00:00.000Z"}',
        "conversationId is missing or not a text",
    ),
    (record(conversationId=None), "conversationId is missing or not a text"),
    (record(conversationId=7), "conversationId is missing or not a text"),
    (record(conversationId=""), "conversationId is empty"),
    (record(conversationId="a\ud800"), "conversationId is not valid text"),
    (b'{"conversationId":"c1"}', "conversationStart is missing or not a text"),
    (record(conversationStart=0), "conversationStart is missing or not a text"),
    (record(conversationStart="today"), "conversationStart is not a readable instant"),
    (
        record(conversationStart="2026-11-2T08:00:00Z"),
        "conversationStart is not a readable instant",
    ),
    (record(x="!").replace(b"!", b"\xff"), "the record is not valid UTF-8"),
    (record(externalTag="!").replace(b"!", b"\xc3"), "the record is not valid UTF-8"),
    (record(externalTag="!").replace(b"!", b"\xed\xa0\x80"), "the record is not valid UTF-8"),
    (record(participants={}), "$.participants is not a list"),
    (record(participants="none"), "$.participants is not a list"),
    (record(participants=[1]), "$.participants[] is not an object"),
    (record(participants=[[]]), "$.participants[] is not an object"),
    (record(participants=[{"attributes": []}]), "$.participants[].attributes is not an object"),
    (record(participants=[{"attributes": ""}]), "$.participants[].attributes is not an object"),
    (record(participants=[{"sessions": {}}]), "$.participants[].sessions is not a list"),
    (
        record(participants=[{"sessions": [{"flow": []}]}]),
        "$.participants[].sessions[].flow is not an object",
    ),
    (
        record(participants=[{"sessions": [{"flow": {"outcomes": {}}}]}]),
        "$.participants[].sessions[].flow.outcomes is not a list",
    ),
    (record(evaluations=[False]), "$.evaluations[] is not an object"),
]


@pytest.mark.parametrize(("raw", "reason"), REJECTED)
def test_a_record_that_cant_be_exported_is_rejected_whole_with_its_reason(raw, reason):
    good = record(conversationId="good")
    made = made_of(raw, good)
    assert made.rejected == [(reason, raw)]
    assert [row["conversation_id"] for row in made.tables["conversations"]] == ["good"]
    assert made.counts == Counts(received=2, exported=1, rejected=1, open=1)
    assert made.digest == made_of(good).digest


def test_a_reason_tells_where_and_never_what():
    secret = "+49 30 123456"
    for raw in (
        record(participants=[{"sessions": secret}]),
        record(conversationId=[secret]),
        record(conversationStart=secret),
        record(participants=[secret]),
    ):
        ((reason, _),) = made_of(raw).rejected
        assert secret not in reason


def test_a_conversation_belongs_to_the_interval_that_holds_its_start():
    starts = [
        "2026-11-21T23:59:59.999Z",
        "2026-11-22T00:00:00.000Z",
        "2026-11-23T00:59:59.999+01:00",
        "2026-11-22T23:59:59.9999Z",
        "2026-11-23T00:00:00.000Z",
    ]
    made = made_of(
        *(record(conversationId=f"c{n}", conversationStart=one) for n, one in enumerate(starts))
    )
    assert [row["conversation_id"] for row in made.tables["conversations"]] == ["c1", "c2", "c3"]
    assert made.counts == Counts(received=5, exported=3, of_other_days=2, open=3)


def test_a_record_met_twice_is_written_once_and_a_differing_copy_is_told_apart():
    same, other = record(externalTag="a"), record(externalTag="b")
    made = made_of(same, same, other, same)
    assert [row["external_tag"] for row in made.tables["conversations"]] == ["a"]
    assert made.counts == Counts(
        received=4, exported=1, duplicates=3, differing_duplicates=1, open=1
    )


def test_a_copy_is_known_across_pages_too():
    made = run([record(), record()], DAY, INTERVAL, cuts=[1])
    assert made.counts.duplicates == 1
    assert len(made.tables["conversations"]) == 1


def test_nothing_in_gives_nothing_out():
    made = made_of()
    assert made.counts == Counts()
    assert made.digest == 0
    assert made.batches == []


def test_a_day_without_conversations_has_files_of_headers_only():
    decoder = Decoder(DATASET, Interval(INTERVAL.start, INTERVAL.end))
    assert Flattener(DATASET, DAY).flatten(decoder.decode([])) == ()
    for name, packed in packed_tables(()).items():
        header = ",".join(f'"{column}"' for column in DATASET.table(name).names)
        assert gzip.decompress(packed).decode() == header + "\n"


# --- canonical instants ----------------------------------------------------------------------

letters = st.sampled_from("0123456789-:.TZ +,٣\x00é")
CANONICAL = "2026-11-22T08:00:00.123Z"


@st.composite
def near_canonical(draw):
    text = draw(st.sampled_from((CANONICAL, *NEAR_INSTANTS, *NO_INSTANTS)))
    for _ in range(draw(st.integers(0, 2))):
        if text:
            at = draw(st.integers(0, len(text) - 1))
            text = text[:at] + draw(letters) + text[at + draw(st.integers(0, 1)) :]
    return text


@law(1500)
@given(near_canonical())
def test_a_text_is_canonical_just_when_it_is_the_canonical_text_of_its_instant(text):
    try:
        wanted = iso_ms(parse_instant(text)) == text
    except ValueError:
        wanted = False
    assert is_canonical(pa.array([text])) == wanted
    assert is_canonical(pa.array([CANONICAL, None, text, CANONICAL]).slice(1, 2)) == wanted


def test_a_column_is_canonical_when_every_text_is():
    assert is_canonical(pa.array([], pa.string()))
    assert is_canonical(pa.array([None, None], pa.string()))
    assert is_canonical(pa.array([CANONICAL, None]))
    assert not is_canonical(pa.array([CANONICAL, CANONICAL[:-2] + "ZZ"]))
    assert is_canonical(pa.array(["?", CANONICAL, "?"]).slice(1, 1))


def test_no_column_name_needs_quoting_beyond_the_quotes():
    assert all(re.fullmatch("[a-z_][a-z0-9_]*", name) for t in DATASET.tables for name in t.names)


ENDS = [
    (b'"2026-11-22T09:00:00.000Z"', False),
    (b'"2026-11-22T09:00:00+01:00"', False),
    (b'"soon"', False),
    (b'"2026-02-30T09:00:00.000Z"', False),
    (b'""', False),
    (b"1764000000000", False),
    (b"1" + b"0" * 5_000, False),
    (b"[]", False),
    (b'{"conversationEnd":null}', False),
    (b"null", True),
    (b'null,"conversationEnd":"soon"', False),
    (b'null,"conversationEnd":null', True),
    (b'null,"other":{"conversationEnd":"soon"}', True),
    (b'null,"other":"\\"conversationEnd\\":1"', True),
]


@pytest.mark.parametrize(("end", "is_open"), ENDS, ids=range(len(ENDS)))
def test_only_a_conversation_without_an_end_is_open(end, is_open):
    raw = b"%b,%b}" % (record()[:-1], b'"conversationEnd":' + end)
    made = made_of(raw)
    (row,) = made.tables["conversations"]
    assert (row["is_open"], made.counts.open) == (is_open, is_open)
    sifting = Decoder(DATASET, Interval(INTERVAL.start, INTERVAL.end))
    sifting.sift([raw])
    assert sifting.counts.open == is_open
