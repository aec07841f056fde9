"""First, last, sum, distinct per group of rows, as arrays with one value a group.

Groups are row numbers 0 … n-1 of the level above. A group without rows gets null (or an empty
list).
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def aggregate(
    groups: pa.Int64Array, values: pa.Array, n: int, *wanted: str
) -> tuple[pa.Array, ...]:
    """Return per group what each of `wanted` (Arrow's hash aggregations) makes of its values.

    `first` and `last` go by the rows' order and skip nulls; `sum` of nothing is null.
    """
    options = {"sum": pc.ScalarAggregateOptions(min_count=1)}
    table = pa.table({"g": groups, "v": values})
    made = table.group_by("g", use_threads=False).aggregate(
        [("v", name, options.get(name)) for name in wanted]
    )
    where = one(made.column("g"))
    return tuple(spread(one(made.column(f"v_{name}")), where, n) for name in wanted)


def spread(values: pa.Array, where: pa.Int64Array, n: int) -> pa.Array:
    """Return `n` values: those given at the places given, null elsewhere."""
    if len(values) == 0:
        return pa.nulls(n, values.type)
    return pc.scatter(values, where, max_index=n - 1)


def has_any(groups: pa.Int64Array, n: int) -> pa.BooleanArray:
    """Return for every group whether it has a row."""
    found = pc.unique(groups)
    return pc.fill_null(
        spread(pa.repeat(pa.scalar(value=True), len(found)), found, n), fill_value=False
    )


def distinct(groups: pa.Int64Array, values: pa.Array, n: int) -> pa.ListArray:
    """Return every group's distinct values, in the order of their first row.

    Rows must come sorted by group.
    """
    rows = pa.table({"g": groups, "v": values, "at": pa.arange(0, len(groups))})
    firsts = rows.group_by(["g", "v"], use_threads=False).aggregate([("at", "min")])
    firsts = firsts.sort_by("at_min")
    where, kept = one(firsts.column("g")), one(firsts.column("v"))
    sizes = pc.value_counts(where)
    counted = spread(sizes.field("counts"), sizes.field("values"), n)
    ends = pc.cumulative_sum(pc.fill_null(counted, 0))
    offsets = pa.concat_arrays([pa.array([0], pa.int64()), ends]).cast(pa.int32())
    return pa.ListArray.from_arrays(offsets, kept)


def firsts(lists: pa.ListArray) -> pa.Array:
    """Return the first element of every list; null of an empty one."""
    sizes = pc.list_value_length(lists)
    at = pc.if_else(pc.equal(sizes, 0), None, lists.offsets.slice(0, len(lists)))
    return lists.values.take(at)


def one(column: pa.ChunkedArray) -> pa.Array:
    """Return a table's column as one array."""
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
