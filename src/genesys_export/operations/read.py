"""A published table as one Arrow table: of the version that the manifest names, or a refusal.

A day that is being replaced or is damaged is refused, and so is a file whose size or SHA-256 is
not the manifest's. Columns have their declared types, whatever the format. Raw records come as
JSON text, a row each.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import IO, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..datasets import Dataset, Table, dataset_named, datasets
from ..days import Day
from ..encode import RECORD, Format, Newlines, parquet_schema
from ..errors import ChangedMeanwhile, DataMismatch, WrongUse
from ..locations import Home
from ..manifest import File, Manifest
from ..model import Store, Tag
from ..plural import plural
from .published import published, replaced, stands
from .verify.contents import csv_tables, lines, unzipped
from .verify.mismatches import Unreadable

_AGAIN = "Read it again."
_SPOOL = 64 << 20  # bytes of a file that are held in memory; a longer one lies on the disk

Pieces = Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is read of a day: a declared table (None: the raw records), and columns of it."""

    dataset: Dataset
    name: str
    table: Table | None
    columns: tuple[str, ...]

    @property
    def schema(self) -> pa.Schema:
        """The columns with their declared types, in the order asked for."""
        if self.table is None:
            return pa.schema([(RECORD, pa.string())])
        whole = parquet_schema(self.table)
        return pa.schema([whole.field(name) for name in self.columns])

    def as_made(self, manifest: Manifest) -> Wanted:
        """Return it with the columns that the day has: others are of other settings, or later."""
        dataset = dataset_named(self.dataset.name, manifest.recipe.added)
        found = next((one for one in dataset.tables if one.name == self.name), self.table)
        if found is None:
            return self
        table = found.as_of(manifest.recipe.column_version)
        there = tuple(name for name in self.columns if name in table.names)
        # Without any column a table does not know how many rows it has.
        return replace(self, dataset=dataset, table=table, columns=there or table.names[:1])


def wanted(
    name: str, columns: Sequence[str] | None, known: Sequence[Dataset] | None = None
) -> Wanted:
    """Return what a name stands for: a table, raw records, or the first table of a dataset.

    Of the `known` datasets; without them, of all as they are declared. Raises WrongUse for what
    is neither, and for columns that the table does not have.
    """
    known = tuple(datasets()) if known is None else known
    for dataset in known:
        if name == dataset.raw:
            return Wanted(dataset, name, None, _known(columns, (RECORD,), name))
        for table in dataset.tables:
            if name in {table.name, dataset.name}:
                return Wanted(dataset, table.name, table, _known(columns, table.names, table.name))
    tables = ", ".join(table.name for dataset in known for table in dataset.tables)
    raise WrongUse(f"there is no table {name!r}", advice=f"The tables are {tables}.")


def _known(columns: Sequence[str] | None, names: tuple[str, ...], table: str) -> tuple[str, ...]:
    if columns is None:
        return names
    if unknown := [name for name in columns if name not in names]:
        raise WrongUse(
            f"{table} has no column {', '.join(map(repr, unknown))}",
            advice=f"Its columns are {', '.join(names)}.",
        )
    return tuple(columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads published days of one organisation; safe from several threads."""

    store: Store
    org: str = ""
    pulse: Callable[[], None] = lambda: None  # called now and then; may raise

    def read(self, what: Wanted, days: Sequence[Day]) -> pa.Table:
        """Return the rows of the days, day by day, in the order of their files.

        Raises TryAgainLater where a day is being replaced, DataMismatch where it is not
        published, is damaged, has no such table, or is not what its manifest says.
        """
        parts = [part for day in days for part in self._day(what, day)]
        return pa.concat_tables([what.schema.empty_table(), *parts])

    def _day(self, what: Wanted, day: Day) -> list[pa.Table]:
        key, tag, manifest = self._manifest(what, day)
        files = manifest.tables.get(what.name)
        if files is None:
            has = ", ".join(manifest.tables)
            raise DataMismatch(
                f"{day} has no table {what.name}: it was exported without it",
                advice=f"It has {has}.",
            )
        try:
            return [self._file(what, file, manifest) for file in files]
        except (ChangedMeanwhile, Unreadable) as problem:
            if not stands(self.store, key, tag):
                raise replaced(day, _AGAIN) from problem
            raise DataMismatch(
                f"{day} is not what its manifest says: {problem}",
                advice="Export the day again with force; `verify` lists everything that differs.",
            ) from problem

    def _manifest(self, what: Wanted, day: Day) -> tuple[str, Tag, Manifest]:
        """Return the manifest that names the table; version 0.1.0 named some with others."""
        home = Home(self.org, what.dataset.name)
        try:
            return home.manifest(day), *published(self.store, home, day)
        except DataMismatch:
            for other in datasets():
                home = Home(self.org, other.name)
                if other.name != what.dataset.name and self.store.look(home.manifest(day)):
                    found = published(self.store, home, day)
                    if what.name in found[1].tables:
                        return home.manifest(day), *found
            raise

    def _file(self, what: Wanted, file: File, manifest: Manifest) -> pa.Table:
        """Return a file's rows, once all its bytes are what the manifest says.

        Raises Unreadable where they are not, ChangedMeanwhile where it is replaced meanwhile. A
        copy with other tags (another bucket, a restored folder) is as good as the original.
        """
        seen = self.store.look(file.key)
        if seen is None:
            raise Unreadable(f"{file.key} is missing")
        with tempfile.SpooledTemporaryFile(_SPOOL) as spool:
            digest, size = sha256(), 0
            for piece in self.store.chunks(file.key, seen.tag):
                self.pulse()
                digest.update(piece)
                size += len(piece)
                spool.write(piece)
            if (digest.hexdigest(), size) != (file.sha256, file.bytes):
                raise Unreadable(f"{file.key} has other bytes")
            spool.seek(0)
            try:
                rows = _rows(what.as_made(manifest), file.key, spool, manifest)
            except (pa.ArrowException, msgspec.DecodeError, Unreadable) as problem:
                told = problem if isinstance(problem, Unreadable) else "can't be read"
                raise Unreadable(f"{file.key} {told}") from problem
        if rows.num_rows != file.rows:
            raise Unreadable(
                f"{file.key} has {plural(rows.num_rows, 'row')} instead of {file.rows:,}"
            )
        return _completed(rows, what.schema)


def _completed(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return the rows with null in the columns that the day was exported without."""
    columns = [
        rows.column(field.name)
        if field.name in rows.schema.names
        else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _rows(what: Wanted, key: str, spool: IO[bytes], manifest: Manifest) -> pa.Table:
    """Return the rows of a file, in the format that its name says."""
    if what.table is None:
        return pa.table([pa.array(_texts(spool), pa.string())], schema=what.schema)
    if key.endswith(f".{Format.PARQUET}"):
        with pq.ParquetFile(spool) as file:
            return file.read(list(what.columns)).select(what.columns).cast(what.schema)
    if key.endswith(f".{Format.JSONL}"):
        return _of_objects(what, [msgspec.json.decode(line) for line in lines(_unzipped(spool))])
    escaped = manifest.recipe.csv.get("newlines") == Newlines.ESCAPE
    found = csv_tables(_unzipped(spool), what.table, what.columns)
    parts = [_of_texts(what, each, escaped=escaped) for each in found]
    return pa.concat_tables([what.schema.empty_table(), *parts])


def _unzipped(spool: IO[bytes]) -> Pieces:
    return unzipped(iter(partial(spool.read, 1 << 20), b""))


def _texts(spool: IO[bytes]) -> list[str]:
    return [line.decode() for line in lines(_unzipped(spool))]


def _of_objects(what: Wanted, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    columns = []
    for field in what.schema:
        values = [row.get(field.name) for row in rows]
        is_text = pa.types.is_temporal(field.type)
        columns.append(_typed(pa.array(values, pa.string() if is_text else field.type), field))
    return pa.table(columns, schema=what.schema)


def _of_texts(what: Wanted, rows: pa.Table, *, escaped: bool) -> pa.Table:
    """Return rows of CSV, whose values came as bytes, with their declared types."""
    columns = []
    for field in what.schema:
        texts = rows.column(field.name).combine_chunks().cast(pa.string())
        columns.append(_typed(_unescaped(texts) if escaped else texts, field))
    return pa.table(columns, schema=what.schema)


def _typed(values: pa.Array, field: pa.Field) -> pa.Array:
    if pa.types.is_list(field.type) and pa.types.is_string(values.type):
        lists = [None if one is None else msgspec.json.decode(one) for one in values.to_pylist()]
        return pa.array(lists, field.type)
    return values.cast(field.type)


def _unescaped(texts: pa.StringArray) -> pa.StringArray:
    r"""Return texts with `\n`, `\r` and `\\` as what they stand for."""
    if not pc.any(pc.match_substring(texts, "\\")).as_py():
        return texts
    pieces = pc.split_pattern(texts, "\\\\")
    plain = pieces.flatten()
    for short, whole in (("\\n", "\n"), ("\\r", "\r")):
        plain = pc.replace_substring(plain, short, whole)
    rejoined = pa.ListArray.from_arrays(pieces.offsets, plain, mask=pieces.is_null())
    return pc.binary_join(rejoined, "\\")
