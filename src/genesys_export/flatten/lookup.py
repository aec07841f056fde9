"""The names of ids: for a column of ids, a column of what they are called.

Knows names by id; an id that has none gets null. Each distinct id of a column is looked up once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc


class ById(Protocol):
    """The names of ids: a dict, or what looks like one."""

    def get(self, ident: str, /) -> str | None:
        """Return the name, or None."""
        ...


Names = Mapping[str, ById]  # by the column that gets them, as `table.column`


def looked_up(ids: pa.Array, names: ById) -> pa.Array:
    """Return the name of each id; of lists, lists of the same length."""
    if ids.null_count == len(ids):
        return ids
    if not pa.types.is_list(ids.type):
        distinct = ids.dictionary_encode()
        known = [names.get(one) for one in distinct.dictionary.to_pylist()]
        return pa.array(known, pa.string()).take(distinct.indices)
    # Computed, not sliced: only so may a mask of nulls go with them.
    offsets = pc.add(ids.offsets, pa.scalar(0, ids.offsets.type))
    elements = looked_up(ids.values, names)
    return pa.ListArray.from_arrays(offsets, elements, type=ids.type, mask=ids.is_null())
