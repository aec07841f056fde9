"""From one array of objects to the next: list offsets and `take`, no Python loop over rows.

A level is all objects of one kind in a block, one row each; it knows for each of them the row of
every ancestor. Ordinals are counted before null elements are dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

ROOT = "$"


@dataclass(frozen=True, slots=True)
class Level:
    """The objects of one kind, in the API's order."""

    path: str
    objects: pa.StructArray
    ordinal: pa.Int64Array  # position in the API's array, from 0
    rows: Mapping[str, pa.Int64Array]  # per ancestor's path: its row in its own level

    def __len__(self) -> int:
        """The number of objects."""
        return len(self.objects)

    def leaf(self, steps: str, kind: pa.DataType) -> pa.Array:
        """Return a leaf (`direction`, `flow.flowId`) of every object; null if there is none."""
        found = _descend(self.objects, steps)
        return pa.nulls(len(self), kind) if found is None else found

    def texts(self, name: str) -> pa.StringArray:
        """Return a text leaf of every object."""
        return self.leaf(name, pa.string())


def top(conversations: pa.RecordBatch) -> Level:
    """Return the level of the conversations themselves."""
    rows = pa.arange(0, conversations.num_rows)
    return Level(ROOT, conversations.to_struct_array(), rows, {})


def explode(above: Level, path: str) -> Level:
    """Return the objects of the array at `path` in the objects of `above`.

    A level without rows where no object has the array.
    """
    lists = _lists(above, path)
    if lists is None:
        none = pa.array([], pa.int64())
        empty = dict.fromkeys((*above.rows, above.path), none)
        return Level(path, pa.array([], pa.struct([])), none, empty)
    parent = pc.list_parent_indices(lists).cast(pa.int64())
    objects = lists.flatten()
    ordinal = pc.subtract(pa.arange(0, len(objects)), _starts(lists).take(parent))
    if objects.null_count:
        there = objects.is_valid()
        parent, ordinal, objects = (x.filter(there) for x in (parent, ordinal, objects))
    rows = {name: row.take(parent) for name, row in above.rows.items()}
    return Level(path, objects, ordinal, {**rows, above.path: parent})


def lengths(above: Level, path: str) -> pa.Int64Array:
    """Return how many elements (null ones counted) the array at `path` has in every object."""
    lists = _lists(above, path)
    if lists is None:
        return pa.repeat(pa.scalar(0, pa.int64()), len(above))
    return _sizes(lists)


def _lists(above: Level, path: str) -> pa.ListArray | None:
    steps = path.removeprefix(above.path + ".").removesuffix("[]")
    found = _descend(above.objects, steps)
    return found if found is not None and pa.types.is_list(found.type) else None


def _descend(objects: pa.StructArray, steps: str) -> pa.Array | None:
    found: pa.Array = objects
    for step in steps.split("."):
        index = found.type.get_field_index(step)
        if index < 0:
            return None
        found = found.field(index)  # JSON gives an absent object absent leaves
    return found


def _sizes(lists: pa.ListArray) -> pa.Int64Array:
    return pc.fill_null(pc.list_value_length(lists), 0).cast(pa.int64())


def _starts(lists: pa.ListArray) -> pa.Int64Array:
    """Return where each list begins among the flattened elements."""
    sizes = _sizes(lists)
    return pc.subtract(pc.cumulative_sum(sizes), sizes)
