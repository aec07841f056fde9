"""The readings of metrics, pivoted into sum and count columns (tables.md, part 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ..datasets import Kind, Table
from . import groups
from .levels import Level

_MOST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Readings:
    """Sums and counts per metric and group, for the metrics that occur."""

    sums: Mapping[str, pa.Int64Array]
    counts: Mapping[str, pa.Int64Array]

    def columns(self, table: Table, n: int) -> dict[str, pa.Array]:
        """Return the table's sum and count columns."""
        nothing = pa.nulls(n, pa.int64())
        sums = {c.name: self.sums.get(c.metric, nothing) for c in table.of_kind(Kind.SUM)}
        counts = {c.name: self.counts.get(c.metric, nothing) for c in table.of_kind(Kind.COUNT)}
        return sums | counts


def pivot(metrics: Level, owners: pa.Int64Array, n: int) -> Readings:
    """Add up the readings by name and owner (a row of `n`): null where there is no reading.

    Rows whose value is null count for nothing; names must match exactly. A sum that no int64
    holds is null, not wrapped round.
    """
    values = _summable(metrics.leaf("value", pa.int64()))
    table = pa.table({"g": owners, "name": metrics.texts("name"), "v": values})
    table = table.filter(values.is_valid())
    made = table.group_by(["name", "g"], use_threads=False).aggregate(
        [("v", "sum"), ("v", "count")]
    )
    sums, counts = {}, {}
    for name in made.column("name").unique().drop_null().to_pylist():
        rows = made.filter(pc.equal(made.column("name"), name))
        where = groups.one(rows.column("g"))
        sums[name] = groups.spread(_int64(groups.one(rows.column("v_sum"))), where, n)
        counts[name] = groups.spread(groups.one(rows.column("v_count")), where, n)
    return Readings(sums, counts)


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
