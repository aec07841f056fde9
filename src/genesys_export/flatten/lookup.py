"""The names of ids: rows with their NAME columns filled from lookup tables.

Knows names by table and id, all as they may be written: what privacy hides has been hidden in
both, so a token finds the name of its token. A row's id that no table knows has no name.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from ..datasets import Dataset, Kind
from ..model import Batch

Names = Mapping[str, Mapping[str, str]]  # by lookup table, by id


def with_names(batch: Batch, dataset: Dataset, names: Names) -> Batch:
    """Return the batch with every name filled in; each distinct id is looked up once."""
    table = next((one for one in dataset.tables if one.name == batch.table), None)
    columns = table.of_kind(Kind.NAME) if table else ()
    rows = batch.rows
    for column in columns:
        found = names.get(column.repeats.partition(".")[0])
        if found:
            place = rows.schema.names.index(column.name)
            filled = _named(rows.column(column.made_from), found)
            rows = rows.set_column(place, rows.schema.field(place), filled)
    return batch if rows is batch.rows else Batch(batch.table, rows, batch.starts)


def _named(ids: pa.Array, names: Mapping[str, str]) -> pa.Array:
    if ids.null_count == len(ids):
        return ids
    if not pa.types.is_list(ids.type):
        distinct = ids.dictionary_encode()
        known = [names.get(one) for one in distinct.dictionary.to_pylist()]
        return pa.array(known, pa.string()).take(distinct.indices)
    # Computed, not sliced: only so may a mask of nulls go with them.
    offsets = pc.add(ids.offsets, pa.scalar(0, ids.offsets.type))
    elements = _named(ids.values, names)
    return pa.ListArray.from_arrays(offsets, elements, type=ids.type, mask=ids.is_null())
