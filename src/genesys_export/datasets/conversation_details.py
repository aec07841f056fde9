"""The dataset `conversation_details`: fifteen tables from AnalyticsConversation.

The declaration is data, in conversation_details.json beside this file: the only place where a
column's name, type, order, source, unit, class and meaning stand. Everything else is made from it.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from .spec import Column, Dataset, ForeignKey, Kind, PersonalData, Table, Type


@cache
def conversation_details() -> Dataset:
    """Return the declaration, read once."""
    text = files(__package__).joinpath("conversation_details.json").read_text("utf-8")
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
