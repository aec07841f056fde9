"""The names of ids: rows with their NAME columns filled from lookup tables.

Knows names by table and id, all as they may be written: what privacy hides has been hidden in
both, so a token finds the name of its token. A row's id that no table knows has no name.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from ..datasets import Dataset, Kind, Table
from ..model import Batch

Names = Mapping[str, Mapping[str, str]]  # by lookup table, by id
_Places = tuple[tuple[int, int, Mapping[str, str]], ...]  # of the name, of the id; the names


class Namer:
    """Fills the name columns of a dataset's tables; safe from several threads."""

    def __init__(self, dataset: Dataset, names: Names) -> None:
        """Find the columns once: a batch has a hundred, and there are many batches."""
        self._places = {table.name: _places(table, names) for table in dataset.tables}

    def named(self, batch: Batch) -> Batch:
        """Return the batch with every name filled in; each distinct id is looked up once."""
        places = self._places.get(batch.table)
        if not places:
            return batch
        columns = batch.rows.columns
        for name, ident, names in places:
            columns[name] = _named(columns[ident], names)
        rows = pa.RecordBatch.from_arrays(columns, schema=batch.rows.schema)
        return Batch(batch.table, rows, batch.starts)


def _places(table: Table, names: Names) -> _Places:
    return tuple(
        (table.names.index(column.name), table.names.index(column.made_from), found)
        for column in table.of_kind(Kind.NAME)
        if (found := names.get(column.repeats.partition(".")[0]))
    )


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
