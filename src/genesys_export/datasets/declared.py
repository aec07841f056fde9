"""Declarations as stored: a JSON file next to this module becomes a Dataset.

Knows the files' form and no dataset. What the declaration's values may be is for `spec` to say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from .endpoints import (
    AggregateEndpoint,
    CountEndpoint,
    JobEndpoint,
    ListEndpoint,
    Paging,
    QueryEndpoint,
)
from .spec import (
    Column,
    Dataset,
    FeedKind,
    ForeignKey,
    Kind,
    Life,
    PersonalData,
    Record,
    Table,
    Type,
)


def declared(name: str) -> Dataset:
    """Return the dataset that the file of that name declares."""
    text = files(__package__).joinpath(f"{name}.json").read_text("utf-8")
    raw = json.loads(text)
    identity = f"$.{raw['record']['id']}" if "record" in raw else ""
    fields = {
        column["path"]: f"{table['name']}.{column['name']}"
        for table in raw["tables"]
        for column in table["columns"]
        if column["kind"] == Kind.FIELD
    }
    return Dataset(
        name=name,
        summary=raw["summary"],
        source_model=raw["source_model"],
        column_version=raw["format"],
        records=raw["records"],
        feed=FeedKind(raw["feed"]),
        life=Life(raw["life"]),
        record=Record(**raw["record"]) if "record" in raw else None,
        jobs=JobEndpoint(**raw["jobs"]) if "jobs" in raw else None,
        query=QueryEndpoint(**raw["query"]) if "query" in raw else None,
        counts=CountEndpoint(**raw["counts"]) if "counts" in raw else None,
        aggregates=_aggregates(raw["aggregates"]) if "aggregates" in raw else None,
        tables=tuple(_table(table, identity, fields) for table in raw["tables"]),
        named_by=tuple(raw.get("named_by", ())),
        pinned=_table(raw["pinned"], identity, fields) if "pinned" in raw else None,
    )


def _table(raw: dict[str, Any], identity: str, fields: Mapping[str, str]) -> Table:
    return Table(
        name=raw["name"],
        path=raw["path"],
        model=raw["model"],
        grain=raw["grain"],
        primary_key=tuple(raw["primary_key"]),
        foreign_keys=tuple(
            ForeignKey(tuple(key["columns"]), key["references"], tuple(key["ref_columns"]))
            for key in raw.get("foreign_keys", ())
        ),
        note=raw.get("note", ""),
        columns=tuple(_column(column, fields) for column in raw["columns"]),
        identity=next((one["name"] for one in raw["columns"] if one["path"] == identity), ""),
        source=_list(raw["list"]) if "list" in raw else None,
        of=raw.get("of", ""),
        asks=raw.get("asks", {}),
        omits=frozenset(raw.get("omits", ())),
        is_lookup=raw.get("lookup", False),
    )


def _list(raw: dict[str, Any]) -> ListEndpoint:
    told = {**raw, "permissions": tuple(raw.get("permissions", ()))}
    return ListEndpoint(**{**told, "paging": Paging(raw.get("paging", "number"))})


def _aggregates(raw: dict[str, Any]) -> AggregateEndpoint:
    lists = {name: tuple(raw[name]) for name in ("group_by", "metrics")}
    return AggregateEndpoint(**{**raw, **lists})


def _column(raw: dict[str, Any], fields: Mapping[str, str]) -> Column:
    copied = "" if raw["kind"] == Kind.FIELD else fields.get(raw["path"], "")
    return Column(
        name=raw["name"],
        type=Type(raw["type"]),
        kind=Kind(raw["kind"]),
        path=raw["path"],
        unit=raw.get("unit", ""),
        personal_data=PersonalData(raw.get("personal_data", "none")),
        description=raw["description"],
        rule=raw.get("rule", ""),
        metric=raw.get("metric", ""),
        repeats=raw.get("repeats", copied),
        since=raw.get("since", 1),
        in_history=raw.get("history", True),
        optional=raw.get("optional", False),
    )
