"""Snowflake: a stage over the bucket, its own tables, COPY INTO by name prefix.

Names are quoted in upper case, so that they can be written unquoted in any case.
"""

from __future__ import annotations

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
    is_raw,
    is_required,
    literal,
    quoted,
)

_TYPES = {
    Type.STRING: "VARCHAR",
    Type.INT64: "NUMBER(38, 0)",
    Type.FLOAT64: "FLOAT",
    Type.BOOL: "BOOLEAN",
    Type.TIMESTAMP: "TIMESTAMP_TZ(3)",
    Type.DATE: "DATE",
    Type.STRINGS: "ARRAY",
    Type.INT64S: "ARRAY",
}
_STAGE = "GENESYS_EXPORT"
_FORMATS = {
    FileType.CSV: (
        "TYPE = CSV COMPRESSION = GZIP ENCODING = 'UTF8' SKIP_HEADER = 1 FIELD_DELIMITER = ',' "
        "RECORD_DELIMITER = '\\n' MULTI_LINE = TRUE FIELD_OPTIONALLY_ENCLOSED_BY = '\"' "
        "ESCAPE = NONE ESCAPE_UNENCLOSED_FIELD = NONE NULL_IF = () EMPTY_FIELD_AS_NULL = TRUE "
        "TRIM_SPACE = FALSE TIMESTAMP_FORMAT = AUTO DATE_FORMAT = AUTO"
    ),
    FileType.PARQUET: "TYPE = PARQUET USE_LOGICAL_TYPE = TRUE BINARY_AS_TEXT = FALSE NULL_IF = ()",
    FileType.LINES: "TYPE = JSON COMPRESSION = GZIP STRIP_NULL_VALUES = FALSE NULL_IF = ()",
}


def _traps(files: Files) -> Sequence[str]:
    told = [
        "Put in your storage integration: CREATE STORAGE INTEGRATION is an administrator's, once.",
        (
            "FORCE = TRUE is needed: COPY remembers which files it loaded and would skip an "
            "unchanged file after its rows were deleted."
        ),
        (
            "COPY takes whatever begins with the path. Snowpipe loads a file name only once and "
            "misses the correction of a day."
        ),
    ]
    if files.type is FileType.CSV:
        told += [
            (
                "NULL_IF = () with EMPTY_FIELD_AS_NULL = TRUE keeps empty text apart from null "
                "and leaves a text \\N alone; both ESCAPEs are NONE: a backslash means itself."
            ),
            (
                "Lists are ARRAY, parsed by the COPY. A COPY that transforms doesn't check the "
                "number of columns."
            ),
        ]
    if files.type is FileType.PARQUET:
        told.append(
            "USE_LOGICAL_TYPE = TRUE makes times of times; without it they come as numbers."
        )
    return told


def _name(name: str) -> str:
    return quoted(name.upper())


def _prepare(files: Files) -> Statements:
    form = _name(_format(files))
    return (
        f"CREATE FILE FORMAT IF NOT EXISTS {form} {_FORMATS[files.type]}",
        (
            f"CREATE STAGE IF NOT EXISTS {_name(_STAGE)} URL = {literal(files.root + '/')} "
            'STORAGE_INTEGRATION = "YOUR_INTEGRATION"'
        ),
    )


def _format(files: Files) -> str:
    return f"{_STAGE}_{files.type.name}"


def _create(table: Table, _files: Files) -> Statements:
    columns = (_declared(column, table) for column in table.columns)
    return (f"CREATE TABLE IF NOT EXISTS {_name(table.name)} (\n{block(columns)}\n)",)


def _declared(column: Column, table: Table) -> str:
    kind = "VARIANT" if column.name == RECORD else _TYPES[column.type]
    needed = " NOT NULL" if is_required(column, table) else ""
    return f"{_name(column.name)} {kind}{needed}"


def _reload(table: Table, files: Files, day: date) -> Statements:
    condition = f"{_name(table.day.name)} = DATE '{day}'"
    delete = f"DELETE FROM {_name(table.name)} WHERE {condition}"
    return (delete, _copy(table, files, day))


def _copy(table: Table, files: Files, day: date) -> str:
    place = literal(f"@{_STAGE}/{table.name}/{files.day(day)}")
    columns = ""
    if files.type is FileType.PARQUET:
        source = place
    else:
        columns = f" ({', '.join(_name(column.name) for column in table.columns)})"
        source = f"(\nSELECT\n{block(_reads(table, day))}\nFROM {place}\n)"
    matched = "\nMATCH_BY_COLUMN_NAME = CASE_INSENSITIVE" * (files.type is FileType.PARQUET)
    return (
        f"COPY INTO {_name(table.name)}{columns}\nFROM {source}\n"
        f"FILE_FORMAT = (FORMAT_NAME = {literal(_format(files))}){matched}\n"
        "ON_ERROR = ABORT_STATEMENT\nFORCE = TRUE"
    )


def _reads(table: Table, day: date) -> Sequence[str]:
    if is_raw(table):
        return (f"CAST('{day}' AS DATE)", "$1")
    return [
        f"PARSE_JSON(${place})::ARRAY" if column.type.is_list else f"${place}"
        for place, column in enumerate(table.columns, start=1)
    ]


SNOWFLAKE = Dialect(
    name="snowflake",
    title="Snowflake",
    needs_s3=True,
    types=tuple(FileType),
    traps=_traps,
    quote=_name,
    create=_create,
    reload=_reload,
    prepare=_prepare,
)
