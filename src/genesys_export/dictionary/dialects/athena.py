"""Amazon Athena: external tables over the files in place, and views with the types.

CSV is all text to Athena's reader: the table is called …_text there and the view has the name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    literal,
    only_day,
    quoted,
    ticked,
)

_TYPES = {
    Type.STRING: "string",
    Type.INT64: "bigint",
    Type.FLOAT64: "double",
    Type.BOOL: "boolean",
    Type.TIMESTAMP: "timestamp",
    Type.DATE: "date",
    Type.STRINGS: "array<string>",
    Type.INT64S: "array<bigint>",
}
# What the view makes of a text that is not empty.
_FROM_TEXT = {
    Type.STRING: "{}",
    Type.INT64: "CAST({} AS bigint)",
    Type.FLOAT64: "CAST({} AS double)",
    Type.BOOL: "CAST({} AS boolean)",
    # Views can't hold a timestamp with a zone; the text is UTC.
    Type.TIMESTAMP: "CAST(from_iso8601_timestamp({}) AS timestamp)",
    Type.DATE: "CAST({} AS date)",
    Type.STRINGS: "CAST(json_parse({}) AS array(varchar))",
    Type.INT64S: "CAST(json_parse({}) AS array(bigint))",
}
_FREE = (Type.STRING, Type.STRINGS)
_UNESCAPED = (
    r"regexp_replace({}, '\\(.)', m -> IF(m[1] = 'n', chr(10), IF(m[1] = 'r', chr(13), m[1])))"
)
# opencsv reads doubled quotes whatever the escape character is; this one occurs nowhere, since
# a backslash, the default, means itself in our files.
_CSV = (
    "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'\n"
    "WITH SERDEPROPERTIES "
    "('separatorChar' = ',', 'quoteChar' = '\"', 'escapeChar' = '\\u0001')\n"
    "STORED AS TEXTFILE"
)
_LINES = "ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\001'\nSTORED AS TEXTFILE"


def _traps(files: Files) -> Sequence[str]:
    told = [
        (
            "Nothing is loaded: the tables are the files, and a day that is exported again is "
            "there at once. The part below for one day is for a copy of your own in Iceberg."
        ),
    ]
    if files.type is FileType.CSV:
        if files.newlines == "keep":
            told.insert(
                0,
                "THESE FILES KEEP LINE BREAKS INSIDE VALUES (csv.newlines = keep), and Athena "
                "takes every line break for the end of a row: export with escape or space.",
            )
        told += [
            (
                "All columns of the _text tables are text; the views of the plain names give the "
                "types. Null and empty text are one thing to this reader: the views say null."
            ),
            "The escape character is one that doesn't occur: a backslash means itself.",
        ]
        if files.newlines == "escape":
            told.append("The views turn \\n, \\r and doubled backslashes back.")
    if files.type is FileType.PARQUET:
        told.append("Times are UTC.")
    if files.hive:
        told.append(
            "The partition dt comes by projection, without MSCK REPAIR: name it in WHERE to read "
            "only those days, and narrow projection.dt.range to the days you have."
        )
    return told


def _create(table: Table, files: Files) -> Statements:
    if files.type is FileType.PARQUET:
        declared = (f"{ticked(one.name)} {_TYPES[one.type]}" for one in table.columns)
        return (_external(table.name, declared, "STORED AS PARQUET", table, files),)
    text = f"{table.name}_text"
    if is_raw(table):
        made = _external(text, [f"{ticked(RECORD)} string"], _LINES, table, files)
        reads: Iterable[str] = (
            f"{_named_day(table)} AS {quoted(table.day.name)}",
            quoted(RECORD),
        )
    else:
        declared = (f"{ticked(column.name)} string" for column in table.columns)
        made = _external(text, declared, _CSV, table, files)
        reads = (_typed(column, files) for column in table.columns)
    extra = [quoted("dt")] if files.hive else []
    view = (
        f"CREATE OR REPLACE VIEW {quoted(table.name)} AS\nSELECT\n{block([*reads, *extra])}\n"
        f"FROM {quoted(text)}"
    )
    return (made, view)


def _external(name: str, columns: Iterable[str], form: str, table: Table, files: Files) -> str:
    properties = {"skip.header.line.count": "1"} if files.type is FileType.CSV else {}
    partition = ""
    if files.hive:
        partition = f"PARTITIONED BY ({ticked('dt')} string)\n"
        properties |= {
            "projection.enabled": "true",
            "projection.dt.type": "date",
            "projection.dt.format": "yyyy-MM-dd",
            "projection.dt.range": "2024-01-01,NOW",
            "storage.location.template": f"{files.folder(table)}dt=${{dt}}/",
        }
    pairs = ", ".join(f"{literal(key)} = {literal(value)}" for key, value in properties.items())
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {ticked(name)} (\n{block(columns)}\n)\n{partition}"
        f"{form}\nLOCATION {literal(files.folder(table))}"
        + (f"\nTBLPROPERTIES ({pairs})" if pairs else "")
    )


def _typed(column: Column, files: Files) -> str:
    name = quoted(column.name)
    text = f"NULLIF({name}, '')"
    if files.newlines == "escape" and column.type in _FREE:
        text = _UNESCAPED.format(text)
    return f"{_FROM_TEXT[column.type].format(text)} AS {name}"


def _named_day(table: Table) -> str:
    found = f"regexp_extract(\"$path\", '/{table.name}/(?:dt=)?(\\d{{4}}-\\d{{2}}-\\d{{2}})', 1)"
    return f"CAST({found} AS date)"


def _reload(table: Table, files: Files, day: date) -> Statements:
    copy = f"{table.name}_copy"
    declared = (f"{ticked(one.name)} {_TYPES[one.type]}" for one in table.columns)
    names = ", ".join(quoted(column.name) for column in table.columns)
    partition = f"\nAND {quoted('dt')} = '{day}'" if files.hive else ""
    return (
        (
            f"CREATE TABLE IF NOT EXISTS {ticked(copy)} (\n{block(declared)}\n)\n"
            f"PARTITIONED BY ({ticked(table.day.name)})\n"
            f"LOCATION 's3://YOUR-BUCKET/copies/{table.name}/'\n"
            "TBLPROPERTIES ('table_type' = 'ICEBERG')"
        ),
        delete_day(table, day).replace(quoted(table.name), quoted(copy)),
        (
            f"INSERT INTO {quoted(copy)}\nSELECT {names}\nFROM {quoted(table.name)}\n"
            f"WHERE {only_day(table, day)}{partition}"
        ),
    )


ATHENA = Dialect(
    name="athena",
    title="Amazon Athena",
    needs_s3=True,
    types=tuple(FileType),
    traps=_traps,
    quote=quoted,
    create=_create,
    reload=_reload,
    begin=(),
    commit=(),
)
