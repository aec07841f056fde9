"""A law of lists: every leaf of an entity is in a column or in `_extra`, of one row, once.

Each leaf is a value that no other has. Fields are the declared ones of any table, and unknown
ones, at any depth; of any shape, whatever is declared.
"""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesys_export.datasets import NAMES, Table, dataset_named
from genesys_export.days import Day, zone_named
from genesys_export.flatten.named import Sheet

DATASET = dataset_named(NAMES)
DAY = Day(date(2026, 11, 22), zone_named("UTC"))
_ROOTS = [table for table in DATASET.tables if table.source is not None]
_STEPS = {
    re.sub(r"\W", "", step)
    for table in DATASET.tables
    for column in table.columns
    for step in (column.path or "").split(".")
}
_FIELDS = st.sampled_from(sorted({*_STEPS, "new", "other thing", "a.b"} - {"id", ""}))


def shapes() -> st.SearchStrategy[Any]:
    """Return JSON whose leaves are the kinds that they are to be of."""
    leaf = st.sampled_from(["text", "whole", "instant", "null"])
    return st.recursive(
        leaf,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_FIELDS, inner, max_size=4),
        max_leaves=12,
    )


def entities() -> st.SearchStrategy[Any]:
    """Return what becomes an entity, often with elements that can be rows."""
    element = st.dictionaries(_FIELDS, shapes(), max_size=3)
    rows = st.lists(element | st.tuples(element) | shapes(), max_size=3)
    media = st.dictionaries(
        st.sampled_from(["call", "email", "new"]), element | shapes(), max_size=3
    )
    special = st.fixed_dictionaries(
        {}, optional={"skills": rows, "languages": rows, "groups": rows, "mediaSettings": media}
    )
    plain = st.dictionaries(_FIELDS, shapes(), max_size=6)
    return st.builds(lambda one, other: {**one, **other}, plain, special)


class Canaries:
    """Fills shapes with values that occur nowhere else."""

    def __init__(self, omits: frozenset[str]) -> None:
        self.omits, self.made, self.number = omits, [], 0

    def fill(self, shape: Any, *, counts: bool = True) -> Any:
        if isinstance(shape, dict):
            return {
                name: self.fill(one, counts=counts and name not in self.omits)
                for name, one in shape.items()
            }
        if isinstance(shape, tuple):  # an element that has an id
            return {"id": self.leaf("text", counts=counts), **self.fill(shape[0], counts=counts)}
        if isinstance(shape, list):
            return [self.fill(one, counts=counts) for one in shape]
        return self.leaf(shape, counts=counts)

    def leaf(self, kind: str, *, counts: bool) -> Any:
        self.number += 1
        value = {
            "text": f"leaf-{self.number:06}",
            "whole": 7_000_000 + self.number,
            "instant": f"2026-11-22T00:00:00.{self.number:03}Z",
            "null": None,
        }[kind]
        if counts and value is not None:
            self.made.append(str(value))
        return value


@pytest.mark.parametrize("table", _ROOTS, ids=lambda table: table.name)
@settings(max_examples=60, derandomize=True, database=None, deadline=None)
@given(shape=entities())
def test_every_leaf_is_in_a_column_or_in_extra_once(table: Table, shape: Any):
    omits = frozenset({"selfUri", "skillUri", "languageUri"}) | table.omits
    filler = Canaries(omits)
    entity = {"id": "the-entity", **filler.fill(shape)}
    own = Sheet(DATASET, table, DAY)
    told = [one.decode() for one in own.add([entity], "the-parent")]
    found = own.batch().rows.to_pylist()
    for child in DATASET.children(table.name):
        if child.source is None:
            sheet = Sheet(DATASET, child, DAY)
            told += [one.decode() for one in sheet.add_within([entity])]
            rows = sheet.batch().rows.to_pylist()
            keys = [tuple(row[name] for name in child.primary_key) for row in rows]
            assert keys == sorted({*keys})
            found += rows
    text = json.dumps(found, default=str)
    everywhere = re.findall(r"leaf-\d{6}|7000\d{3}|00:00:00\.\d{3}Z", text)
    expected = [one.removeprefix("2026-11-22T") for one in filler.made]
    missing = {*expected} - {*everywhere}
    assert not missing
    assert len(everywhere) == len({*everywhere})
    assert len(told) == len(found)


@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [None], [[]], {"x": []}, True, 1.5])
def test_no_value_breaks_a_row_whatever_the_column(value):
    for table in DATASET.tables:
        entity: dict[str, Any] = {}
        for column in table.columns:
            step = (column.path or "").rpartition(".")[2].strip("[]*")
            entity |= {step: value} if step and step != "id" else {}
        for name in ("skills", "languages", "groups", "mediaSettings", "division"):
            entity[name] = value
        sheet = Sheet(DATASET, table, DAY)
        sheet.add([{**entity, "id": "x"}], "y")
        if table.source is None:
            sheet.add_within([{**entity, "id": "x"}])
        assert sheet.batch().rows.num_rows >= 1
