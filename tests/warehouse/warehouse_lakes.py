"""What the tests of the scripts share: a world with odd texts, exports, questions to any engine.

The questions are SQL that DuckDB and PostgreSQL both understand, and their answers are text, so
that two loads of the same day can be compared without knowing either engine's types.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genesys_export.cli.run import RunRequest, execute
from genesys_export.cli.tables import TablesRequest, text_of
from genesys_export.datasets import DEFAULT, Column, Table, Type, dataset_named
from genesys_export.export import ExportOptions
from genesys_simulator import Simulator, World

DATASET = dataset_named(DEFAULT)
DAYS = ("2025-11-19", "2025-11-20")
DAY = DAYS[1]

# What readers of CSV stumble over.
ODD = {
    "empty": "",
    "comma": "a,b",
    "quotes": 'say "yes"',
    "only quotes": '""',
    "lines": "one\ntwo",
    "end mark": "one\n\\.\ntwo",
    "end mark of windows": "one\r\n\\.\r\ntwo",
    "k" * 9000: "a long key",
    "windows": "one\r\ntwo",
    "hive's null": "\\N",
    "null": "null",
    "backslash": "C:\\new\\",
    "tab": "\t",
    "spaces": "  x  ",
    "apostrophe": "'; DROP TABLE x",
    "emoji": "😀é",
}
LISTS: tuple[list[str] | None, ...] = (["a,b", 'q"q', "l\nl", "\\n", "'", ""], [], None)


def odd_world(**more: str) -> World:
    """Return three conversations of DAY: odd attributes; a list that is full, empty, absent."""
    return World.of([_conversation(number, given, more) for number, given in enumerate(LISTS)])


def _conversation(
    number: int, divisions: list[str] | None, more: dict[str, str]
) -> dict[str, object]:
    attributes = {**ODD, "nothing": None, **more}
    participant = {"participantId": f"p-{number}", "attributes": attributes}
    given = {} if divisions is None else {"divisionIds": divisions}
    return {
        "conversationId": f"c-{number}",
        "conversationStart": f"{DAY}T0{number}:00:00.123Z",
        "conversationEnd": f"{DAY}T0{number}:30:00.000Z",
        "participants": [participant],
        **given,
    }


@dataclass(frozen=True)
class Lake:
    """A folder of files, and how they were asked for."""

    folder: Path | str
    format: str = "csv.gz"
    layout: str = "daily"
    newlines: str = "keep"

    def export(self, genesys: Simulator, *days: str, slices: int = 1) -> Lake:
        """Export days into it."""
        environ = {
            "GENESYS_CLOUD_BASE_URL": genesys.base_url,
            "GENESYS_CLIENT_ID": genesys.client_id,
            "GENESYS_CLIENT_SECRET": genesys.client_secret,
            "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
        }
        flags: Any = {**self.flags, "quiet": True, "slices": slices}
        for day in days:
            order = RunRequest(date=day, options=ExportOptions(force=True))
            assert execute(order, flags, environ) == 0
        return self

    @property
    def flags(self) -> Any:
        return {
            "to": str(self.folder),
            "format": self.format,
            "layout": self.layout,
            "config": os.devnull,
        }

    def script(self, dialect: str, day: str | None = None, *tables: str) -> str:
        """Return what `tables --ddl` says about it."""
        environ = {"GENESYS_EXPORT_CSV__NEWLINES": self.newlines}
        wanted = TablesRequest(dialect=dialect, date=day, tables=tables)
        return text_of(wanted, self.flags, environ)

    def first(self, dialect: str) -> str:
        """Return scripts that create the tables and load every published day."""
        days = sorted(one.parent.name for one in Path(self.folder).glob("_gen*/*/*/manifest.json"))
        return "".join(self.script(dialect, day) for day in days)


def statements(script: str) -> list[str]:
    """Return a script's statements, comments and psql's own settings left out."""
    bare = re.sub(r"(?m)^(--.*|\\set .*)$", "", script)
    lined = re.sub(r"(?m)^\\(copy .*)$", r"\1;", bare)
    found, held = [], ""
    for piece in lined.split(";"):
        held += piece + ";"
        if sqlite3.complete_statement(held):  # knows strings and comments, no dialect
            found.append(held.strip().removesuffix(";"))
            held = ""
    assert not held.strip(" ;\n"), held
    return [one for one in found if one]


def summary(table: Table) -> str:
    """Return the query of one row that tells much of a table: counts, lengths, sums."""
    parts = [part for column in table.columns for part in _facts(column)]
    return f'SELECT count(*), {", ".join(parts)} FROM "{table.name}"'


def _facts(column: Column) -> Iterator[str]:
    name = f'"{column.name}"'
    yield f"count({name})"
    match column.type:
        case Type.STRING:
            yield f"sum(CASE WHEN {name} = '' THEN 1 ELSE 0 END)"
            yield f"sum(length({name}))"
        case Type.INT64:
            yield f"sum({name})"
        case Type.BOOL:
            yield f"sum(CASE WHEN {name} THEN 1 ELSE 0 END)"
        case Type.TIMESTAMP:
            yield f"count(DISTINCT {name})"
            yield f"CAST(sum(CAST(extract(epoch FROM {name}) * 1000 AS BIGINT)) AS VARCHAR)"
        case Type.DATE:
            yield f"CAST(min({name}) AS VARCHAR)"
            yield f"CAST(max({name}) AS VARCHAR)"
