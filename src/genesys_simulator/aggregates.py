"""Statistics of conversations and flows by interval and group, from the conversations themselves.

A value counts in the bucket in which it was emitted, under every group that its session belongs
to; nConversations where the conversation began, once in each group. What has no data is left out.
A queue's service level is told where groups have a queue: of those answered or abandoned in the
bucket, the share that was answered in time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product

from .aggregate_ask import Ask
from .emissions import Emission, Share, filled, share, share_of_kind
from .generated import HORIZON_MS, Generated
from .levels import LEVEL, TARGET, Levels, Stats
from .replies import Refused
from .selection import look
from .stories.deck import POOL, pool
from .templates import MARK, Json
from .times import DAY_MS, MINUTE_MS, SECOND_MS, Span, text
from .world import Holdings

_FOREVER_MS = 1 << 60
Group = tuple[str | None, ...]  # a value for each dimension, in the order asked for
Values = tuple[tuple[str, ...], ...]  # all values for each dimension


def aggregated(holdings: Holdings, ask: Ask, known_ms: int, most: int | None) -> list[Json]:
    """Return the statistics of each group; raises Refused for more than `most` of them."""
    sums = _Sums(ask)
    if isinstance(holdings, Generated):
        _add_copies(sums, holdings, known_ms)
    else:
        _add_records(sums, holdings, known_ms)
    results = [*_results(sums, holdings)]
    told = sum(len(data["metrics"]) for one in results for data in one["data"])
    if most is not None and told > most:
        raise Refused(
            400,
            "response.entity.too.large",
            f"The query has too many results: {told}. Query a smaller interval or fewer groups.",
        )
    return results


@dataclass(slots=True)
class _Piece:
    """A session of a template, as far as an ask looks at it."""

    values: Values
    emissions: list[tuple[int, str, int]]
    has_marks: bool


@dataclass(slots=True)
class _Pieces:
    """A conversation, as far as an ask looks at it."""

    start_ms: int | None
    pieces: list[_Piece]
    has_marks: bool


@dataclass(slots=True)
class _Sums:
    """What was added up so far."""

    ask: Ask
    cells: dict[tuple[int, Group], dict[str, Stats]] = field(default_factory=dict)
    groups: dict[Values, tuple[Group, ...]] = field(default_factory=dict)
    starts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.starts = [bucket.start_ms for bucket in self.ask.buckets]

    def add(self, at_ms: int, groups: Sequence[Group], name: str, value: int) -> None:
        """Add a value to its bucket."""
        bucket = bisect_right(self.starts, at_ms) - 1
        for group in groups:
            stats = self.cells.setdefault((bucket, group), {}).get(name)
            if stats is None:
                self.cells[bucket, group][name] = [1, value, value, value]
                continue
            stats[0] += 1
            stats[1] += value
            stats[2], stats[3] = min(stats[2], value), max(stats[3], value)

    def groups_of(self, values: Values) -> tuple[Group, ...]:
        """Return the groups that a session belongs to; none if it is filtered out."""
        if values not in self.groups:
            ask, found = self.ask, dict(zip(self.ask.dimensions, values, strict=True))
            passes = ask.holds is None or ask.holds(found)
            sets: list[Sequence[str | None]] = [found[name] or (None,) for name in ask.group_by]
            self.groups[values] = tuple(product(*sets)) if passes else ()
        return self.groups[values]


def _add_records(sums: _Sums, holdings: Holdings, known_ms: int) -> None:
    """Add what records add, one by one."""
    interval = sums.ask.interval
    begun = Span(interval.start_ms - HORIZON_MS, min(interval.end_ms, known_ms))
    if begun.start_ms < begun.end_ms:
        # Some metrics are emitted a moment after the end.
        for position in holdings.positions(begun, interval.start_ms - SECOND_MS):
            _add(sums, _pieces(share(look(holdings, position)), sums.ask), 0, ())


def _add_copies(sums: _Sums, world: Generated, known_ms: int) -> None:
    """Add what the copies of each template add that are active in the interval."""
    interval = sums.ask.interval
    for kind in range(POOL):
        start_ms, pieces = (
            pool(world.seed)[kind].start_ms,
            _pieces(share_of_kind(world, kind), sums.ask),
        )
        times = sorted({at for piece in pieces.pieces for at, _, _ in piece.emissions})
        for first, last in _runs(sorted({*times, start_ms}), interval.end_ms - interval.start_ms):
            # A copy counts from its whole minute on: any that has one of these times inside.
            begun = Span(
                interval.start_ms - last + start_ms,
                min(interval.end_ms - first + start_ms, known_ms),
            )
            for place in world.copies(kind, begun):
                base_ms = place[0] * DAY_MS + place[1] * MINUTE_MS
                filling = world.values(kind, place) if pieces.has_marks else ()
                _add(sums, pieces, base_ms, filling, (first, last))


def _runs(times: Sequence[int], gap_ms: int) -> Iterator[tuple[int, int]]:
    """Yield the first and last of each run of times that are no further apart than the gap."""
    first = times[0]
    for before, at in pairwise((*times, 1 << 60)):
        if at - before > gap_ms:
            yield first, before
            first = at


def _add(
    sums: _Sums,
    pieces: _Pieces,
    base_ms: int,
    filling: Sequence[bytes],
    within: tuple[int, int] = (-_FOREVER_MS, _FOREVER_MS),
) -> None:
    """Add what a conversation adds at the times `within`, which count from `base_ms` on."""
    interval = sums.ask.interval
    first = max(interval.start_ms - base_ms, within[0])
    stop = min(interval.end_ms - base_ms, within[1] + 1)
    all_groups: dict[Group, None] = {}
    for piece in pieces.pieces:
        values = piece.values
        if piece.has_marks:
            values = tuple(tuple(filled(one, filling) for one in each) for each in values)
        groups = sums.groups_of(values)
        all_groups |= dict.fromkeys(groups)
        for at_ms, name, value in piece.emissions if groups else ():
            if first <= at_ms < stop:
                sums.add(base_ms + at_ms, groups, name, value)
    if "nConversations" in sums.ask.measured:
        start_ms = first if pieces.start_ms is None else pieces.start_ms
        if first <= start_ms < stop:
            sums.add(base_ms + max(start_ms, first), [*all_groups], "nConversations", 1)


def _pieces(found: Share, ask: Ask) -> _Pieces:
    pieces = []
    for part in found.parts:
        values = tuple(part.values(name) for name in ask.dimensions)
        emissions = [*_wanted(part.emissions, ask.measured)]
        marks = any(MARK in one for each in values for one in each)
        pieces.append(_Piece(values, emissions, marks))
    return _Pieces(found.start_ms, pieces, any(piece.has_marks for piece in pieces))


def _wanted(
    emissions: Sequence[Emission], metrics: frozenset[str]
) -> Iterator[tuple[int, str, int]]:
    for one in emissions:
        if one.at_ms is not None and one.name in metrics:
            yield one.at_ms, one.name, one.value


def _results(sums: _Sums, holdings: Holdings) -> Iterator[Json]:
    levels = Levels(holdings)
    ask, by_group = sums.ask, dict[Group, list[tuple[int, dict[str, Stats]]]]()
    for (bucket, group), cell in sorted(sums.cells.items(), key=lambda one: one[0][0]):
        by_group.setdefault(group, []).append((bucket, cell))
    for group in sorted(by_group, key=lambda one: tuple(value or "" for value in one)):
        named = {name: value for name, value in zip(ask.group_by, group, strict=True) if value}
        data = []
        for bucket, cell in by_group[group]:
            if metrics := [*_metrics(ask, cell, named, levels)]:
                span = ask.buckets[bucket]
                interval = f"{text(span.start_ms)}/{text(span.end_ms)}"
                data.append({"interval": interval, "metrics": metrics})
        if data:
            yield {"group": named, "data": data}


def _metrics(
    ask: Ask, cell: dict[str, Stats], group: dict[str, str], levels: Levels
) -> Iterator[Json]:
    """Yield a cell's metrics in the order asked for."""
    for name in ask.metrics:
        if name in (LEVEL, TARGET):
            if stats := levels.stats(name, cell, group):
                yield {"metric": name, "stats": stats}
        elif name in cell:
            count, total, least, most = cell[name]
            if name.startswith("n"):
                yield {"metric": name, "stats": {"count": total}}
            else:
                stats = {"max": most, "min": least, "count": count, "sum": total}
                yield {"metric": name, "stats": stats}
