"""Declarations → one script per engine: create the tables, load one day.

Knows the order of a script and what is true of every engine; dialects/ holds the differences.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import date

from ..datasets import Column, Dataset, Kind, PersonalData, Table, Type
from ..errors import WrongUse
from .dialects import DIALECTS
from .pages import WIDTH, chosen
from .sql import RECORD, Dialect, Files, FileType

__all__ = ["DIALECTS", "as_ddl"]

EXAMPLE = date(2026, 11, 22)

_KEYS = (
    "Keys hold positions that can shift when Genesys corrects a conversation: replace the whole "
    "day, never merge row by row."
)
_APPENDED = (
    "Later versions append columns after _extra, never in between: add them to your tables before "
    "you load files that have them."
)
_ESCAPED = (
    "These files are written with csv.newlines = escape: a line break is \\n or \\r as two "
    "characters and every backslash stands twice, in the JSON text of lists as well."
)


def as_ddl(
    datasets: Sequence[Dataset],
    dialect: str,
    files: Files,
    *,
    tables: Sequence[str] | None = None,
    day: date | None = None,
) -> str:
    """Return the script for one of DIALECTS; of all tables unless some are named.

    With `day` the script creates the missing tables, deletes that day and loads it, so it can run
    any number of times. Without it, the load is a template in comments. Raises WrongUse for a
    table that none of the datasets has, an unknown engine, and files that the engine can't read.
    """
    engine = _engine(dialect, files)
    wanted = chosen((table for each in datasets for table in each.tables), tables)
    named = [each for each in datasets if any(each.has(table.name) for table in wanted)]
    if files.type is FileType.LINES:
        wanted = tuple(raw for each in named for raw in _raw(each, wanted))
    blocks = [_head(named, engine, files), *_made(engine, wanted, files)]
    blocks += _template(engine, wanted, files) if day is None else _day(engine, wanted, files, day)
    return "\n\n".join(blocks) + "\n"


def _engine(name: str, files: Files) -> Dialect:
    if name not in DIALECTS:
        raise WrongUse(
            f"--ddl {name} is not supported", advice=f"Choose one of {', '.join(DIALECTS)}."
        )
    engine = DIALECTS[name]
    if files.type not in engine.types:
        raise WrongUse(
            f"{engine.title} does not read {files.type} files",
            advice=f"It reads {', '.join(engine.types)}: choose with --format.",
        )
    if engine.needs_s3 and not files.in_s3:
        raise WrongUse(
            f"{engine.title} reads from S3, not from {files.root}",
            advice="Name the bucket with --to s3://bucket/prefix.",
        )
    return engine


def _raw(dataset: Dataset, wanted: Sequence[Table]) -> Iterator[Table]:
    """Yield what holds the dataset's JSON lines: one table of records, or else its own tables."""
    tables = [table for table in wanted if dataset.has(table.name)]
    holders = {dataset.raw if dataset.record else table.name: table for table in tables}
    for name, table in holders.items():
        yield _of_records(name, table)


def _of_records(name: str, table: Table) -> Table:
    """Return a table of the API's own records, as the loads of all engines see it."""
    record = Column(
        name=RECORD,
        type=Type.STRING,
        kind=Kind.FIELD,
        path=None,
        unit="",
        personal_data=PersonalData.SENSITIVE,
        description="The API's own record, as JSON.",
    )
    return Table(
        name=name,
        path="",
        model=table.model,
        grain="one record as the API gave it",
        primary_key=(),
        foreign_keys=(),
        note="",
        columns=(table.day, record),
    )


def _head(datasets: Sequence[Dataset], engine: Dialect, files: Files) -> str:
    layout = "hive" if files.hive else "daily"
    named = ", ".join(f"{each.name} (column version {each.column_version})" for each in datasets)
    about = (
        f"{engine.title}: tables of {named} "
        f"as {files.type} files in layout {layout} under {files.root}"
    )
    traps = [*engine.traps(files), _APPENDED]
    if files.type is FileType.CSV and files.newlines == "escape" and engine.name != "athena":
        traps.insert(0, _ESCAPED)
    return "\n".join((_comment(about), *(_comment(trap, "* ") for trap in traps)))


def _made(engine: Dialect, tables: Sequence[Table], files: Files) -> Iterator[str]:
    yield _comment("1. Create the tables that do not exist yet.")
    yield from map(_ended, engine.prepare(files))
    for table in tables:
        yield from map(_ended, engine.create(table, files))


def _day(engine: Dialect, tables: Sequence[Table], files: Files, day: date) -> Iterator[str]:
    yield _comment(f"2. Load {day}: delete what is there, then insert. {_KEYS}")
    yield from _reloaded(engine, tables, files, day)


def _template(engine: Dialect, tables: Sequence[Table], files: Files) -> Iterator[str]:
    yield _comment(
        "2. Load one day. Run this command again with --date YYYY-MM-DD to get the script of a "
        f"day. As a template, this is the load of {EXAMPLE}. {_KEYS}"
    )
    for statement in _reloaded(engine, tables, files, EXAMPLE):
        yield "\n".join(f"-- {line}".rstrip() for line in statement.split("\n"))


def _reloaded(engine: Dialect, tables: Sequence[Table], files: Files, day: date) -> Iterator[str]:
    loads = [each for table in tables for each in engine.reload(table, files, day)]
    yield from _together(engine, [_ended(statement) for statement in loads])


def _together(engine: Dialect, statements: Sequence[str]) -> Iterator[str]:
    """Yield statements between the marks of a transaction, where the engine has any."""
    yield from map(_ended, engine.begin)
    yield from statements
    yield from map(_ended, engine.commit)


def _ended(statement: str) -> str:
    """Return a statement with its end; psql's own commands end with their line."""
    return statement if statement.startswith("\\") else f"{statement};"


def _comment(text: str, mark: str = "") -> str:
    return "\n".join(
        textwrap.wrap(
            text,
            WIDTH,
            initial_indent=f"-- {mark}",
            subsequent_indent=f"-- {' ' * len(mark)}",
            break_long_words=False,
            break_on_hyphens=False,
        )
    )
