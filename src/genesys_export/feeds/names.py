"""Names for the ids of a day, from a snapshot of the lookup tables: a model.Lookup.

Decides which snapshot that is, and what of it may be used under today's privacy rules. Reads
nothing. Memory: about 200 bytes an entry of the lookup tables, once for each day under way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pyarrow as pa

from ..flatten.derived import TIMES
from ..flatten.lookup import Namer
from ..model import Batch, NamesUsed
from ..privacy import Action, Rules
from ..privacy.values import protect

ID, NAME = "id", "name"  # the columns of a lookup table that are read


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotNames:
    """The names of one snapshot."""

    used: NamesUsed
    notes: tuple[str, ...]
    namer: Namer

    def named(self, batch: Batch) -> Batch:
        """Return protected rows with the names of their ids."""
        return self.namer.named(batch)


def nearest_first(day: date, snapshots: Collection[date]) -> Iterator[date]:
    """Yield snapshots in the order in which they serve a day.

    Its own; the next ones after it, which do not change any more as time goes on; then the last
    ones before it.
    """
    yield from sorted(one for one in snapshots if one >= day)
    yield from sorted((one for one in snapshots if one < day), reverse=True)


def usable(
    table: str, rows: pa.Table, was: Mapping[str, Any], rules: Rules
) -> Mapping[str, str] | None:
    """Return the names by id, protected as the rules say; None where that can't be done.

    `was` is what the snapshot's recipe says of privacy. What was hidden then stays hidden in that
    way, so it serves only while the rules are the same.
    """
    now, key = rules.actions.get(table, {}), rules.described([table]).get("key")
    to_do: dict[str, Action] = {}
    for column in (ID, NAME):
        before = was.get("columns", {}).get(f"{table}.{column}", Action.KEEP.value)
        wanted = now.get(column, Action.KEEP)
        if before == wanted.value and (wanted is not Action.HASH or was.get("key") == key):
            continue
        if before != Action.KEEP.value:
            return None
        to_do[column] = wanted
    if to_do:
        rows = _protected(table, rows, replace(rules, actions={table: to_do}, pairs={}))
    pairs = zip(rows.column(ID).to_pylist(), rows.column(NAME).to_pylist(), strict=True)
    return {ident: name for ident, name in pairs if ident is not None and name is not None}


def _protected(table: str, rows: pa.Table, rules: Rules) -> pa.Table:
    batches = rows.combine_chunks().to_batches()
    made = [
        protect(Batch(table, one, pa.nulls(one.num_rows, TIMES)), rules).rows for one in batches
    ]
    return pa.Table.from_batches(made, rows.schema)
