"""Declarations as stored: a JSON file next to this module becomes a Dataset.

Knows the files' form and no dataset. What the declaration's values may be is for `spec` to say.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from .spec import Column, Dataset, ForeignKey, Kind, PersonalData, Table, Type


def declared(name: str) -> Dataset:
    """Return the dataset that the file of that name declares."""
    text = files(__package__).joinpath(f"{name}.json").read_text("utf-8")
    raw = json.loads(text)
    return Dataset(
        name=raw["dataset"],
        source_model=raw["source_model"],
        column_version=raw["format"],
        tables=tuple(_table(table) for table in raw["tables"]),
    )


def _table(raw: dict[str, Any]) -> Table:
    return Table(
        name=raw["name"],
        path=raw["path"],
        model=raw["model"],
        grain=raw["grain"],
        primary_key=tuple(raw["primary_key"]),
        foreign_keys=tuple(
            ForeignKey(tuple(key["columns"]), key["references"], tuple(key["ref_columns"]))
            for key in raw["foreign_keys"]
        ),
        note=raw["note"],
        columns=tuple(_column(column) for column in raw["columns"]),
    )


def _column(raw: dict[str, Any]) -> Column:
    return Column(
        name=raw["name"],
        type=Type(raw["type"]),
        kind=Kind(raw["kind"]),
        path=raw["path"],
        unit=raw["unit"],
        personal_data=PersonalData(raw["personal_data"]),
        description=raw["description"],
        rule=raw.get("rule", ""),
        metric=raw.get("metric", ""),
    )
