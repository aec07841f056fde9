"""SHAPE of the lookup tables: entities of a list become one batch, in the declared columns.

Lists are short (some thousands of entities), so rows are made in Python. They come sorted by id:
the same entities give the same bytes. What is of another type than its column becomes its JSON
text in a text column and null elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import msgspec
import pyarrow as pa

from ..datasets import Column, Table, Type
from ..days import Day
from ..model import Batch
from . import arrow_schema
from .derived import TIMES

_LIST = "entities[]."  # what stands before a column's own path


def named(table: Table, day: Day, entities: Iterable[Mapping[str, Any]]) -> Batch:
    """Return the table's rows for that day."""
    rows = sorted((_row(table, day.date, one) for one in entities), key=lambda row: str(row["id"]))
    starts = pa.array([day.interval.start] * len(rows), TIMES)
    return Batch(table.name, pa.RecordBatch.from_pylist(rows, arrow_schema(table)), starts)


def _row(table: Table, day: date, entity: Mapping[str, Any]) -> dict[str, Any]:
    return {
        column.name: day if column.path is None else _value(column, entity)
        for column in table.columns
    }


def _value(column: Column, entity: Mapping[str, Any]) -> Any:
    value: Any = entity
    for step in (column.path or "").partition(_LIST)[2].split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    if value is None or column.type is Type.BOOL:
        return value if isinstance(value, bool) else None
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
