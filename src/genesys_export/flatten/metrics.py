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


def pivot(metrics: Level, owners: pa.Int64Array, n: int, wanted: pa.StringArray) -> Readings:
    """Add up the readings by name and owner (a row of `n`): null where there is no reading.

    Only of the metrics `wanted`; names must match exactly. Rows whose value is null count for
    nothing. A sum that no int64 holds is null, not wrapped round.
    """
    values = _summable(metrics.leaf("value", pa.int64()))
    # One place for every metric and owner: grouping by one number costs half of grouping by two
    # columns, and each metric's column is then a slice (2026-11).
    place = pc.index_in(metrics.texts("name"), wanted).cast(pa.int64())
    places = pc.add(pc.multiply(place, n), owners)
    table = pa.table({"g": places, "v": values})
    table = table.filter(pc.and_(places.is_valid(), values.is_valid()))
    if table.num_rows == 0:
        return Readings({}, {})
    made = table.group_by("g", use_threads=False).aggregate([("v", "sum"), ("v", "count")])
    where, everywhere = groups.one(made.column("g")), n * len(wanted)
    sums = groups.spread(_int64(groups.one(made.column("v_sum"))), where, everywhere)
    counts = groups.spread(groups.one(made.column("v_count")), where, everywhere)
    spans = {name: (place * n, n) for place, name in enumerate(wanted.to_pylist())}
    return Readings(
        {name: sums.slice(*span) for name, span in spans.items()},
        {name: counts.slice(*span) for name, span in spans.items()},
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
