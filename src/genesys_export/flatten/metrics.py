"""The readings of metrics, pivoted into sum and count columns (tables.md, part 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ..datasets import Kind, Table
from . import groups
from .levels import Level

_MOST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Readings:
    """Sums and counts per metric and group."""

    sums: Mapping[str, pa.Int64Array]
    counts: Mapping[str, pa.Int64Array]

    def columns(self, table: Table) -> dict[str, pa.Array]:
        """Return the table's sum and count columns."""
        sums = {c.name: self.sums[c.metric] for c in table.of_kind(Kind.SUM)}
        counts = {c.name: self.counts[c.metric] for c in table.of_kind(Kind.COUNT)}
        return sums | counts


def metrics_of(*tables: Table) -> tuple[str, ...]:
    """Return every metric that has a column in one of the tables."""
    columns = (c for t in tables for kind in (Kind.SUM, Kind.COUNT) for c in t.of_kind(kind))
    return tuple(dict.fromkeys(column.metric for column in columns))


def pivot(metrics: Level, names: Sequence[str], owners: pa.Int64Array, n: int) -> Readings:
    """Add up the readings by name and owner (a row of `n`): null if there is none.

    Rows whose value is null count for nothing; names must match exactly. A sum that no int64
    holds is null, not wrapped round. Name and owner are made one number, the place in an array
    that holds all columns one behind the other.
    """
    values = _summable(metrics.leaf("value", pa.int64()))
    codes = pc.index_in(metrics.texts("name"), pa.array(names, pa.string()))
    places = pc.add(pc.multiply(codes.cast(pa.int64()), n), owners)
    table = pa.table({"at": places, "v": values})
    table = table.filter(pc.and_(codes.is_valid(), values.is_valid()))
    made = table.group_by("at", use_threads=False).aggregate([("v", "sum"), ("v", "count")])
    where = groups.one(made.column("at"))
    sums = groups.spread(_int64(groups.one(made.column("v_sum"))), where, n * len(names))
    counts = groups.spread(groups.one(made.column("v_count")), where, n * len(names))
    return Readings(
        {name: sums.slice(place * n, n) for place, name in enumerate(names)},
        {name: counts.slice(place * n, n) for place, name in enumerate(names)},
    )


def _summable(values: pa.Int64Array) -> pa.Array:
    """Return the values as they are, or wider where adding them up could leave int64."""
    edges = pc.min_max(values)
    largest = max(abs(edges[edge].as_py() or 0) for edge in ("min", "max"))
    return values if largest * len(values) <= _MOST else values.cast(pa.decimal128(38))


def _int64(sums: pa.Array) -> pa.Int64Array:
    if pa.types.is_int64(sums.type):
        return sums
    least, most = (pa.scalar(edge).cast(sums.type) for edge in (-_MOST - 1, _MOST))
    fits = pc.and_(pc.greater_equal(sums, least), pc.less_equal(sums, most))
    return pc.if_else(fits, sums, None).cast(pa.int64())
