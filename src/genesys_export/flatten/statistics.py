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
from . import arrow_schema
from .derived import TIMES

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_MOST_INT = 1 << 63
Row = tuple[Any, ...]  # in the order of the table's columns


class Broken(Exception):
    """A result that no rows can be made of; the text says why."""


@dataclass(frozen=True, slots=True)
class _Bucket:
    start: str
    end: str
    is_ours: bool


@dataclass(slots=True, kw_only=True)
class Statistics:
    """Makes rows of one day's table; counts what did not fit."""

    table: Table
    day: Day
    interval: Interval  # in which an interval has to start
    drift: int = 0
    of_other_days: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
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

    def rows(self, record: bytes | memoryview) -> list[Row]:
        """Return the rows of one group; raises Broken."""
        try:
            found = msgspec.json.decode(record)
        except UNREADABLE as problem:
            raise Broken("it is not valid JSON") from problem
        group, data = _of(found, "group", {}), _of(found, "data", [])
        extra = self._rest("record", found, ("group", "data"))
        values = [self._text(group.get(name)) for name in self._dimensions]
        extra |= self._rest("group", group, self._dimensions)
        return [row for one in data for row in self._bucket_rows(values, extra, one)]

    def _bucket_rows(
        self, values: Sequence[str | None], above: Mapping[str, Any], data: Any
    ) -> Iterator[Row]:
        bucket, metrics = self._bucket(_of(data, "interval", "")), _of(data, "metrics", [])
        above = {**above, **self._rest("data", data, ("interval", "metrics"))}
        for one in metrics:
            name, stats = intern(_of(one, "metric", "")), _of(one, "stats", {})
            if not name:
                raise Broken("a metric without a name")
            if not bucket.is_ours:
                self.of_other_days += 1
                continue
            told = above | self._rest("metric", one, ("metric", "qualifier", "stats"))
            numbers = self._numbers(stats, told)
            extra = msgspec.json.encode(told, order="sorted").decode() if told else None
            when = (self.day.date, bucket.start, bucket.end)
            yield (*when, *values, name, self._text(one.get("qualifier")), *numbers, extra)

    def _numbers(self, stats: Mapping[str, Any], told: dict[str, Any]) -> list[int | float | None]:
        """Return the statistics, a value a column; what does not fit goes to `told`."""
        left = {key: value for key, value in stats.items() if key not in self._known}
        self.unknown.update(f"stats.{key}" for key in left)
        found: list[int | float | None] = []
        for name, kind in self._statistics:
            value = stats.get(name)
            number = None if value is None else _number(value, kind)
            if number is None and value is not None:
                left[name] = value
                self.drift += 1
            found.append(number)
        if left:
            told["stats"] = left
        return found

    def _text(self, value: Any) -> str | None:
        """Return a value of a text column: anything else than text is its JSON."""
        if value is None or isinstance(value, str):
            return value
        self.drift += 1
        return msgspec.json.encode(value, order="sorted").decode()

    def _rest(self, where: str, found: Mapping[str, Any], known: Sequence[str]) -> dict[str, Any]:
        left = {key: value for key, value in found.items() if key not in known}
        self.unknown.update(f"{where}.{key}" for key in left)
        return {where: left} if left else {}

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
