"""The readings of metrics, pivoted into sum and count columns (tables.md, part 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ..datasets import Kind, Table
from . import groups
from .levels import Level


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

    Rows whose value is null count for nothing; names must match exactly.
    """
    values = metrics.leaf("value", pa.int64())
    table = pa.table({"g": owners, "name": metrics.texts("name"), "v": values})
    table = table.filter(values.is_valid())
    made = table.group_by(["name", "g"], use_threads=False).aggregate(
        [("v", "sum"), ("v", "count")]
    )
    sums, counts = {}, {}
    for name in made.column("name").unique().drop_null().to_pylist():
        rows = made.filter(pc.equal(made.column("name"), name))
        where = groups.one(rows.column("g"))
        sums[name] = groups.spread(groups.one(rows.column("v_sum")), where, n)
        counts[name] = groups.spread(groups.one(rows.column("v_count")), where, n)
    return Readings(sums, counts)
