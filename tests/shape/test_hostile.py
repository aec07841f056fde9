"""Records that try to break the reader: large, deep, crooked. Nothing raises, nothing is lost."""

from __future__ import annotations

import csv
import gzip
import io
import json

import pytest
from program import extras, made_of, packed_tables, record

from genesys_export.decode import OTHERS
from genesys_export.model import Counts

GOOD = record(conversationId="good")
MIB = 1 << 20


def person(**fields) -> bytes:
    return record(participants=[{"participantId": "p1", **fields}])


def csv_rows(made) -> dict[str, int]:
    """Read the files of all tables as Python's csv module does; return how many rows each has."""
    csv.field_size_limit(64 * MIB)
    counted = {}
    for name, packed in packed_tables(made.batches).items():
        text = gzip.decompress(packed).decode()
        header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        assert {len(row) for row in rows} <= {len(header)}
        counted[name] = len(rows)
    assert counted == {name: len(rows) for name, rows in made.tables.items()}
    return counted


@pytest.mark.parametrize(
    "big",
    [
        record(externalTag="x" * 30 * MIB),
        record(mystery="x" * 30 * MIB),
        person(attributes={"a": "\n" * (15 * MIB)}),
        person(attributes={"k" * 30 * MIB: "v"}),
    ],
    ids=["field", "unknown field", "attribute", "key"],
)
def test_a_record_of_thirty_megabytes_is_a_record(big):
    made = made_of(big, GOOD)
    assert made.counts.exported == csv_rows(made)["conversations"] == 2
    assert max(map(len, packed_tables(made.batches).values())) > 1_000


def test_a_thousand_participants_have_their_rows():
    segment = {"segmentStart": "2026-11-22T08:00:00.000Z"}
    session = {"sessionId": "s", "segments": [segment] * 3}
    made = made_of(record(participants=[{"sessions": [session]}] * 1_000))
    rows = csv_rows(made)
    assert (rows["participants"], rows["sessions"], rows["segments"]) == (1_000, 1_000, 3_000)
    ordinals = [row["participant_index"] for row in made.tables["participants"]]
    assert ordinals == list(range(1_000))


@pytest.mark.parametrize("value", ["text", 7], ids=["texts", "numbers"])
def test_a_hundred_thousand_attributes_have_their_rows(value):
    made = made_of(person(attributes={f"key {n}": value for n in range(100_000)}))
    assert csv_rows(made)["participant_attributes"] == 100_000
    assert made.counts.drift == (0 if value == "text" else 100_000)


def test_a_hundred_thousand_unknown_fields_are_kept_and_named_up_to_a_bound():
    names = [f"field {n}" for n in range(100_000)]
    made = made_of(record(**dict.fromkeys(names, 1)), record(conversationId="c2", late=1))
    kept, late = extras(made, "conversations")
    assert list(kept) == sorted(names)
    assert late == {"late": 1}
    told = made.counts.unknown_fields
    assert len(told) == 101
    assert told[OTHERS] == 100_001 - 100


def test_the_name_of_an_unknown_field_is_told_in_part_where_it_is_long():
    made = made_of(record(**{"x" * 1_000_000: 1}))
    (name,) = made.counts.unknown_fields
    assert len(name) < 300


@pytest.mark.parametrize("depth", [200, 400, 900, 10_000, 200_000])
@pytest.mark.parametrize("opening", [b"[", b'{"a":'], ids=["lists", "objects"])
@pytest.mark.parametrize("place", ["unknown", "leaf", "attribute"])
def test_a_deep_value_is_kept_or_rejected_and_costs_no_other_record(place, opening, depth):
    closing = b"]" if opening == b"[" else b"}"
    deep = opening * depth + b"1" + closing * depth
    whole = {
        "unknown": record(mystery="@"),
        "leaf": record(externalTag="@"),
        "attribute": person(attributes={"a": "@"}),
    }[place].replace(b'"@"', deep)
    made = made_of(GOOD, whole)
    assert csv_rows(made)["conversations"] == made.counts.exported
    if made.rejected:
        assert made.rejected == [("the record is nested too deeply", whole)]
    else:
        assert depth < 1_000
        assert made.counts.drift + sum(made.counts.unknown_fields.values()) == 1


@pytest.mark.parametrize(
    "number", ["1e400", "-1e400", "9" * 5_000, "1e" + "9" * 5_000, "0." + "0" * 5_000 + "1"]
)
def test_a_number_beyond_all_bounds_is_kept_as_it_is_written(number):
    metric = '{"name":"tTalk","value":@}'
    whole = record(participants=[{"sessions": [{"metrics": ["@"]}]}], more="!").replace(
        b'"@"', metric.replace("@", number).encode()
    )
    made = made_of(whole.replace(b'"!"', number.encode()))
    (row,) = made.tables["session_metrics"]
    assert row["value"] is None
    assert row["_extra"] == f'{{"value":{number}}}'
    assert f'"more":{number}' in made.tables["conversations"][0]["_extra"]
    assert csv_rows(made)["session_metrics"] == made.counts.drift == 1


def test_a_metric_that_overflows_its_sum_has_none():
    metrics = [{"name": "tTalk", "value": 2**63 - 1}] * 3
    made = made_of(record(participants=[{"sessions": [{"metrics": metrics}]}]))
    assert [row["value"] for row in made.tables["session_metrics"]] == [2**63 - 1] * 3
    assert made.tables["conversations"][0]["t_talk"] is None
    assert csv_rows(made)["conversations"] == 1


def test_an_id_that_would_fill_every_row_is_rejected():
    long = record(conversationId="i" * 1_001, participants=[{}] * 9)
    made = made_of(long, record(conversationId="i" * 1_000), GOOD)
    assert made.rejected == [("conversationId is too long", long)]
    assert made.counts.exported == 2


@pytest.mark.parametrize(
    "key", ["", '"', '","', "\n", "\r\n", "\x00", "a.b", "[]", "=1+1", "é\u202e"]
)
def test_a_key_of_any_letters_is_a_key(key):
    made = made_of(person(attributes={key: "v"}), record(conversationId="c2", **{key: "w"}))
    (row,) = made.tables["participant_attributes"]
    assert (row["attribute_key"], row["attribute_value"]) == (key, "v")
    assert extras(made, "conversations") == [None, {key: "w"}]
    assert csv_rows(made)["participant_attributes"] == 1


def test_doubled_keys_are_read_as_parsers_do_and_the_overruled_are_kept():
    raw = (
        b'{"conversationId":"x","conversationId":"c1","conversationStart":"soon",'
        b'"conversationStart":"2026-11-22T08:00:00.000Z","participants":7,"participants":'
        b'[{"attributes":{"a":"1","a":"2"},"attributes":{"b":"3","b":"4"}}]}'
    )
    made = made_of(raw)
    (row,) = made.tables["participant_attributes"]
    assert (row["conversation_id"], row["attribute_key"], row["attribute_value"]) == (
        "c1",
        "b",
        "4",
    )
    assert made.counts.drift == 5
    assert made.tables["conversations"][0]["_extra"] == (
        '{"conversationId":"x","conversationStart":"soon","participants":7}'
    )


@pytest.mark.parametrize(
    ("start", "wanted"),
    [
        ("0001-01-01T00:00:00.000Z", Counts(received=1, of_other_days=1)),
        ("9999-12-31T23:59:59.999Z", Counts(received=1, of_other_days=1)),
        ("0001-01-01T00:00:00.000+14:00", Counts(received=1, rejected=1)),
        ("9999-12-31T23:59:59.999-14:00", Counts(received=1, rejected=1)),
        ("10000-01-01T00:00:00.000Z", Counts(received=1, rejected=1)),
        ("-001-01-01T00:00:00.000Z", Counts(received=1, rejected=1)),
    ],
)
def test_a_start_out_of_range_is_another_days_or_none(start, wanted):
    assert made_of(record(conversationStart=start)).counts == wanted


@pytest.mark.parametrize("end", ["0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"])
def test_an_end_at_the_edge_of_time_has_a_duration(end):
    (row,) = made_of(record(conversationEnd=end)).tables["conversations"]
    assert abs(row["duration_ms"]) > 10**13
    assert row["_extra"] is None


def test_null_anywhere_is_null():
    full = json.loads(record(participants=[{"sessions": [{"segments": [{}], "metrics": [{}]}]}]))
    variants = [record(**{name: None}) for name in ("participants", "evaluations", "divisionIds")]
    variants += [
        record(participants=[None]),
        record(participants=[{"sessions": None, "attributes": None}]),
        record(participants=[{"sessions": [None, {"segments": None, "metrics": [None]}]}]),
        json.dumps(full | {"conversationEnd": None}).encode(),
    ]
    made = made_of(*(one.replace(b'"c1"', b'"c%d"' % n) for n, one in enumerate(variants)))
    assert made.counts == Counts(received=7, exported=7, open=7)
    assert csv_rows(made)["conversations"] == 7
