"""A dataset with the columns and tables that settings add: names, local times, pinned attributes.

Nothing downstream knows that they were added: they are declared like all others. Added columns
come after the declared ones, so that a table in a warehouse only needs ADD COLUMN. The dataset
declares which lookup tables it is named by; which of its ids these name is read off the columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from .additions import Additions, pinned_name
from .spec import Column, Dataset, Kind, PersonalData, Table, Type

_PREFIX = "dim_"


def widened(dataset: Dataset, added: Additions, lookups: Sequence[Table]) -> Dataset:
    """Return the dataset with what is added to it; as it is where it takes no additions.

    Raises ValueError where a pinned attribute's column has the name of another column.
    """
    if dataset.pinned is None or not added:
        return dataset
    known = [lookup for lookup in lookups if lookup.name in dataset.named_by]
    tables = tuple(_widened(table, added, known) for table in dataset.tables)
    if added.pin_attributes:
        tables = (*tables, _with_pins(dataset, dataset.pinned, added.pin_attributes))
    return replace(dataset, tables=tables, added=added)


def _widened(table: Table, added: Additions, lookups: Sequence[Table]) -> Table:
    more: list[Column] = []
    if added.local_times and table.of_kind(Kind.SUM):
        more += _local_times(table)
    if added.join_names:
        more += _names(table, lookups)
    return replace(table, columns=(*table.columns, *more)) if more else table


def _local_times(table: Table) -> Iterator[Column]:
    """Yield a column for the table's own start and end: `session_start_local`."""
    own = table.name.removesuffix("s")
    for edge in (f"{own}_start", f"{own}_end"):
        column = table.column(edge)
        yield Column(
            name=f"{edge}_local",
            type=Type.STRING,
            kind=Kind.LOCAL,
            path=None,
            unit="local time",
            personal_data=column.personal_data,
            description=f"{edge} in the configured time zone.",
            rule="local time, as in 2026-11-22T09:00:00.123",
            repeats=column.repeats or f"{table.name}.{edge}",
            made_from=edge,
        )


def _names(table: Table, lookups: Sequence[Table]) -> Iterator[Column]:
    """Yield a column for each id of the table that has a name somewhere, and no name yet."""
    taken = {*table.names}
    nouns = [*map(_Noun.of, lookups)]
    for column in table.columns:
        noun = next((one for one in nouns if one.is_meant_by(table, column)), None)
        if noun is None or (name := _name_of(column.name)) in taken:
            continue  # (the API gives some names itself: flow_name)
        taken.add(name)
        yield Column(
            name=name,
            type=column.type,
            kind=Kind.NAME,
            path=None,
            unit="",
            personal_data=noun.table.column("name").personal_data,
            description=f"Name of {column.name}, from the snapshot in {noun.table.name}.",
            rule="name of that id in the snapshot that the manifest names; null if not there",
            repeats=f"{noun.table.name}.name",
            made_from=column.name,
        )


@dataclass(frozen=True, slots=True)
class _Noun:
    """What a lookup table is about (`queue`), and the column that its ids stand in."""

    table: Table
    word: str
    origin: str

    @classmethod
    def of(cls, lookup: Table) -> _Noun:
        word = lookup.name.removeprefix(_PREFIX)
        return cls(lookup, word.removesuffix("s"), lookup.column("id").repeats)

    def is_meant_by(self, table: Table, column: Column) -> bool:
        """Whether the column holds ids of it: it repeats them, or is called so."""
        if column.type not in (Type.STRING, Type.STRINGS) or column.kind is Kind.EXTRA:
            return False
        here = f"{table.name}.{column.name}"
        if self.origin and self.origin in (here, column.repeats):
            return True
        stem = column.name.removesuffix("_ids").removesuffix("_id")
        is_id = stem != column.name or stem.endswith("_code")
        return is_id and f"_{stem}".endswith(f"_{self.word}")


def _name_of(column: str) -> str:
    """Return what the column of the names is called: `queue_ids` → `queue_names`."""
    for ending in ("_ids", "_id", "_code"):
        if column.endswith(ending):
            return column.removesuffix(ending) + ("_names" if ending == "_ids" else "_name")
    return f"{column}_name"


def _with_pins(dataset: Dataset, table: Table, keys: Sequence[str]) -> Table:
    """Return the table of pinned attributes, with a column for each key."""
    pair = next(one for one in dataset.tables if one.of_kind(Kind.MAP_KEY))
    value = pair.of_kind(Kind.FIELD)[0]
    columns = tuple(
        Column(
            name=pinned_name(key),
            type=Type.STRING,
            kind=Kind.PINNED,
            path=None,
            unit="",
            personal_data=PersonalData(value.personal_data),
            description=f"Value of the attribute {key[:100]!r}.",
            rule="value of the last participant that has it; null if none has it",
            repeats=f"{pair.name}.{value.name}",
            made_from=key,
        )
        for key in keys
    )
    if taken := next((one.name for one in columns if one.name in table.names), None):
        raise ValueError(f"{taken} is a key column of {table.name}; no attribute can be called so")
    return replace(table, columns=(*table.columns, *columns))
