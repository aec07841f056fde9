"""What a day holds, counted without a line of the exporter's code: the records by plain json.

Rows are counted by the paths that the declaration names; the declaration is data.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from itertools import pairwise
from typing import Any

from genesys_simulator import World
from genesys_simulator.times import DAY_MS, Span

DAY = date(2026, 11, 2)
_STEP = 5_000
Declaration = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """How much a right result holds."""

    conversations: int
    json_bytes: int
    rows: dict[str, int]  # by table


def declaration() -> Declaration:
    """Return the declaration of the tables."""
    text = (files("genesys_export.datasets") / "conversation_details.json").read_text("utf-8")
    loaded: Declaration = json.loads(text)
    return loaded


def counted(per_day: int) -> Expected:
    """Count the day that a simulator of so many conversations a day serves."""
    holdings = World.generated(seed=1, per_day=per_day).holdings
    start_ms = (DAY - date(1970, 1, 1)).days * DAY_MS
    positions = list(holdings.positions(Span(start_ms, start_ms + DAY_MS), start_ms))
    paths = {
        table["name"]: [step for step in table["path"].split(".") if step != "$"]
        for table in declaration()["tables"]
    }
    rows, size = dict.fromkeys(paths, 0), 0
    for first in range(0, len(positions), _STEP):
        records = holdings.render(positions[first : first + _STEP], attributes=True)
        size += sum(map(len, records))
        for record in map(json.loads, records):
            for name, steps in paths.items():
                rows[name] += _count(record, steps)
    return Expected(conversations=len(positions), json_bytes=size, rows=rows)


def records_of_slices(per_day: int, slices: int) -> list[int]:
    """Return how many records the job of each slice answers with.

    Slices are equal in time and so not in conversations: a contact centre is quiet at night. And
    a job answers with what is alive in its interval, begun on that day or not before.
    """
    holdings = World.generated(seed=1, per_day=per_day).holdings
    start_ms = (DAY - date(1970, 1, 1)).days * DAY_MS
    edges = [start_ms + DAY_MS * number // slices for number in range(slices + 1)]
    return [len(holdings.positions(Span(start_ms, end), begin)) for begin, end in pairwise(edges)]


def boiled_down() -> dict[str, Any]:
    """Return what scripts need of the declaration: columns, plain fields, ordinals, metrics."""
    tables: dict[str, Any] = {}
    sums: dict[str, str] = {}
    counts: dict[str, str] = {}
    for table in declaration()["tables"]:
        prefix = table["path"] + "."
        columns = table["columns"]
        ordinals = [one["name"] for one in columns if one["path"] == table["path"]]
        tables[table["name"]] = {
            "columns": [column["name"] for column in columns],
            "fields": {
                column["path"].removeprefix(prefix): column["name"]
                for column in columns
                if column["kind"] == "field" and column["path"].startswith(prefix)
            },
            "index": ordinals[0] if ordinals else "",
        }
        for column in columns:
            if column["kind"] in ("sum", "count"):
                (sums if column["kind"] == "sum" else counts)[column["metric"]] = column["name"]
    return {"tables": tables, "sums": sums, "counts": counts}


def _count(value: Any, steps: list[str]) -> int:
    """Count the things at the end of a path; a map counts its keys."""
    if not steps:
        return 1
    below = value.get(steps[0].removesuffix("[]"))
    if below is None:
        return 0
    if not steps[0].endswith("[]"):
        return len(below) if len(steps) == 1 else _count(below, steps[1:])
    if len(steps) == 1:
        return len(below)
    return sum(_count(one, steps[1:]) for one in below)
