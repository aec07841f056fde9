"""Keys of tables: each row has its own, and every row that points to another finds it.

Rows come as tables of bytes, from whatever format; of each only a hash is kept. Hidden keys
(tokens) serve as well as plain ones, because equal values have equal tokens.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from ...datasets import ForeignKey, Kind, Table
from ...manifest import Recipe
from ...plural import plural
from .hashes import Hashes, Pulse, difference, doubled
from .mismatches import Mismatches

_BETWEEN = pa.scalar(b"\x1f", pa.binary())
_ABSENT = pa.scalar(b"\0", pa.binary())
_BLOTS_OUT = ("drop", "mask")  # different values become equal; tokens stay apart


@dataclass(frozen=True, slots=True)
class Parent:
    """A table that others point to: its keys."""

    columns: tuple[str, ...]
    keys: Hashes


@dataclass(slots=True)
class Keys:
    """The keys of one table of a day, file by file."""

    table: Table
    day: str
    recipe: Recipe
    rows: int = 0
    _own: Hashes = field(default_factory=Hashes)
    _theirs: dict[ForeignKey, Hashes] = field(default_factory=dict)
    _keyless: int = 0
    _of_other_days: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """What must be read of the table's files."""
        return tuple(dict.fromkeys((*self.table.primary_key, self.table.day.name)))

    @property
    def hidden(self) -> str:
        """Why its rows can't be told apart by their keys; empty where they can."""
        for name in self.table.primary_key:
            if is_protected(self.recipe, self.table.name, name, _BLOTS_OUT):
                return f"{self.table.name}.{name} is protected"
            is_text = self.table.column(name).kind is Kind.MAP_KEY
            if is_text and self.recipe.csv.get("newlines") == "space":
                return f"line breaks in {self.table.name}.{name} were written as spaces"
        return ""

    def take(self, tables: Iterable[pa.Table]) -> int:
        """Take the rows of one file; returns how many there are."""
        rows = 0
        for each in tables:
            rows += each.num_rows
            days = each.column(self.table.day.name)
            of_day = pc.sum(pc.equal(days, self.day.encode()), min_count=0).as_py()
            self._of_other_days += each.num_rows - of_day
            if not self.hidden:
                self._remember(each)
        self.rows += rows
        return rows

    def check(
        self, parents: Mapping[str, Parent | None], mismatches: Mismatches, pulse: Pulse
    ) -> int:
        """Check all rows together; returns how many references were followed.

        A parent that is None could not be read as a whole: nothing can be said of references.
        """
        name, followed = self.table.name, 0
        if self._of_other_days:
            mismatches.add(name, f"rows of {self.day}", f"{self._of_other_days} of other days")
        if self._keyless:
            mismatches.add(name, "a key in each row", f"{plural(self._keyless, 'row')} without")
        if self.hidden:
            mismatches.skip(f"the keys of {name}: {self.hidden}")
            return 0
        if again := doubled(self._own, pulse):
            mismatches.add(
                name, "each key once", f"{plural(again, 'row')} with the key of another"
            )
        for key in self.table.foreign_keys:
            parent = parents.get(key.references)
            if key.references in parents and parent is None:
                mismatches.skip(f"references to {key.references}: it could not be read as a whole")
                continue
            if parent is None or parent.columns != key.ref_columns:
                mismatches.skip(f"references of {name} to {key.references}: not exported")
                continue
            followed += 1
            if key in self._theirs and (
                lost := difference(self._theirs[key], parent.keys, pulse).left
            ):
                expected = f"a row of {key.references} for each of its keys there"
                mismatches.add(name, expected, f"{lost} such keys without")
        return followed

    @property
    def _optional(self) -> tuple[str, ...]:
        """Parts of the key in which null is a value like others."""
        key = self.table.primary_key
        return tuple(name for name in key if self.table.column(name).optional)

    def as_parent(self) -> Parent:
        """Return the keys, for the tables that point here."""
        return Parent(self.table.primary_key, self._own)

    def close(self, *, for_good: bool = True) -> None:
        """Give back memory and disk; its own keys are kept unless it is `for_good`."""
        for held in (*self._theirs.values(), *([self._own] if for_good else [])):
            held.close()

    def _remember(self, rows: pa.Table) -> None:
        own = _joined(rows, self.table.primary_key, self._optional)
        last = self.table.primary_key[-1]
        # A text that no file can hold is null: of an attribute's key that is no mistake.
        if self.table.column(last).kind is not Kind.MAP_KEY:
            self._keyless += own.null_count
        self._own.add(own.drop_null().to_pylist())
        for key in self.table.foreign_keys:
            theirs = _joined(rows, key.columns).drop_null()
            # Rows of one parent mostly come together: one of each run will do.
            runs = [pc.run_end_encode(chunk).values for chunk in theirs.chunks if len(chunk)]
            kept = self._theirs.setdefault(key, Hashes())
            for run in runs:
                kept.add(run.to_pylist())


def _joined(
    rows: pa.Table, names: tuple[str, ...], optional: Container[str] = ()
) -> pa.ChunkedArray:
    """Return the columns' values as one text of bytes a row.

    Null where one of them is, except for `optional` ones.
    """
    columns = [
        pc.fill_null(rows.column(name), _ABSENT) if name in optional else rows.column(name)
        for name in names
    ]
    if len(columns) == 1:
        return columns[0]
    return pc.binary_join_element_wise(*columns, _BETWEEN)


def is_protected(
    recipe: Recipe, table: str, column: str, by: Container[str] = ("drop", "mask", "hash")
) -> bool:
    """Whether a column's values are not the API's own."""
    columns = recipe.privacy.get("columns", {})
    return isinstance(columns, Mapping) and columns.get(f"{table}.{column}") in by
