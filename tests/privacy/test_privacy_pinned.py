"""Pinned attributes are protected as they are in the table of all attributes, key by key."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from genesys_export.datasets import DEFAULT, Additions, dataset_named, tables
from genesys_export.flatten import arrow_schema
from genesys_export.model import Batch
from genesys_export.privacy import Action, faults, resolve
from genesys_export.privacy.values import protect

PINS = ("Account", "Phone", "Note")
ADDED = Additions(pin_attributes=PINS)
EVERY = tuple(tables(ADDED))
PINNED = "conversation_attributes"
VALUES = {"Account": "000123-4567", "Phone": "+15550100", "Note": "a note of some length"}
WISHES: tuple[dict[str, Any], ...] = (
    {},
    {"sensitive": "mask"},
    {"sensitive": "hash"},
    {"sensitive": "drop"},
    {"attributes": {"allow": ("Acc*",)}},
    {"attributes": {"drop": ("phone",)}, "sensitive": "mask"},
    {"attributes": {"allow": ("Note",), "default": "hash"}},
    {"attributes": {"default": "mask"}},
    {"attributes": {"allow": ("*",), "drop": ("NOTE",)}},
    {"columns": {"participant_attributes.attribute_value": "hash"}},
    {"columns": {"participant_attributes.attribute_value": "drop"}, "attributes": {"allow": "A*"}},
)


def of_all_attributes(rules) -> dict[str, str | None]:
    """Return the values as they come to stand in participant_attributes."""
    schema = arrow_schema(dataset_named(DEFAULT).table("participant_attributes"))
    given = {"attribute_key": [*VALUES], "attribute_value": [*VALUES.values()]}
    columns = [pa.array(given.get(one.name, [None] * 3), one.type) for one in schema]
    starts = pa.nulls(3, pa.timestamp("ms", "UTC"))
    rows = pa.record_batch(columns, schema=schema)
    made = protect(Batch("participant_attributes", rows, starts), rules).rows
    keys, values = (made.column(f"attribute_{one}").to_pylist() for one in ("key", "value"))
    return dict(zip(keys, values, strict=True))


def of_pinned_ones(rules) -> dict[str, str | None]:
    schema = arrow_schema(dataset_named(DEFAULT, ADDED).table(PINNED))
    row = {name.lower(): value for name, value in VALUES.items()}
    columns = [pa.array([row.get(one.name)], one.type) for one in schema]
    starts = pa.nulls(1, pa.timestamp("ms", "UTC"))
    rows = pa.record_batch(columns, schema=schema)
    (made,) = protect(Batch(PINNED, rows, starts), rules).rows.to_pylist()
    return {pin: made[pin.lower()] for pin in PINS}


@pytest.mark.parametrize("wishes", WISHES, ids=str)
def test_a_pinned_value_is_what_the_table_of_all_attributes_shows(wish, wishes):
    rules = resolve(EVERY, wish(**wishes))
    shown = of_all_attributes(rules)
    assert of_pinned_ones(rules) == {pin: shown.get(pin) for pin in PINS}


def test_a_pinned_column_may_be_dropped_but_not_shown_against_the_rule_of_its_key(wish):
    column = f"{PINNED}.phone"
    assert not faults(EVERY, wish(columns={column: "drop"}))
    (told,) = faults(EVERY, wish(columns={column: "keep"}, attributes={"drop": ("phone",)}))
    assert told.endswith("[privacy.attributes] has a rule for that attribute, so set that one")
    (told,) = faults(EVERY, wish(columns={column: "keep"}, sensitive="mask"))
    assert told.endswith("it repeats participant_attributes.attribute_value, so set that one")
    assert not faults(EVERY, wish(columns={column: "mask"}, sensitive="mask"))


def test_the_manifest_says_what_is_protected(wish):
    rules = resolve(EVERY, wish(attributes={"drop": ("phone",)}))
    assert rules.actions[PINNED] == {"phone": Action.DROP}
    assert rules.described([PINNED])["columns"] == {f"{PINNED}.phone": "drop"}
