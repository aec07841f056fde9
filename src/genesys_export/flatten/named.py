"""SHAPE of lists: entities, and what stands within them, become rows in the declared columns.

Rows are made in Python, page by page, and kept as Arrow: a list has some thousands of entities.
They come sorted by their key: the same entities give the same bytes. What has no column, or does
not fit it, goes to `_extra`; so do elements of an entity's list that can be no row. Only nulls,
empty lists and objects, and the fields that a table omits are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pyarrow as pa

from ..datasets import Dataset, Table
from ..days import Day
from ..model import Batch
from . import arrow_schema
from .derived import TIMES
from .entities import Shape, elements

Json = Mapping[str, Any]


@dataclass(slots=True)
class Sheet:
    """The rows of one table, as they come."""

    dataset: Dataset
    table: Table
    day: Day
    rows: int = 0  # that are here
    _shape: Shape = field(init=False)
    _pages: list[pa.RecordBatch] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read the declaration once."""
        self._shape = Shape.of(self.dataset, self.table)

    def add(self, entities: Iterable[Json], parent: str = "") -> list[bytes]:
        """Take entities of the table's list, of `parent` where there is one for each.

        Returns the rows, each as bytes that no other row has.
        """
        return self._taken(self._row(one, parent) for one in entities)

    def add_within(self, entities: Iterable[Json]) -> list[bytes]:
        """Take what the entities of the table that this one is part of have of it."""
        return self._taken(
            self._row(element, entity.get("id"), key)
            for entity in entities
            for key, element in elements(self.table, entity)
        )

    def batch(self) -> Batch:
        """Return the rows, sorted by their key, and begin anew."""
        schema = arrow_schema(self.table)
        found = pa.Table.from_batches(self._pages, schema)
        if keys := [(name, "ascending") for name in self._keys]:
            found = found.sort_by(keys)
        self.clear()
        (rows,) = found.combine_chunks().to_batches() or [_none(schema)]
        return Batch(self.table.name, rows, pa.array([self.day.interval.start] * len(rows), TIMES))

    def clear(self) -> None:
        """Forget the rows."""
        self._pages, self.rows = [], 0

    @property
    def _keys(self) -> Sequence[str]:
        return [name for name in self.table.primary_key if name != self.table.day.name]

    def _taken(self, found: Iterator[dict[str, Any]]) -> list[bytes]:
        rows = [*found]
        if rows:
            self._pages.append(pa.RecordBatch.from_pylist(rows, arrow_schema(self.table)))
            self.rows += len(rows)
        return [msgspec.json.encode([self.table.name, row], order="deterministic") for row in rows]

    def _row(self, entity: Json, parent: object, key: str = "") -> dict[str, Any]:
        return {self.table.day.name: self.day.date, **self._shape.row(entity, parent, key)}


def _none(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema)
