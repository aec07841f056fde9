"""Spark SQL: tables over the files in place, or a copy by partition.

Lists are JSON text in CSV: the table is called …_text there and the view has the name.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ...datasets import Column, Table, Type
from ..sql import Dialect, Files, FileType, Statements, block, is_raw, literal, ticked

_TYPES = {
    Type.STRING: "STRING",
    Type.INT64: "BIGINT",
    Type.FLOAT64: "DOUBLE",
    Type.BOOL: "BOOLEAN",
    Type.TIMESTAMP: "TIMESTAMP",
    Type.DATE: "DATE",
    Type.STRINGS: "ARRAY<STRING>",
    Type.INT64S: "ARRAY<BIGINT>",
}
# Null is what equals nullValue after reading: one that occurs nowhere keeps "" from being null.
_CSV_OPTIONS = {
    "header": "true",
    "multiLine": "true",
    "quote": '"',
    "escape": '"',
    "nullValue": "\\u0001",
    "emptyValue": "",
    "mode": "FAILFAST",
    "enforceSchema": "false",
    "encoding": "UTF-8",
}


def _traps(files: Files) -> Sequence[str]:
    told = [
        (
            "Nothing is loaded: the tables are the files. Spark remembers which files it saw: "
            "REFRESH TABLE after a day was exported again. The INSERT OVERWRITE is for a copy of "
            "your own; it deletes the day and loads it in one step."
        ),
        "Times are shown in the session's zone: SET TIME ZONE 'UTC' to see them as they stand.",
    ]
    if files.in_s3:
        told.append("s3:// is Glue's and EMR's; elsewhere write s3a:// and add hadoop-aws.")
    if files.type is FileType.CSV:
        told += [
            (
                "multiLine and escape = quote are needed for line breaks and doubled quotes "
                "inside values; nullValue is a text that doesn't occur, since with the default "
                "empty text is read as null."
            ),
            "FAILFAST stops at a value that doesn't fit; the default makes nulls of it.",
        ]
    return told


def _create(table: Table, files: Files) -> Statements:
    if is_raw(table):
        return _create_raw(table, files)
    if files.type is FileType.PARQUET:
        return (_placed(table.name, table, files, "PARQUET"),)
    text = f"{table.name}_text"
    return (
        _placed(text, table, files, "CSV"),
        (
            f"CREATE OR REPLACE VIEW {ticked(table.name)} AS\nSELECT\n"
            f"{block(map(_typed, table.columns))}\nFROM {ticked(text)}"
        ),
    )


def _placed(name: str, table: Table, files: Files, form: str) -> str:
    is_csv = form == "CSV"
    columns = (
        f"{ticked(one.name)} {'STRING' if is_csv and one.type.is_list else _TYPES[one.type]}"
        for one in table.columns
    )
    pairs = ", ".join(f"{literal(key)} = {literal(text)}" for key, text in _CSV_OPTIONS.items())
    options = f"\nOPTIONS ({pairs})" if is_csv else ""
    return (
        f"CREATE TABLE IF NOT EXISTS {ticked(name)} (\n{block(columns)}\n)\n"
        f"USING {form}{options}\nLOCATION {literal(files.folder(table))}"
    )


def _typed(column: Column) -> str:
    name = ticked(column.name)
    if column.type.is_list:
        return f"from_json({name}, {literal(_TYPES[column.type])}) AS {name}"
    return name


def _create_raw(table: Table, files: Files) -> Statements:
    text = f"{table.name}_text"
    found = f"regexp_extract(_metadata.file_path, '/{table.name}/(?:dt=)?([0-9-]{{10}})', 1)"
    return (
        (
            f"CREATE TABLE IF NOT EXISTS {ticked(text)} (`value` STRING)\n"
            f"USING TEXT\nLOCATION {literal(files.folder(table))}"
        ),
        (
            f"CREATE OR REPLACE VIEW {ticked(table.name)} AS\n"
            f"SELECT CAST({found} AS DATE) AS {ticked(table.day.name)}, `value` AS `record`\n"
            f"FROM {ticked(text)}"
        ),
    )


def _reload(table: Table, files: Files, day: date) -> Statements:
    copy = ticked(f"{table.name}_copy")
    declared = (f"{ticked(one.name)} {_TYPES[one.type]}" for one in table.columns)
    own_day = ticked(table.day.name)
    names = [ticked(one) for one in table.names if one != table.day.name]
    source = table.name if files.type is FileType.PARQUET else f"{table.name}_text"
    partition = f"{own_day} = DATE '{day}'"
    return (
        f"REFRESH TABLE {ticked(source)}",
        (
            f"CREATE TABLE IF NOT EXISTS {copy} (\n{block(declared)}\n)\n"
            f"USING PARQUET\nPARTITIONED BY ({own_day})"
        ),
        (
            f"INSERT OVERWRITE TABLE {copy} PARTITION ({partition})\n"
            f"SELECT {', '.join(names)}\nFROM {ticked(table.name)}\nWHERE {partition}"
        ),
    )


SPARK = Dialect(
    name="spark",
    title="Spark SQL",
    needs_s3=False,
    types=tuple(FileType),
    traps=_traps,
    quote=ticked,
    create=_create,
    reload=_reload,
    begin=(),
    commit=(),
)
