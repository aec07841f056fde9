"""SHAPE of statistics: what the API says of one group becomes rows, one a metric and interval.

A result without its structure is refused whole. A value that does not fit its column is null
there and stays in `_extra`, as do fields that have no column. Rows come sorted by their key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from sys import intern
from typing import Any

import msgspec
import pyarrow as pa

from ..datasets import Kind, Table, Type, dimensions_of
from ..days import Day, Interval, iso_ms, parse_instant
from ..model import Batch
from ..odd_input import UNREADABLE, is_too_deep
from . import arrow_schema
from .derived import TIMES

_MOST_INT = 1 << 63
Row = tuple[Any, ...]  # in the order of the table's columns


class Broken(Exception):
    """A result that no rows can be made of; the text says why."""


@dataclass(slots=True)
class Made:
    """What one group came to."""

    rows: list[Row] = field(default_factory=list)
    of_other_days: int = 0
    drift: int = 0
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)  # where, and its name


@dataclass(frozen=True, slots=True)
class _Bucket:
    start: str
    end: str
    is_ours: bool


@dataclass(slots=True, kw_only=True)
class Statistics:
    """Makes rows of one day's table."""

    table: Table
    day: Day
    interval: Interval  # in which an interval has to start
    _buckets: dict[str, _Bucket] = field(default_factory=dict)
    _dimensions: tuple[str, ...] = field(init=False)
    _statistics: tuple[tuple[str, Type], ...] = field(init=False)
    _known: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Learn the table's columns."""
        self._dimensions = tuple(dimensions_of(self.table).values())
        self._statistics = tuple(
            ((one.path or "").rpartition(".")[2], one.type)
            for one in self.table.of_kind(Kind.FIELD)
        )
        self._known = frozenset(name for name, _ in self._statistics)

    def read(self, record: bytes | memoryview) -> Made:
        """Return the rows of one group, and what did not fit; raises Broken."""
        try:
            found = msgspec.json.decode(record)
        except UNREADABLE as problem:
            raise Broken("it is not valid JSON") from problem
        if is_too_deep(found):
            raise Broken("it is nested too deep")
        made = Made()
        group, data = _of(found, "group", {}), _of(found, "data", [])
        extra = _rest(made, "record", found, ("group", "data"))
        values = [_text(made, group.get(name)) for name in self._dimensions]
        extra |= _rest(made, "group", group, self._dimensions)
        for one in data:
            made.rows += self._bucket_rows(made, values, extra, one)
        return made

    def _bucket_rows(
        self, made: Made, values: Sequence[str | None], above: Mapping[str, Any], data: Any
    ) -> Iterator[Row]:
        bucket, metrics = self._bucket(_of(data, "interval", "")), _of(data, "metrics", [])
        above = {**above, **_rest(made, "data", data, ("interval", "metrics"))}
        for one in metrics:
            name, stats = intern(_of(one, "metric", "")), _of(one, "stats", {})
            if not name:
                raise Broken("a metric without a name")
            if not bucket.is_ours:
                made.of_other_days += 1
                continue
            told = above | _rest(made, "metric", one, ("metric", "qualifier", "stats"))
            numbers = self._numbers(made, stats, told)
            extra = msgspec.json.encode(told, order="sorted").decode() if told else None
            when = (self.day.date, bucket.start, bucket.end)
            yield (*when, *values, name, _text(made, one.get("qualifier")), *numbers, extra)

    def _numbers(
        self, made: Made, stats: Mapping[str, Any], told: dict[str, Any]
    ) -> list[int | float | None]:
        """Return the statistics, a value a column; what does not fit goes to `told`."""
        left = {key: value for key, value in stats.items() if key not in self._known}
        made.unknown.update(("stats", key) for key in left)
        found: list[int | float | None] = []
        for name, kind in self._statistics:
            value = stats.get(name)
            number = None if value is None else _number(value, kind)
            if number is None and value is not None:
                left[name] = value
                made.drift += 1
            found.append(number)
        if left:
            told["stats"] = left
        return found

    def _bucket(self, text: str) -> _Bucket:
        if text not in self._buckets:
            start, _, end = text.partition("/")
            try:
                begin, stop = parse_instant(start), parse_instant(end)
            except ValueError as problem:
                raise Broken(f"{text[:80]!r} is not an interval") from problem
            self._buckets[text] = _Bucket(iso_ms(begin), iso_ms(stop), begin in self.interval)
        return self._buckets[text]

    def identity(self, row: Row) -> Row:
        """Return what makes the row another one than others."""
        return row[1 : 5 + len(self._dimensions)]  # start and end; metric and qualifier

    def key(self, row: Row) -> tuple[str, ...]:
        """Return what rows are sorted by: null like empty text."""
        return tuple(value or "" for value in self.identity(row))

    def batch(self, rows: Sequence[Row]) -> Batch:
        """Return the rows as a batch, in that order."""
        schema = arrow_schema(self.table)
        columns = zip(*rows, strict=True)
        arrays = [pa.array(one, part.type) for one, part in zip(columns, schema, strict=True)]
        starts = pa.array([datetime.fromisoformat(row[1]) for row in rows], TIMES)
        return Batch(self.table.name, pa.RecordBatch.from_arrays(arrays, schema=schema), starts)


def _text(made: Made, value: Any) -> str | None:
    """Return a value of a text column: anything else than text is its JSON."""
    if value is None or isinstance(value, str):
        return value
    made.drift += 1
    return msgspec.json.encode(value, order="sorted").decode()


def _rest(
    made: Made, where: str, found: Mapping[str, Any], known: Sequence[str]
) -> dict[str, Any]:
    left = {key: value for key, value in found.items() if key not in known}
    made.unknown.update((where, key) for key in left)
    return {where: left} if left else {}


def _of(found: Any, key: str, default: Any) -> Any:
    """Return what stands under a key, of the default's type; raises Broken."""
    if not isinstance(found, dict):
        raise Broken("it is not the statistics of a group")
    value = found.get(key)
    if value is None:
        return default
    if not isinstance(value, type(default)):
        raise Broken(f"{key} is not what it should be")
    return value


def _number(value: Any, kind: Type) -> int | float | None:
    """Return a number that fits the column; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        if kind is Type.FLOAT64:
            return float(value)
        return int(value) if value == int(value) and abs(value) < _MOST_INT else None
    except OverflowError:
        return None
