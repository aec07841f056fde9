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

from ..datasets import Dataset, Kind
from ..flatten.derived import TIMES
from ..flatten.lookup import ById, Names
from ..model import Batch, NamesUsed
from ..privacy import Action, Rules
from ..privacy.values import protect, token_of
from .records import RecordsFeed

ID, NAME = "id", "name"  # the columns of a lookup table that are read


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotNames:
    """The names of one snapshot."""

    used: NamesUsed
    notes: tuple[str, ...]
    feed: RecordsFeed  # that has them


class _OfTokens:
    """Names by id where they are known by its token only; each id is hashed once."""

    def __init__(self, names: Mapping[str, str], key: bytes) -> None:
        self._names, self._key = names, key
        self._met: dict[str, str | None] = {}

    def get(self, ident: str) -> str | None:
        if ident not in self._met:
            self._met[ident] = self._names.get(token_of(ident, self._key).hex())
        return self._met[ident]


def names_of(dataset: Dataset, found: Mapping[str, Mapping[str, str]], rules: Rules) -> Names:
    """Return the names that each column gets; `found` are those of each lookup table.

    A column that is dropped gets none, and neither does one whose ids are protected in another
    way than the lookup table's: a name would say what its id is not to say.
    """
    made: dict[str, ById] = {}
    by_id: dict[str, ById] = {}
    for table in dataset.tables:
        for column in table.of_kind(Kind.NAME):
            lookup = column.repeats.partition(".")[0]
            action = rules.actions.get(lookup, {}).get(ID, Action.KEEP)
            here = rules.actions.get(table.name, {})
            if here.get(column.name) is Action.DROP or not found.get(lookup):
                continue
            own = here.get(column.made_from, Action.KEEP)
            if own is not action or action in (Action.DROP, Action.MASK):
                continue
            if lookup not in by_id:
                names = found[lookup]
                is_hashed = action is Action.HASH
                by_id[lookup] = _OfTokens(names, rules.key) if is_hashed else names
            made[f"{table.name}.{column.name}"] = by_id[lookup]
    return made


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
