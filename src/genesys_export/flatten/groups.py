"""First, last, any, sum, distinct per group of rows, as arrays with one value a group.

Groups are row numbers 0 … n-1 of the level above, and rows come sorted by group: so a group is a
run of rows, and its first and last stand at the run's ends. Arrow's hash aggregations of texts
take ten times as long. A group without rows, or with nulls only, gets null, or what is said.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of equal numbers in a sorted array."""

    groups: pa.Int64Array  # of each run
    firsts: pa.Int32Array  # the place of its first row
    lasts: pa.Int32Array

    @classmethod
    def of(cls, groups: pa.Int64Array) -> Runs:
        """Find them."""
        if len(groups) == 0:
            nowhere = pa.array([], pa.int32())
            return cls(groups, nowhere, nowhere)
        runs = pc.run_end_encode(groups)
        ends = runs.run_ends
        firsts = pa.concat_arrays([pa.array([0], pa.int32()), ends[:-1]])
        return cls(runs.values, firsts, pc.subtract(ends, pa.scalar(1, pa.int32())))


def first(groups: pa.Int64Array, values: pa.Array, n: int) -> pa.Array:
    """Return every group's first value that is not null."""
    groups, values = _there(groups, values)
    runs = Runs.of(groups)
    return spread(values.take(runs.firsts), runs.groups, n)


def last(groups: pa.Int64Array, values: pa.Array, n: int) -> pa.Array:
    """Return every group's last value that is not null."""
    groups, values = _there(groups, values)
    runs = Runs.of(groups)
    return spread(values.take(runs.lasts), runs.groups, n)


def count(groups: pa.Int64Array, n: int) -> pa.Int32Array:
    """Return how many rows every group has; 0 for none."""
    runs = Runs.of(groups)
    sizes = pc.add(pc.subtract(runs.lasts, runs.firsts), pa.scalar(1, pa.int32()))
    return pc.fill_null(spread(sizes, runs.groups, n), 0)


def has(groups: pa.Int64Array, flags: pa.BooleanArray, n: int) -> pa.BooleanArray:
    """Return whether any of a group's flags is true; false for a group without any."""
    return pc.greater(count(groups.filter(flags), n), 0)


def total(groups: pa.Int64Array, values: pa.Int64Array, n: int) -> pa.Int64Array:
    """Return the sum of every group's values (none may be null); 0 for a group without rows."""
    runs = Runs.of(groups)
    until = pc.cumulative_sum(values)
    before = pc.subtract(until, values)
    sums = pc.subtract(until.take(runs.lasts), before.take(runs.firsts))
    return pc.fill_null(spread(sums, runs.groups, n), 0)


def spread(values: pa.Array, where: pa.Int64Array, n: int) -> pa.Array:
    """Return `n` values: those given at the places given, null elsewhere."""
    if len(values) == 0:
        return pa.nulls(n, values.type)
    if len(values) == n and where.equals(pa.arange(0, n)):
        return values
    return pc.scatter(values, where, max_index=n - 1)


def distinct(groups: pa.Int64Array, values: pa.Array, n: int) -> pa.ListArray:
    """Return every group's distinct values but null, in the order of their first row."""
    rows = pa.table({"g": groups, "v": values, "at": pa.arange(0, len(groups))})
    rows = rows.filter(values.is_valid())
    firsts = rows.group_by(["g", "v"], use_threads=False).aggregate([("at", "min")])
    firsts = firsts.take(pc.sort_indices(firsts.column("at_min")))
    where, kept = one(firsts.column("g")), one(firsts.column("v"))
    ends = pc.cumulative_sum(count(where, n))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    return pa.ListArray.from_arrays(offsets, kept)


def one(column: pa.ChunkedArray) -> pa.Array:
    """Return a table's column as one array."""
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _there(groups: pa.Int64Array, values: pa.Array) -> tuple[pa.Int64Array, pa.Array]:
    """Return the rows whose value is not null."""
    if not values.null_count:
        return groups, values
    there = values.is_valid()
    return groups.filter(there), values.filter(there)
