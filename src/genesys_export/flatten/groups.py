"""First, last, sum, distinct per group of rows, as arrays with one value a group.

Groups are row numbers 0 … n-1 of the level above. A group without rows gets null (or an empty
list).
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

_GROUP = "(group)"


def aggregate(
    groups: pa.Int64Array, wanted: Mapping[str, tuple[pa.Array, str]], n: int
) -> dict[str, pa.Array]:
    """Return per group what Arrow's hash aggregations make of the values given with them.

    `first` and `last` go by the rows' order; nulls count for nothing. All in one grouping: what a
    block costs here is the number of calls, hardly the number of rows.
    """
    table = pa.table({_GROUP: groups} | {name: values for name, (values, _) in wanted.items()})
    asked = [(name, function) for name, (_, function) in wanted.items()]
    rows = _in_order(table.group_by(_GROUP, use_threads=False).aggregate(asked), n)
    return {name: one(rows.column(f"{name}_{function}")) for name, function in asked}


def _in_order(made: pa.Table, n: int) -> pa.Table:
    """Return a row for each of `n` groups, in their order; nulls for one that has none."""
    where = one(made.column(_GROUP))
    if where.equals(pa.arange(0, n)):
        return made
    if len(where) == 0:
        return pa.table([pa.nulls(n, kind) for kind in made.schema.types], made.column_names)
    return made.take(pc.inverse_permutation(where, max_index=n - 1))


def spread(values: pa.Array, where: pa.Int64Array, n: int) -> pa.Array:
    """Return `n` values: those given at the places given, null elsewhere."""
    if len(values) == 0:
        return pa.nulls(n, values.type)
    return pc.scatter(values, where, max_index=n - 1)


def distinct(groups: pa.Int64Array, values: pa.Array, n: int) -> pa.ListArray:
    """Return every group's distinct values but null, in the order of their first row.

    Rows must come sorted by group.
    """
    rows = pa.table({"g": groups, "v": values, "at": pa.arange(0, len(groups))})
    rows = rows.filter(values.is_valid())
    firsts = rows.group_by(["g", "v"], use_threads=False).aggregate([("at", "min")])
    firsts = firsts.take(pc.sort_indices(firsts.column("at_min")))
    where, kept = one(firsts.column("g")), one(firsts.column("v"))
    sizes = pc.value_counts(where)
    counted = spread(sizes.field("counts"), sizes.field("values"), n)
    ends = pc.cumulative_sum(pc.fill_null(counted, 0))
    offsets = pa.concat_arrays([pa.array([0], pa.int64()), ends]).cast(pa.int32())
    return pa.ListArray.from_arrays(offsets, kept)


def one(column: pa.ChunkedArray) -> pa.Array:
    """Return a table's column as one array."""
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
