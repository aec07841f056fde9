"""The inspection of one day: what each object is, how it is read, what must fit together.

Knows what a manifest names; bytes, formats, keys and records are left to the modules next to this
one. Tables come in their declared order, so that a table's parents come before it. A file that is
missing or can't be read is one mismatch: whatever would follow from it is not reported again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import pyarrow as pa

from ...datasets import Dataset, Table, owner, tables
from ...encode import Format
from ...events import Observe
from ...manifest import File, Manifest
from ...model import Store
from ...plural import counted
from .contents import csv_tables, json_tables, lines, parquet_tables, unzipped
from .hashes import Hashes, Pulse, difference
from .keys import Keys, Parent, is_protected
from .mismatches import Mismatches
from .objects import Objects, Pieces, Take, unread
from .records import Records, objects

_INDEX = "index"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was looked at, in numbers and names."""

    objects: int
    size_bytes: int
    tables: int
    rows: int
    keyed: int  # tables whose rows were told apart by their keys
    references: int  # foreign keys that were followed
    digest: bool  # whether it was made again from the records
    index: int  # entries of the index


@dataclass(slots=True, kw_only=True)
class Inspection:
    """The inspection of one day; used once, by one thread."""

    dataset: Dataset
    manifest: Manifest
    store: Store
    mismatches: Mismatches
    observe: Observe
    pulse: Pulse
    _rows: dict[str, int] = field(default_factory=dict)
    _open: list[Keys] = field(default_factory=list)
    _parents: dict[str, Parent | None] = field(default_factory=dict)
    _table_of: Records = field(init=False)  # of the table's rows
    _records: Records = field(init=False)  # of the raw table
    _index: Records = field(init=False)
    _cut: set[str] = field(default_factory=set)  # tables, and the index, not read as a whole
    _keyed: int = 0
    _references: int = 0

    def __post_init__(self) -> None:
        """Know where a record has its id."""
        name = self.dataset.record.id if self.dataset.record else ""
        self._table_of, self._records, self._index = Records(name), Records(name), Records(name)

    def run(self) -> Checked:
        """Check everything; raises ChangedMeanwhile, and what the store raises."""
        there = Objects(self.store, self.mismatches, self.observe, self.pulse)
        try:
            for table in self._tables():
                self._table(there, table)
            self._others(there)
            self._whole()
            self._same_records()
        finally:
            self._close()
        return Checked(
            objects=len(there.read_back),
            size_bytes=sum(one.size_bytes for one in there.read_back),
            tables=len(self._rows),
            rows=sum(self._rows.values()),
            keyed=self._keyed,
            references=self._references,
            digest=self._raw in self.manifest.tables and self._raw not in self._cut,
            index=self._index.count,
        )

    @property
    def _raw(self) -> str:
        return self.dataset.raw

    @property
    def _top(self) -> str:
        return self.dataset.top.name if self.dataset.top else ""

    @property
    def _declared(self) -> tuple[Table, ...]:
        """Every table, with what the manifest's recipe adds to it."""
        return tuple(tables(self.manifest.recipe.added))

    def _tables(self) -> Iterator[Table]:
        """Yield every table that the manifest names: 0.1.0 named lists beside its own tables."""
        yield from (table for table in self._declared if table.name in self.manifest.tables)

    def _table(self, there: Objects, table: Table) -> None:
        written = table.as_of(self.manifest.recipe.column_version)
        keys = Keys(written, self.manifest.day, self.manifest.recipe)
        self._open.append(keys)
        for file in self.manifest.tables[table.name]:
            self._read(there, table.name, file, partial(self._rows_of, file, keys))
        self._rows[table.name] = keys.rows
        followed = keys.check(self._parents, self.mismatches, self.pulse)
        self._keyed += not keys.hidden
        self._references += followed
        self._parents[table.name] = None if table.name in self._cut else keys.as_parent()
        references = (key.references for each in self._declared for key in each.foreign_keys)
        keys.close(for_good=table.name not in references)

    def _read(self, there: Objects, name: str, file: File, take: Take) -> None:
        """Read one file of a table, or of the index.

        Where that fails, the file has its line already: what hangs on the whole table is left out.
        """
        if not there.read(file, take):
            self._cut.add(name)

    def _rows_of(self, file: File, keys: Keys, pieces: Pieces) -> int:
        """Take a file's rows, in the format that its name says."""
        if file.key.endswith(f".{Format.PARQUET}"):
            found = parquet_tables(pieces, keys.table, keys.columns)
        elif file.key.endswith(f".{Format.JSONL}"):
            found = json_tables(objects(lines(unzipped(pieces))), keys.table, keys.columns)
        else:
            found = csv_tables(unzipped(pieces), keys.table, keys.columns)
        return keys.take(self._with_ids(keys.table, found))

    def _with_ids(self, table: Table, found: Iterator[pa.Table]) -> Iterator[pa.Table]:
        hashed = is_protected(self.manifest.recipe, table.name, table.identity, ("hash",))
        take = self._table_of.take_tokens if hashed else self._table_of.take_ids
        for each in found:
            if table.name == self._top:
                take(each.column(table.identity).drop_null().to_pylist())
            yield each

    def _others(self, there: Objects) -> None:
        """Read what belongs to no declared table: raw records, index, rejects, changes."""
        manifest = self.manifest
        for name in sorted(name for name in manifest.tables if owner(name) is None):
            self.mismatches.skip(f"the rows of {name}: this version does not know the table")
            for file in manifest.tables[name]:
                there.read(file, unread)
        for file in manifest.tables.get(self._raw, ()):
            self._read(
                there,
                self._raw,
                file,
                lambda pieces: self._records.take_records(lines(unzipped(pieces))),
            )
        if self._raw in manifest.tables:
            self._rows[self._raw] = self._records.count
        for file in manifest.index:
            self._read(there, _INDEX, file, self._index.take_index)
        for named in (*manifest.reject_files, *filter(None, [manifest.changes])):
            there.read(named, lambda pieces: sum(1 for _ in objects(lines(unzipped(pieces)))))

    def _whole(self) -> None:
        """Check that the manifest has every table that the recipe names."""
        for name in self.manifest.recipe.tables:
            if name in self.manifest.tables:
                continue
            if _is_list(name):  # one that could not be read costs only itself; a note says so
                self.mismatches.skip(f"{name}: it was not published, see the manifest's notes")
            else:
                self.mismatches.add(name, "files, by the recipe", "none in the manifest")

    def _same_records(self) -> None:
        """Compare the numbers of records, and the records themselves, where it has any."""
        if self.dataset.record is None:
            return
        expected = self._counted(self.manifest.counts.exported)
        for where, count in {
            self._top: self._rows.get(self._top),
            self._raw: self._rows.get(self._raw),
            _INDEX: self._index.count if self.manifest.index else None,
        }.items():
            if count is not None and where not in self._cut:
                self.mismatches.expect(where, expected, self._counted(count))
        if self._raw in self._cut:
            self.mismatches.skip(f"digest: {self._raw} could not be read as a whole")
        elif self._raw in self.manifest.tables:
            digest = f"digest {self._records.digest:064x}"
            self.mismatches.expect(self._raw, f"digest {self.manifest.digest}", digest)
        else:
            self.mismatches.skip(
                "digest: it needs the raw records, which this export does not keep (keep_raw)"
            )
        self._compare_with_index()

    def _counted(self, count: int) -> str:
        return counted(count, self.dataset.records)

    def _compare_with_index(self) -> None:
        if not self.manifest.index:
            self.mismatches.skip("the index: the manifest names none")
            return
        if _INDEX in self._cut:
            self.mismatches.skip("the index: it could not be read as a whole")
            return
        if self._raw in self.manifest.tables and self._raw not in self._cut:
            self._same(self._raw, self._records.entries, self._index.entries)
        if self._top in self.manifest.tables and self._top not in self._cut:
            self._same(self._top, self._table_of.ids, self._index.ids)

    def _same(self, where: str, found: Hashes, indexed: Hashes) -> None:
        apart = difference(found, indexed, self.pulse)
        if apart.left or apart.right:
            told = f"{apart.left} not in it, and {apart.right} of it missing"
            self.mismatches.add(where, f"the {self.dataset.records} of the index", told)

    def _close(self) -> None:
        for keys in self._open:
            keys.close()
        for records in (self._table_of, self._records, self._index):
            records.close()


def _is_list(name: str) -> bool:
    """Whether the table of that name is a list of the API."""
    whose = owner(name)
    return whose is not None and whose.record is None
