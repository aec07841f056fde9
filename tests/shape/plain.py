"""The fifteen tables once more: slow, plain, and sharing nothing with the program.

Knows the rules of the tables as they are written down (ordinals, sums, derived columns, order O,
`_extra`, type drift, rejects) and the declared columns, read straight from their JSON file.
Uses Python's json and loops; imports neither genesys_export nor Arrow. What both flattenings
agree on, two readings of the rules agree on.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from plain_rules import DERIVED, SESSION, metric, session_queue
from plain_values import Misfit, Pairs, attribute_text, csv_text, fit, is_text, parse

from fakes import some

__all__ = ["TABLES", "Outcome", "csv_text", "flatten", "outcome"]

DECLARED = "src/genesys_export/datasets/conversation_details.json"
TABLES = json.loads((Path(__file__).resolve().parents[2] / DECLARED).read_text("utf-8"))["tables"]
PARTICIPANT = "$.participants[]"


@dataclass
class Outcome:
    """All that one reading of some records comes to."""

    tables: dict[str, list[dict]]
    rejected: list[bytes] = field(default_factory=list)
    kept: list[bytes] = field(default_factory=list)
    other_days: int = 0
    duplicates: int = 0
    drift: int = 0
    unknown: Counter = field(default_factory=Counter)


class Unreadable(Exception):
    """The record has to be rejected."""


# --- records → rows --------------------------------------------------------------------------


def flatten(records, day: date, interval) -> dict[str, list[dict]]:
    """Return every table's rows; `interval` is anything with `start` and `end` in UTC."""
    return outcome(records, day, interval).tables


def outcome(records, day: date, interval) -> Outcome:
    """Return the rows and what became of the records that made none."""
    made = Outcome({table["name"]: [] for table in TABLES})
    met = set()
    for raw in map(bytes, records):
        try:
            name, start = identity(raw)
            if not interval.start <= start < interval.end:
                made.other_days += 1
            elif name in met:
                made.duplicates += 1
            else:
                met.add(name)
                export(read(raw), day, made)
                made.kept.append(raw)
        except Unreadable:
            made.rejected.append(raw)
    return made


def first_copies(records, interval) -> list[bytes]:
    """Return the records without copies that differ from the first of their conversation.

    Which of them counts depends on which come together: tests/export/test_reading.py has that.
    """
    first: dict[str, bytes] = {}
    kept = []
    for raw in records:
        try:
            name, start = identity(raw)
        except Unreadable:
            kept.append(raw)
            continue
        if not interval.start <= start < interval.end or first.setdefault(name, raw) == raw:
            kept.append(raw)
    return kept


def export(record: Pairs, day: date, made: Outcome) -> None:
    """Append the rows of one conversation."""
    for table in TABLES:
        for place in places(record, table["path"]):
            row = {column["name"]: cell(column, place, day) for column in table["columns"]}
            made.tables[table["name"]].append(row)
    for path in CONTAINERS:
        for place in places(record, path):
            count_oddities(place.objects[path], path, made)


def cell(column: dict, place: Place, day: date):
    """Return one column of one row."""
    kind, path, name = column["kind"], column["path"], column["name"]
    if kind in ("sum", "count"):
        return metric(column, place)
    if kind == "derived":
        return DERIVED[place.path, name](place)
    if kind == "extra":
        return Pairs(extra(place.objects[path], path)) or None
    if column.get("rule") == "sessions.queue_id":
        return session_queue(place)
    ours = {"conversation_date": day} | place.ordinals | place.attribute
    return ours[path or name] if (path or name) in ours else leaf(place, path, column["type"])


def leaf(place: Place, path: str, kind: str):
    """Return a field of the row's object or of an object above it; None where it misfits."""
    parent, _, name = path.rpartition(".")
    holder = place.objects.get(parent)
    if parent == SESSION + ".flow":
        holder = place.objects[SESSION].get("flow") or {}
    try:
        return fit(some(holder).get(name), kind)
    except Misfit:
        return None


# --- where things stand ----------------------------------------------------------------------


@dataclass
class Place:
    """A row's place: every object from the conversation down to it, and their ordinals."""

    path: str
    objects: dict
    ordinals: dict = field(default_factory=dict)
    attribute: dict = field(default_factory=dict)


def places(record: dict, path: str) -> list[Place]:
    """Return every place of a table's path, in the record's order; nulls only keep numbers."""
    found = [Place("$", {"$": record})]
    at = "$"
    for step in path.split(".")[1:]:
        at += "." + step
        found = [below for place in found for below in children(place, step, at)]
    return found


def children(place: Place, step: str, at: str):
    """Yield the places one step down."""
    value = place.objects[place.path].get(step.removesuffix("[]"))
    if step.endswith("[]"):
        for number, element in enumerate(value or ()):
            if element is not None:
                yield Place(at, place.objects | {at: element}, place.ordinals | {at: number})
    elif at == f"{PARTICIPANT}.attributes":
        for key, one in value.lasting() if value else ():
            if is_text(key):
                pair = {f"{at} (key)": key, at: attribute_text(one)}
                yield Place(at, place.objects, place.ordinals, pair)
    elif value is not None:
        yield Place(at, place.objects | {at: value}, place.ordinals)


def declared() -> tuple[dict[str, set], dict[tuple, str]]:
    """Return the names known below every object's path, and the leaves' types."""
    names: dict[str, set] = {}
    types: dict[tuple, str] = {}
    columns = [column for table in TABLES for column in table["columns"]]
    for column in columns:
        if column["kind"] != "field":
            continue
        steps = column["path"].split(".")
        for depth in range(1, len(steps)):
            names.setdefault(".".join(steps[:depth]), set()).add(steps[depth].removesuffix("[]"))
        if steps[-1] != "attributes":
            types[".".join(steps[:-1]), steps[-1]] = column["type"]
    return names, types


KNOWN, LEAF_TYPES = declared()
CONTAINERS = sorted(KNOWN)


# --- bytes → a record ------------------------------------------------------------------------


def identity(raw: bytes) -> tuple[str, datetime]:
    """Return id and start, which tell whose record it is; raises Unreadable."""
    try:
        record = parse(raw.decode("utf-8", "surrogateescape"))
        name = fit(record["conversationId"], "string")
        start = fit(record["conversationStart"], "timestamp[ms, UTC]")
    except (ValueError, TypeError, KeyError, Misfit) as problem:
        raise Unreadable from problem
    if not name or start is None:
        raise Unreadable
    return name, start


def read(raw: bytes) -> Pairs:
    """Return a record of sound structure; raises Unreadable."""
    try:
        record = parse(raw.decode("utf-8"))
    except ValueError as problem:
        raise Unreadable from problem
    if not well_built(record, "$"):
        raise Unreadable
    return record


def well_built(value: dict, path: str) -> bool:
    """Tell whether lists are lists and objects objects, all the way down."""
    attributes = value.get("attributes") if path == PARTICIPANT else None
    if attributes is not None and not isinstance(attributes, dict):
        return False
    for deeper in CONTAINERS:
        parent, _, step = deeper.rpartition(".")
        child = value.get(step.removesuffix("[]"))
        if parent != path or child is None:
            continue
        elements = child if step.endswith("[]") else [child]
        if not isinstance(elements, list):
            return False
        there = [one for one in elements if one is not None]
        if not all(isinstance(one, dict) and well_built(one, deeper) for one in there):
            return False
    return True


# --- what has no column ----------------------------------------------------------------------


def misfits(value, path: str, name: str) -> bool:
    """Tell whether a declared leaf drifted."""
    kind = LEAF_TYPES.get((path, name))
    try:
        fit(value, kind) if kind else None
    except Misfit:
        return True
    return False


def extra(source: Pairs, path: str) -> list[tuple]:
    """Return what of an object has no column, or does not fit it, in order of name."""
    left: list[tuple] = []
    for name, value, overruled in source.written():
        left += [(name, value)] if overruled else extra_of(name, value, path)
    return sorted(left, key=lambda one: one[0])


def extra_of(name: str, value, path: str) -> list[tuple]:
    """Return what a field leaves in `_extra`: itself, a part of it, or nothing."""
    if name not in KNOWN[path] or misfits(value, path, name):
        return [(name, value)]
    inner = []
    if value and (path, name) == (SESSION, "flow"):
        inner = extra(value, f"{path}.flow")
    elif value and (path, name) == (PARTICIPANT, "attributes"):
        inner = odd_attributes(value)
    return [(name, Pairs(inner))] if inner else []


def odd_attributes(attributes: Pairs) -> list[tuple]:
    """Return the attributes that can't stand in their table: overruled, or a lone surrogate."""
    return [
        (name, value)
        for name, value, overruled in attributes.written()
        if overruled or not is_text(name) or (isinstance(value, str) and not is_text(value))
    ]


def count_oddities(source: Pairs, path: str, made: Outcome) -> None:
    """Count drift and unknown fields of one object; a field counts once an object."""
    made.drift += source.overruled()
    for name, value in source.items():
        made.drift += misfits(value, path, name)
        if name not in KNOWN[path]:
            made.unknown[f"{path}.{name}"] += 1
    attributes = source.get("attributes") if path == PARTICIPANT else None
    if attributes:
        odd = [k for k, v in attributes.items() if not (is_text(k) and (v is None or is_text(v)))]
        made.drift += attributes.overruled() + len(odd)
