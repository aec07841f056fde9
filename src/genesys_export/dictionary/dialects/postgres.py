r"""PostgreSQL, as psql runs it: files are unzipped on the client and sent with \copy.

Knows csv.gz and jsonl.gz; PostgreSQL has no reader for Parquet.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import date

from ...datasets import Column, Kind, Table, Type
from ..sql import (
    RECORD,
    Dialect,
    Files,
    FileType,
    Statements,
    block,
    delete_day,
    is_raw,
    is_required,
    literal,
    quoted,
)

_TYPES = {
    Type.STRING: "text",
    Type.INT64: "bigint",
    Type.FLOAT64: "double precision",
    Type.BOOL: "boolean",
    Type.TIMESTAMP: "timestamptz(3)",
    Type.DATE: "date",
    # json, not jsonb: jsonb refuses \u0000 and lone surrogates, and one of them fails a whole day.
    Type.STRINGS: "json",
    Type.INT64S: "json",
}


# Before PostgreSQL 18 a line that is only \. ends a CSV, even inside quotes. Our values are all
# quoted, so such a line is inside one: closing the quotes around it leaves the value the same.
_NO_END_MARK = r"""LC_ALL=C awk '/^\\\.\r?$/ { sub(/^\\\./, "\"\\.\"") } { print }'"""


def _traps(files: Files) -> Sequence[str]:
    told = [
        "Made for psql (\\copy runs on the client and needs no rights on the server).",
        "PostgreSQL cannot store NUL characters: tr removes them.",
    ]
    if files.in_s3:
        told.append(
            f"psql can't read S3: bring the files down first (aws s3 sync {files.root} .) and "
            "run the script where they are."
        )
    if files.type is FileType.CSV:
        told += [
            (
                "FORMAT csv tells null from empty text by itself. HEADER match (PostgreSQL 15) "
                "refuses files whose columns are not the table's."
            ),
            "Lists are json, not jsonb: jsonb refuses some characters that the API may send.",
        ]
    return told


def _create(table: Table, _files: Files) -> Statements:
    lines = [_declared(column, table) for column in table.columns]
    name = quoted(table.name)
    keys = ", ".join(_indexed(table.column(key)) for key in table.primary_key)
    unique = f"CREATE UNIQUE INDEX IF NOT EXISTS {quoted(f'{table.name}_key')} ON {name} ({keys})"
    by_date = quoted(f"{table.name}_by_date")
    return (
        f"CREATE TABLE IF NOT EXISTS {name} (\n{block(lines)}\n)",
        *([unique] if keys else []),
        f"CREATE INDEX IF NOT EXISTS {by_date} ON {name} ({quoted(table.day.name)})",
    )


def _indexed(column: Column) -> str:
    """Return a key column as indexed: PostgreSQL refuses index entries over 2,704 bytes."""
    name = quoted(column.name)
    if column.optional:  # where null is a value like others; sqlglot has no NULLS NOT DISTINCT
        return f"coalesce({name}, chr(1))"
    return f"md5({name})" if column.kind is Kind.MAP_KEY else name


def _declared(column: Column, table: Table) -> str:
    if column.name == RECORD:
        return f"{quoted(RECORD)} json"
    needed = " NOT NULL" if is_required(column, table) else ""
    return f"{quoted(column.name)} {_TYPES[column.type]}{needed}"


def _reload(table: Table, files: Files, day: date) -> Statements:
    if is_raw(table):
        return _reload_raw(table, files, day)
    return (delete_day(table, day), _copy(table, files, day))


def _copy(table: Table, files: Files, day: date) -> str:
    # Only the first file's header is kept: HEADER match compares it with the table.
    each = 'n=1; for f in {}; do gunzip -c "$f" | tail -n +$n; n=2; done'
    program = f"{_unzipped(each, table, files, day)} | {_NO_END_MARK}"
    return (
        f"\\copy {quoted(table.name)} FROM PROGRAM {literal(program)} "
        "WITH (FORMAT csv, HEADER match)"
    )


def _unzipped(program: str, table: Table, files: Files, day: date) -> str:
    """Return a shell program's text; it fails before it begins where a file is missing or cut."""
    words = _words(table, files, day)
    whole = f'set -e; for f in {words}; do gunzip -t "$f"; done'
    return f'{whole}; {program.format(words)} | tr -d "\\000"'


def _reload_raw(table: Table, files: Files, day: date) -> Statements:
    # FORMAT text takes a backslash for an escape: sed doubles them. JSON lines hold no bare tab.
    program = _unzipped("gunzip -c {}", table, files, day) + r" | sed 's/\\/&&/g'"
    copied = f"\\copy {quoted('incoming')} FROM PROGRAM {literal(program)} WITH (FORMAT text)"
    return (
        'CREATE TEMP TABLE "incoming" ("record" json)',
        copied,
        delete_day(table, day),
        f'INSERT INTO {quoted(table.name)} SELECT DATE \'{day}\', "record" FROM "incoming"',
        'DROP TABLE "incoming"',
    )


def _words(table: Table, files: Files, day: date) -> str:
    """Return the shell pattern of the files: absolute for a folder, else from where psql runs."""
    pattern = files.glob(table, day)
    inside = pattern.removeprefix(f"{files.root}/")
    return inside if files.in_s3 else f"{shlex.quote(files.root)}/{inside}"


POSTGRES = Dialect(
    name="postgres",
    title="PostgreSQL",
    needs_s3=False,
    types=(FileType.CSV, FileType.LINES),
    traps=_traps,
    quote=quoted,
    create=_create,
    reload=_reload,
    # A failure must end psql before COMMIT: a program's failure is known only after its rows.
    prepare=lambda _files: ("\\set ON_ERROR_STOP on", "SET client_min_messages = warning"),
)
