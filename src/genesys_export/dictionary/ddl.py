"""Declarations → one script per engine: tables, load, and one day again.

Knows the order of a script and what is true of every engine; what differs stands in dialects/.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import date

from ..datasets import Column, Dataset, Kind, PersonalData, Table, Type
from ..errors import WrongUse
from .dialects import DIALECTS
from .pages import WIDTH, chosen
from .sql import RECORD, Dialect, Files, FileType, is_raw

__all__ = ["DIALECTS", "as_ddl"]

EXAMPLE = date(2026, 11, 22)

_KEYS = (
    "Keys hold positions that can shift when Genesys corrects a conversation: delete the day and "
    "load it again, never merge row by row."
)
_APPENDED = (
    "Columns of later versions are appended after _extra, never put between: add them to the "
    "tables before you load files that have them."
)
_ESCAPED = (
    "These files are written with csv.newlines = escape: a line break is \\n or \\r as two "
    "characters and every backslash stands twice, in the JSON text of lists as well."
)


def as_ddl(
    dataset: Dataset,
    dialect: str,
    files: Files,
    *,
    tables: Sequence[str] | None = None,
    day: date | None = None,
) -> str:
    """Return the script for one of DIALECTS; of all tables unless some are named.

    With `day` it makes the tables that are missing and loads that day, for the first time or
    again; such a script can be run any number of times. Raises WrongUse for a table that the
    dataset does not have, an engine there is nothing for, and files that the engine can't read.
    """
    engine = _engine(dialect, files)
    whole = chosen(dataset, tables)
    wanted = (_raw(dataset),) if files.type is FileType.LINES else whole
    blocks = [_head(dataset, engine, files), *_made(engine, wanted, files)]
    if day is None:
        blocks += _first(engine, wanted, files)
    blocks += _again(engine, wanted, files, day)
    return "\n\n".join(blocks) + "\n"


def _engine(name: str, files: Files) -> Dialect:
    if name not in DIALECTS:
        raise WrongUse(f"there is no SQL for {name}", advice=f"There is {', '.join(DIALECTS)}.")
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


def _raw(dataset: Dataset) -> Table:
    """Return the table of the API's own records, as the loads of all engines see it."""
    day = dataset.tables[0].column("conversation_date")
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
        name=f"{dataset.name}_raw",
        path="",
        model=dataset.source_model,
        grain="one record as the API gave it",
        primary_key=(),
        foreign_keys=(),
        note="",
        columns=(day, record),
    )


def _head(dataset: Dataset, engine: Dialect, files: Files) -> str:
    layout = "hive" if files.hive else "daily"
    about = (
        f"{engine.title}: the dataset {dataset.name}, column version {dataset.column_version}, "
        f"as {files.type} files in layout {layout} below {files.root}"
    )
    traps = [*engine.traps(files), _APPENDED]
    if files.type is FileType.CSV and files.newlines == "escape" and engine.name != "athena":
        traps.insert(0, _ESCAPED)
    return "\n".join((_comment(about), *(_comment(trap, "* ") for trap in traps)))


def _made(engine: Dialect, tables: Sequence[Table], files: Files) -> Iterator[str]:
    yield _comment("1. The tables, where they are not there yet.")
    yield from map(_ended, engine.prepare(files))
    for table in tables:
        yield from map(_ended, engine.create(table, files))


def _first(engine: Dialect, tables: Sequence[Table], files: Files) -> Iterator[str]:
    # A line of JSON doesn't say its day: raw records are loaded day by day.
    typed = [table for table in tables if not is_raw(table)]
    loads = [_ended(statement) for table in typed for statement in engine.load(table, files)]
    if loads:
        yield _comment("2. Every day that lies there, into empty tables: twice is double.")
        yield from _together(engine, loads)


def _again(
    engine: Dialect, tables: Sequence[Table], files: Files, day: date | None
) -> Iterator[str]:
    told = f"{day}, for the first time or corrected."
    if day is None:
        told = "One day, for the first time or corrected: put it in, or have --date do that."
    yield _comment(f"{'3' if day is None else '2'}. {told} {_KEYS}")
    loads = [each for table in tables for each in engine.reload(table, files, day or EXAMPLE)]
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
