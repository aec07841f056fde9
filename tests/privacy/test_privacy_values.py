"""What protected columns hold: tokens, last fours, nulls, and everything else as it was."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesys_export.datasets import DEFAULT, dataset_named
from genesys_export.flatten import arrow_schema
from genesys_export.model import Batch
from genesys_export.privacy import resolve
from genesys_export.privacy.values import hashed, masked, protect

DATASET = dataset_named(DEFAULT)
KEY = b"a key of the tests, long enough"


def batch(table: str, **columns) -> Batch:
    """Return a batch with these columns, null in all others."""
    schema = arrow_schema(DATASET.table(table))
    length = len(next(iter(columns.values())))
    arrays = [pa.array(columns.get(f.name, [None] * length), f.type) for f in schema]
    starts = pa.array(range(length), pa.timestamp("ms", "UTC"))
    return Batch(table, pa.record_batch(arrays, schema=schema), starts)


def token(text: str) -> str:
    return hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()


@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]))))
def test_a_token_is_the_hmac_of_the_value(texts):
    expected = [None if text is None else token(text) for text in texts]
    assert hashed(pa.array(texts, pa.string()), KEY).to_pylist() == expected


@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]))))
def test_a_mask_leaves_the_last_four_of_eight_or_more(texts):
    def plain(text):
        return text and ("****" + text[-4:] if len(text) >= 8 else "****")

    expected = ["****" if text == "" else plain(text) for text in texts]
    assert masked(pa.array(texts, pa.string())).to_pylist() == expected


def test_lists_go_element_by_element_and_slices_too(rules):
    lists = [["a@example.org", None], None, [], ["b@example.org"], ["a@example.org", "short"]]
    made = batch("sessions", cc=lists, bcc=lists)
    found = rules(columns={"sessions.cc": "hash", "sessions.bcc": "mask"})
    a, b = token("a@example.org"), token("b@example.org")
    tokens = [[a, None], None, [], [b], [a, token("short")]]
    hidden = [["****.org", None], None, [], ["****.org"], ["****.org", "****"]]
    for start, length in ((0, 5), (1, 3), (3, 2), (1, 1)):
        rows = made.rows.slice(start, length)
        part = protect(Batch("sessions", rows, made.starts.slice(start, length)), found).rows
        part.validate(full=True)
        assert part.column("cc").to_pylist() == tokens[start : start + length]
        assert part.column("bcc").to_pylist() == hidden[start : start + length]


def test_dropped_columns_stay_in_place_as_nulls(rules):
    made = batch("evaluations", o_total_score=[1.5], user_id=["somebody"], queue_id=["q"])
    found = protect(made, rules(personal="drop"))
    assert found.rows.schema == made.rows.schema
    (row,) = found.rows.to_pylist()
    assert (row["o_total_score"], row["user_id"], row["queue_id"]) == (None, None, "q")


def test_a_table_without_rules_is_handed_on_as_it_is(rules):
    made = batch("sessions", ani=["tel:+49301234567"])
    assert protect(made, rules()) is made
    only = rules(columns={"segments._extra": "drop"})
    assert protect(batch("segments", subject=["s"]), only).rows.column("subject").to_pylist() == [
        "s"
    ]


ATTRIBUTES = {
    "attribute_key": ["language", "Phone", "name", "name", "city"],
    "attribute_value": ["german", "+49301234567", "Ada Lovelace", None, ""],
    "participant_index": [0, 0, 0, 1, 1],
}


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ({"attributes": {"allow": ("language",)}}, {"language": ["german"]}),
        (
            {"attributes": {"drop": ("*phone*",)}},
            {"language": ["german"], "name": ["Ada Lovelace", None], "city": [""]},
        ),
        (
            {"attributes": {"allow": ("language",), "drop": ("*phone*",), "default": "mask"}},
            {"language": ["german"], "name": ["****lace", None], "city": ["****"]},
        ),
        (
            {"attributes": {"allow": ("city",), "drop": ("*phone*", "lang*"), "default": "hash"}},
            {"name": [token("Ada Lovelace"), None], "city": [""]},
        ),
        (
            {"attributes": {"drop": ("*phone*", "lang*")}, "sensitive": "hash"},
            {"name": [token("Ada Lovelace"), None], "city": [token("")]},
        ),
        (
            {"attributes": {"drop": ("*phone*",)}, "sensitive": "drop"},
            {"language": [None], "name": [None, None], "city": [None]},
        ),
        (
            {"sensitive": "drop"},
            {"language": [None], "Phone": [None], "name": [None, None], "city": [None]},
        ),
        ({"attributes": {"default": "drop"}}, {}),
    ],
)
def test_attributes_go_by_their_keys(rules, words, kept):
    made = protect(batch("participant_attributes", **ATTRIBUTES), rules(**words))
    found: dict[str, list] = {}
    for row in made.rows.to_pylist():
        found.setdefault(row["attribute_key"], []).append(row["attribute_value"])
    assert found == kept
    assert len(made.starts) == made.rows.num_rows


def test_rows_and_their_starts_are_left_out_together(rules):
    made = protect(
        batch("participant_attributes", **ATTRIBUTES), rules(attributes={"allow": ("n*",)})
    )
    assert [one.value for one in made.starts] == [2, 3]


def test_pairs_of_any_table_go_by_their_keys(wish):
    told = DATASET.table("participant_attributes")
    names = {"attribute_key": "field", "attribute_value": "content"}
    columns = tuple(replace(one, name=names.get(one.name, one.name)) for one in told.columns)
    key = tuple(names.get(one, one) for one in told.primary_key)
    table = replace(told, name="contact_fields", columns=columns, primary_key=key)
    one_day = {"field": ["name", "SSN"], "content": ["Ann Example", "123"]}
    schema = arrow_schema(table)
    arrays = [pa.array(one_day.get(one.name, [None, None]), one.type) for one in schema]
    starts = pa.array([1, 2], pa.timestamp("ms", "UTC"))
    made = Batch(table.name, pa.record_batch(arrays, schema=schema), starts)
    wished = wish(attributes={"drop": ("ssn",), "default": "hash"})
    found = resolve((*DATASET.tables, table), wished)
    rows = protect(made, found).rows
    assert rows.column("field").to_pylist() == ["name"]
    assert rows.column("content").to_pylist() == [token("Ann Example")]
    assert "attributes" in found.described(["contact_fields"])
    assert "attributes" not in found.described(["sessions"])


def test_equal_values_have_one_token_whatever_table_they_stand_in(rules):
    found = rules(personal="hash")
    session = protect(batch("sessions", user_id=["u1"], ani=["u1"]), found).rows
    conversation = protect(batch("conversations", agent_user_ids=[["u0", "u1"]]), found).rows
    assert session.column("user_id").to_pylist() == session.column("ani").to_pylist()
    assert conversation.column("agent_user_ids").to_pylist() == [[token("u0"), token("u1")]]
