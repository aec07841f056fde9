"""Amazon Redshift: its own tables, COPY from S3 by key prefix."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ...datasets import Column, Kind, PersonalData, Table, Type
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
    quoted,
)

_TYPES = {
    Type.INT64: "BIGINT",
    Type.FLOAT64: "DOUBLE PRECISION",
    Type.BOOL: "BOOLEAN",
    Type.DATE: "DATE",
    Type.STRINGS: "SUPER",
    Type.INT64S: "SUPER",
}
# Bytes, not characters. An attribute has 1,024 characters at most, four bytes each.
_FREE_TEXT, _ATTRIBUTE, _TEXT = 65535, 4096, 1024

_COPY_CSV = (
    "FORMAT AS CSV\nGZIP\nIGNOREHEADER 1\nEMPTYASNULL\nDATEFORMAT 'auto'\nTIMEFORMAT 'auto'"
)
_COPY_PARQUET = "FORMAT AS PARQUET"
_COPY_LINES = "FORMAT AS JSON 'noshred'\nGZIP"


def _traps(files: Files) -> Sequence[str]:
    told = [
        (
            "IAM_ROLE default is the role attached as default; else put in its ARN. Where the "
            "bucket is in another region, add REGION 'eu-west-1' (CSV and JSON only)."
        ),
        (
            "VARCHAR counts bytes, and a longer value fails the COPY: 65535 for free text, 4096 "
            "for attributes, 1024 else. TRUNCATECOLUMNS would cut it without a word."
        ),
        "No NOT NULL and no keys on purpose: Redshift plans by keys, but does not check them.",
    ]
    if files.type is FileType.CSV:
        told += [
            (
                "EMPTYASNULL makes nulls of empty fields; take it that empty text becomes null as "
                "well. Parquet keeps the two apart."
            ),
            (
                "Lists are SUPER: COPY parses the JSON text. Names in SUPER are case-sensitive "
                "only with SET enable_case_sensitive_identifier TO true."
            ),
            "A NUL character in a value fails the COPY.",
        ]
    if files.type is FileType.PARQUET:
        told.append(
            "COPY of Parquet goes by position and wants as many columns as the file has. Times "
            "are TIMESTAMP in UTC: it has no TIMESTAMPTZ there. Bucket and cluster must be in "
            "one region."
        )
    if files.type is FileType.LINES:
        told.append("A record larger than a SUPER value may be fails the COPY.")
    return told


def _create(table: Table, files: Files) -> Statements:
    columns = (f"{quoted(one.name)} {_kind(one, table, files)}" for one in table.columns)
    spread = f"\nDISTSTYLE KEY DISTKEY ({quoted(table.identity)})" if table.identity else ""
    sort = f"SORTKEY ({quoted(table.day.name)})"
    name = quoted(table.name)
    return (f"CREATE TABLE IF NOT EXISTS {name} (\n{block(columns)}\n){spread}\n{sort}",)


def _kind(column: Column, table: Table, files: Files) -> str:
    if column.name == RECORD:
        return "SUPER"
    if column.type is Type.STRING:
        return f"VARCHAR({_length(column, table)})"
    if column.type is Type.TIMESTAMP:
        return "TIMESTAMP" if files.type is FileType.PARQUET else "TIMESTAMPTZ"
    return _TYPES[column.type]


def _length(column: Column, table: Table) -> int:
    if table.of_kind(Kind.MAP_KEY) and column.kind in (Kind.MAP_KEY, Kind.FIELD):
        return _ATTRIBUTE
    if column.personal_data is PersonalData.SENSITIVE:
        return _FREE_TEXT
    return _TEXT


def _reload(table: Table, files: Files, day: date) -> Statements:
    prefix = files.prefix(table, day)
    if not is_raw(table):
        return (delete_day(table, day), _copy(table, prefix, files))
    return (
        'DROP TABLE IF EXISTS "incoming"',
        'CREATE TEMP TABLE "incoming" ("record" SUPER)',
        _copy(table, prefix, files, into="incoming"),
        delete_day(table, day),
        f'INSERT INTO {quoted(table.name)} SELECT DATE \'{day}\', "record" FROM "incoming"',
    )


def _copy(table: Table, prefix: str, files: Files, *, into: str = "") -> str:
    options = {
        FileType.CSV: _COPY_CSV,
        FileType.PARQUET: _COPY_PARQUET,
        FileType.LINES: _COPY_LINES,
    }[files.type]
    if files.type is FileType.PARQUET and any(one.type.is_list for one in table.columns):
        options += " SERIALIZETOJSON"
    target = quoted(into or table.name)
    return f"COPY {target}\nFROM {literal(prefix)}\nIAM_ROLE default\n{options}"


REDSHIFT = Dialect(
    name="redshift",
    title="Amazon Redshift",
    needs_s3=True,
    types=tuple(FileType),
    traps=_traps,
    quote=quoted,
    create=_create,
    reload=_reload,
)
