"""The parts of SQL that all dialects share: file locations, names, literals, statements.

Knows no engine. A dialect is a value: its types and the functions that write its statements, each
of which takes a table, the files and, where it matters, a day. Statements carry no semicolon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ..datasets import Column, Table

RECORD = "record"  # the column of a raw table that holds the API's own JSON


class FileType(StrEnum):
    """What the files are, by the end of their names."""

    CSV = "csv.gz"
    PARQUET = "parquet"
    LINES = "jsonl.gz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The exported files: their type, their layout, the prefix of their keys."""

    root: str  # s3://bucket/prefix or a folder; no slash at its end
    type: FileType = FileType.CSV
    hive: bool = False  # dt=2026-11-22/000-000.csv.gz instead of 2026-11-22.csv.gz
    newlines: str = "keep"  # the setting csv.newlines

    @property
    def in_s3(self) -> bool:
        """Whether they are in a bucket."""
        return self.root.startswith("s3://")

    def folder(self, table: Table) -> str:
        """Return the prefix of all files of a table and nothing else: `s3://b/p/conversations/`."""
        return f"{self.root}/{table.name}/"

    def prefix(self, table: Table, day: date) -> str:
        """Return what the files of one day, and no others, begin with."""
        return f"{self.folder(table)}{self.day(day)}"

    def day(self, day: date) -> str:
        """Return what the files of one day begin with, below their table's folder."""
        return f"dt={day}/" if self.hive else str(day)

    def glob(self, table: Table, day: date) -> str:
        """Return the pattern of one day's files, with the root as it is: it may need escaping."""
        return f"{self.prefix(table, day)}*.{self.type}"


Statements = Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one engine takes the files.

    `reload` replaces one day, between `begin` and `commit`. Engines that read the files in place
    need no load: there it fills a copy.
    """

    name: str
    title: str
    needs_s3: bool
    types: tuple[FileType, ...]
    traps: Callable[[Files], Sequence[str]]  # a sentence or two each
    quote: Callable[[str], str]  # how it writes a name
    create: Callable[[Table, Files], Statements]
    reload: Callable[[Table, Files, date], Statements]
    prepare: Callable[[Files], Statements] = lambda _files: ()  # once, before all tables
    begin: Statements = ("BEGIN",)
    commit: Statements = ("COMMIT",)


def literal(text: str) -> str:
    """Return text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """Return a name between double quotes."""
    return '"' + name.replace('"', '""') + '"'


def ticked(name: str) -> str:
    """Return a name between backquotes, as Hive's and Spark's SQL have it."""
    return "`" + name.replace("`", "``") + "`"


def block(lines: Iterable[str]) -> str:
    """Return lines of a list: a comma between them, indented by two."""
    return ",\n".join(f"  {line}" for line in lines)


def is_raw(table: Table) -> bool:
    """Whether the table is the one of the API's own records."""
    return table.names[-1] == RECORD


def is_required(column: Column, table: Table) -> bool:
    """Whether no row lacks a value there."""
    return column.name in table.primary_key or column == table.day


def only_day(table: Table, day: date) -> str:
    """Return the condition that holds for the rows of one day."""
    return f"{quoted(table.day.name)} = DATE '{day}'"


def delete_day(table: Table, day: date) -> str:
    """Return the statement that deletes one day."""
    return f"DELETE FROM {quoted(table.name)} WHERE {only_day(table, day)}"
