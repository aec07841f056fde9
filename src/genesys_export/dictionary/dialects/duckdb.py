"""DuckDB: reads every format itself; its own tables are filled by INSERT … SELECT."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from ...datasets import Column, Table, Type
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
    Type.STRING: "VARCHAR",
    Type.INT64: "BIGINT",
    Type.FLOAT64: "DOUBLE",
    Type.BOOL: "BOOLEAN",
    Type.TIMESTAMP: "TIMESTAMPTZ",
    Type.DATE: "DATE",
    Type.STRINGS: "VARCHAR[]",
    Type.INT64S: "BIGINT[]",
}
_ELEMENTS = {Type.STRINGS: "VARCHAR", Type.INT64S: "BIGINT"}


def _traps(files: Files) -> Sequence[str]:
    told = [
        (
            "No PRIMARY KEY on purpose: DuckDB checks it too eagerly where one transaction "
            "deletes rows and inserts them again."
        )
    ]
    if files.type is FileType.CSV:
        told.append(
            "allow_quoted_nulls = false keeps empty text apart from null; by default both become "
            "null. Types are named, since DuckDB guesses text for a column of nulls."
        )
    if files.in_s3:
        told.append(
            "S3 needs once: INSTALL httpfs; and in every session: LOAD httpfs; "
            "CREATE SECRET (TYPE s3, PROVIDER credential_chain);"
        )
    return told


def _create(table: Table, _files: Files) -> Statements:
    columns = (_declared(column, table) for column in table.columns)
    return (f"CREATE TABLE IF NOT EXISTS {quoted(table.name)} (\n{block(columns)}\n)",)


def _declared(column: Column, table: Table) -> str:
    if column.name == RECORD:
        return f"{quoted(RECORD)} JSON"
    needed = " NOT NULL" if is_required(column, table) else ""
    return f"{quoted(column.name)} {_TYPES[column.type]}{needed}"


def _reload(table: Table, files: Files, day: date) -> Statements:
    pattern = _glob(table, files, day)
    if is_raw(table):
        return (delete_day(table, day), _insert_raw(table, pattern, day))
    return (delete_day(table, day), _insert(table, files, pattern))


def _glob(table: Table, files: Files, day: date) -> str:
    """Return the files' pattern with the root taken literally: DuckDB has no other escape."""
    literally = re.sub(r"[*?\[]", r"[\g<0>]", files.root)
    return literally + files.glob(table, day).removeprefix(files.root)


def _insert(table: Table, files: Files, pattern: str) -> str:
    is_csv = files.type is FileType.CSV
    reads = (_read(one) if is_csv else quoted(one.name) for one in table.columns)
    into = f"INSERT INTO {quoted(table.name)}\nSELECT\n{block(reads)}\nFROM "
    if not is_csv:
        return f"{into}read_parquet({literal(pattern)}, hive_partitioning = false)"
    options = (
        literal(pattern),
        "auto_detect = false",
        "compression = 'gzip'",  # not recognised by the name where the path has a ?
        "header = true",
        "delim = ','",
        "quote = '\"'",
        "escape = '\"'",
        "nullstr = ''",
        "allow_quoted_nulls = false",
        "hive_partitioning = false",
        "max_line_size = 16777216",
        f"columns = {{{', '.join(map(_column, table.columns))}}}",
    )
    return f"{into}read_csv(\n{block(options)}\n)"


def _column(column: Column) -> str:
    kind = "VARCHAR" if column.type.is_list else _TYPES[column.type]
    return f"{literal(column.name)}: {literal(kind)}"


def _read(column: Column) -> str:
    name = quoted(column.name)
    if column.type.is_list:
        return f"from_json({name}, '[\"{_ELEMENTS[column.type]}\"]') AS {name}"
    return name


def _insert_raw(table: Table, pattern: str, day: date) -> str:
    return (
        f"INSERT INTO {quoted(table.name)}\nSELECT DATE '{day}', \"json\"\n"
        f"FROM read_json_objects({literal(pattern)}, format = 'newline_delimited', "
        "compression = 'gzip', "
        "hive_partitioning = false)"
    )


DUCKDB = Dialect(
    name="duckdb",
    title="DuckDB",
    needs_s3=False,
    types=tuple(FileType),
    traps=_traps,
    quote=quoted,
    create=_create,
    reload=_reload,
)
