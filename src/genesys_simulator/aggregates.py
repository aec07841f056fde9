"""Statistics of conversations and flows by interval and group, from the conversations themselves.

A value counts in the bucket in which it was emitted, under every group that its session belongs
to; nConversations where the conversation began, once in each group. What has no data is left out.
A queue's service level is told where groups have a queue: of those answered or abandoned in the
bucket, the share that was answered in time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from .aggregate_names import Names
from .buckets import buckets
from .emissions import Emission, Share, filled, share, share_of_kind
from .generated import HORIZON_MS, Generated
from .replies import Refused, bad_request
from .requests import interval_of
from .selection import look
from .templates import MARK, Json
from .times import DAY_MS, SECOND_MS, Span, text
from .world import Holdings

_LONGEST_MS = 31 * DAY_MS  # as for details; not documented (read 2026-11)
_JUDGED = ("tAnswered", "tAbandon", "nOverSla")
_LEVEL, _TARGET = "oServiceLevel", "oServiceTarget"
_USUAL_TARGET = 0.8
_FOREVER_MS = 1 << 60
_SETTINGS = {"voice": "call", "callback": "callback", "chat": "chat", "email": "email"}
Group = tuple[str | None, ...]  # a value for each dimension, in the order asked for
Values = tuple[tuple[str, ...], ...]  # all values for each dimension
Stats = list[int]  # count, sum, min, max


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for."""

    buckets: list[Span]
    group_by: tuple[str, ...]
    metrics: tuple[str, ...]
    holds: Callable[[dict[str, tuple[str, ...]]], bool] | None
    dimensions: tuple[str, ...]  # those to group by, then those that the filter looks at

    @property
    def interval(self) -> Span:
        """All of it."""
        return Span(self.buckets[0].start_ms, self.buckets[-1].end_ms)

    @property
    def measured(self) -> frozenset[str]:
        """The metrics that have to be added up."""
        judged = _JUDGED if _LEVEL in self.metrics else ()
        return frozenset((*self.metrics, *judged))


def read_ask(body: Json, names: Names) -> Ask:
    """Read what a body asks for; raises Refused."""
    interval = interval_of(body)
    if interval.end_ms - interval.start_ms > _LONGEST_MS:
        raise bad_request("The interval may not exceed 31 days.", "invalid.interval")
    metrics = _known(body, "metrics", names.metrics)
    if not metrics:
        raise bad_request("Value [null] is not valid for field type [metrics].", "invalid.value")
    group_by = _known(body, "groupBy", names.dimensions)
    looked_at: list[str] = []
    holds = None
    if body.get("filter") is not None:
        holds = _condition(body["filter"], names.dimensions, looked_at)
    return Ask(
        buckets(interval, body.get("granularity"), body.get("timeZone")),
        group_by,
        metrics,
        holds,
        tuple(dict.fromkeys((*group_by, *looked_at))),
    )


def aggregated(holdings: Holdings, ask: Ask, known_ms: int, most: int | None) -> list[Json]:
    """Return the statistics of each group; raises Refused for more than `most` of them."""
    sums = _Sums(ask)
    interval = ask.interval
    begun = Span(interval.start_ms - HORIZON_MS, min(interval.end_ms, known_ms))
    if begun.start_ms < begun.end_ms:
        # Some metrics are emitted a moment after the end.
        for position in holdings.positions(begun, interval.start_ms - SECOND_MS):
            _add(sums, holdings, position)
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
    first_ms: int
    last_ms: int


@dataclass(slots=True)
class _Sums:
    """What was added up so far."""

    ask: Ask
    cells: dict[tuple[int, Group], dict[str, Stats]] = field(default_factory=dict)
    kinds: dict[int, _Pieces] = field(default_factory=dict)
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


def _add(sums: _Sums, holdings: Holdings, position: int) -> None:
    """Add what a conversation adds."""
    interval = sums.ask.interval
    pieces, base_ms = _pieces_at(sums, holdings, position)
    if not interval.start_ms - pieces.last_ms <= base_ms < interval.end_ms - pieces.first_ms:
        return
    filling: Sequence[bytes] = ()
    all_groups: dict[Group, None] = {}
    for piece in pieces.pieces:
        values = piece.values
        if piece.has_marks:
            filling = filling or holdings.values(position)
            values = tuple(tuple(filled(one, filling) for one in each) for each in values)
        groups = sums.groups_of(values)
        all_groups |= dict.fromkeys(groups)
        for at_ms, name, value in piece.emissions if groups else ():
            if interval.start_ms <= base_ms + at_ms < interval.end_ms:
                sums.add(base_ms + at_ms, groups, name, value)
    if "nConversations" in sums.ask.measured:
        start_ms = interval.start_ms if pieces.start_ms is None else base_ms + pieces.start_ms
        if interval.start_ms <= start_ms < interval.end_ms:
            sums.add(start_ms, [*all_groups], "nConversations", 1)


def _pieces_at(sums: _Sums, holdings: Holdings, position: int) -> tuple[_Pieces, int]:
    """Return a conversation's pieces, and the instant from which their times count."""
    kind = holdings.kind(position)
    if kind is None:
        return _pieces(share(look(holdings, position)), sums.ask), 0
    if kind not in sums.kinds:
        sums.kinds[kind] = _pieces(_share(holdings, kind), sums.ask)
    return sums.kinds[kind], holdings.begun_ms(position)


def _share(holdings: Holdings, kind: int) -> Share:
    if isinstance(holdings, Generated):
        return share_of_kind(holdings, kind)
    return share(holdings.marked(kind))


def _pieces(found: Share, ask: Ask) -> _Pieces:
    pieces = []
    for part in found.parts:
        values = tuple(part.values(name) for name in ask.dimensions)
        emissions = [*_wanted(part.emissions, ask.measured)]
        marks = any(MARK in one for each in values for one in each)
        pieces.append(_Piece(values, emissions, marks))
    times = [at for piece in pieces for at, _, _ in piece.emissions]
    times += [] if found.start_ms is None else [found.start_ms]
    if found.start_ms is None:  # it is in every answer
        return _Pieces(None, pieces, -_FOREVER_MS, _FOREVER_MS)
    return _Pieces(found.start_ms, pieces, min(times), max(times))


def _wanted(
    emissions: Sequence[Emission], metrics: frozenset[str]
) -> Iterator[tuple[int, str, int]]:
    for one in emissions:
        if one.at_ms is not None and one.name in metrics:
            yield one.at_ms, one.name, one.value


def _results(sums: _Sums, holdings: Holdings) -> Iterator[Json]:
    ask, by_group = sums.ask, dict[Group, list[tuple[int, dict[str, Stats]]]]()
    for (bucket, group), cell in sorted(sums.cells.items(), key=lambda one: one[0][0]):
        by_group.setdefault(group, []).append((bucket, cell))
    for group in sorted(by_group, key=lambda one: tuple(value or "" for value in one)):
        named = {name: value for name, value in zip(ask.group_by, group, strict=True) if value}
        data = []
        for bucket, cell in by_group[group]:
            if metrics := [*_metrics(ask, cell, named, holdings)]:
                span = ask.buckets[bucket]
                interval = f"{text(span.start_ms)}/{text(span.end_ms)}"
                data.append({"interval": interval, "metrics": metrics})
        if data:
            yield {"group": named, "data": data}


def _metrics(
    ask: Ask, cell: dict[str, Stats], group: dict[str, str], holdings: Holdings
) -> Iterator[Json]:
    """Yield a cell's metrics in the order asked for."""
    for name in ask.metrics:
        if name in (_LEVEL, _TARGET):
            if "queueId" in group and (stats := _service(name, cell, group, holdings)):
                yield {"metric": name, "stats": stats}
        elif name in cell:
            count, total, least, most = cell[name]
            if name.startswith("n"):
                yield {"metric": name, "stats": {"count": total}}
            else:
                stats = {"max": most, "min": least, "count": count, "sum": total}
                yield {"metric": name, "stats": stats}


def _service(
    name: str, cell: dict[str, Stats], group: dict[str, str], holdings: Holdings
) -> Json | None:
    target = _target(holdings, group["queueId"], group.get("mediaType", "voice"))
    if name == _TARGET:
        return {"current": target}
    answered, abandoned, over = (cell.get(one, [0])[0] for one in _JUDGED)
    if not answered + abandoned:
        return None
    in_time, visits = max(0, answered - over), answered + abandoned
    return {
        "ratio": in_time / visits,
        "numerator": in_time,
        "denominator": visits,
        "target": target,
    }


def _target(holdings: Holdings, queue: str, medium: str) -> float:
    """Return the queue's target for a medium."""
    for one in holdings.org.queues:
        if one["id"] == queue:
            settings = one.get("mediaSettings", {}).get(_SETTINGS.get(medium, "message"), {})
            return float(settings.get("serviceLevel", {}).get("percentage", _USUAL_TARGET))
    return _USUAL_TARGET


def _known(body: Json, key: str, known: frozenset[str]) -> tuple[str, ...]:
    found = body.get(key) or []
    if not isinstance(found, list):
        raise bad_request(f"Value [{found}] is not valid for field type [{key}].", "invalid.value")
    for one in found:
        if not isinstance(one, str) or one not in known:
            raise bad_request(
                f"Value [{one}] is not valid for field type [{key}].", "invalid.value"
            )
    return tuple(dict.fromkeys(found))


Condition = Callable[[dict[str, tuple[str, ...]]], bool]


def _condition(one: object, known: frozenset[str], looked_at: list[str]) -> Condition:
    """Read a filter; adds the dimensions it looks at; raises Refused."""
    if not isinstance(one, dict) or one.get("type") not in ("and", "or"):
        raise bad_request(f"Value [{one}] is not valid for field type [filter].", "invalid.value")
    below = [_condition(each, known, looked_at) for each in one.get("clauses") or ()]
    below += [_predicate(each, known, looked_at) for each in one.get("predicates") or ()]
    every = all if one["type"] == "and" else any
    return lambda values: every([each(values) for each in below])


def _predicate(one: object, known: frozenset[str], looked_at: list[str]) -> Condition:
    told = one if isinstance(one, dict) else {}
    name, value = told.get("dimension"), told.get("value")
    operator = told.get("operator") or "matches"
    if name not in known or operator not in ("matches", "exists", "notExists"):
        raise bad_request(
            f"Value [{name}] is not valid for field type [dimension].", "invalid.value"
        )
    dimension = str(name)
    looked_at.append(dimension)
    if operator == "matches" and value is not None:
        return lambda values: str(value) in values[dimension]
    return lambda values: bool(values[dimension]) == (operator == "exists")
