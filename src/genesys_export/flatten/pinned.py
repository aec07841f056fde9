"""Attributes that have a column of their own: of several values, the last participant's."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ..model import Attributes
from . import groups


def pinned(found: Attributes | None, keys: Sequence[str], n: int) -> dict[str, pa.StringArray]:
    """Return the value of each key for each of `n` conversations; null where none has it.

    Attributes come in the order of the participants; a value that is null counts for nothing.
    """
    if found is None or not keys:
        return {key: pa.nulls(n, pa.string()) for key in keys}
    codes = pc.index_in(found.keys, pa.array(keys, pa.string()))
    wanted = codes.is_valid()
    codes, rows, values = (each.filter(wanted) for each in (codes, found.rows, found.values))
    made = {}
    for place, key in enumerate(keys):
        own = pc.equal(codes, place)
        made[key] = groups.last(rows.filter(own), values.filter(own), n)
    return made
