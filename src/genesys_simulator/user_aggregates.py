"""How long each user was in each status, by interval: from the agents' timeline.

A status counts in every interval that it touches, as long as it lasted there. Only the sum is
told, as the real service does; what no user was is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from .aggregate_ask import Ask
from .replies import Refused
from .templates import Json
from .timeline import Timeline, statuses
from .times import DAY_MS, Span, text
from .world import Holdings

Cells = dict[tuple[int, str, str], int]  # by bucket, metric and qualifier


def user_aggregated(holdings: Holdings, ask: Ask, known_ms: int, most: int | None) -> list[Json]:
    """Return the statistics of each user, or of all together; raises Refused for too many."""
    interval = Span(ask.interval.start_ms, min(ask.interval.end_ms, known_ms))
    by_group: dict[str, Cells] = {}
    if interval.start_ms < interval.end_ms:
        for line in _lines(holdings, *_around(interval, known_ms)):
            if ask.holds is None or ask.holds({"userId": (line.user_id,)}):
                group = line.user_id if "userId" in ask.group_by else ""
                _add(by_group.setdefault(group, {}), line, ask, known_ms)
    told = sum(len(cells) for cells in by_group.values())
    if most is not None and told > most:
        raise Refused(
            400,
            "response.entity.too.large",
            f"The query has too many results: {told}. Query a smaller interval or fewer groups.",
        )
    return [
        {"group": {"userId": group} if group else {}, "data": [*_data(ask, by_group[group])]}
        for group in sorted(by_group)
        if by_group[group]
    ]


def _around(interval: Span, known_ms: int) -> tuple[Span, int]:
    """Return the UTC days that the interval touches, and how much of them is known."""
    start_ms, end_ms = interval.start_ms, interval.end_ms
    days = Span(start_ms - start_ms % DAY_MS, -(-end_ms // DAY_MS) * DAY_MS)
    return days, min(known_ms, days.end_ms)


@lru_cache(maxsize=4)
def _lines(holdings: Holdings, days: Span, known_ms: int) -> tuple[Timeline, ...]:
    """Return the users' rows, kept for those who ask hour by hour."""
    return tuple(statuses(holdings, days, known_ms=known_ms))


def _add(cells: Cells, line: Timeline, ask: Ask, known_ms: int) -> None:
    for metric, qualifier, start_ms, end_ms in _stretches(line, known_ms):
        if metric not in ask.metrics:
            continue
        for number, bucket in enumerate(ask.buckets):
            inside = min(end_ms, bucket.end_ms) - max(start_ms, bucket.start_ms)
            if inside > 0:
                key = (number, metric, qualifier)
                cells[key] = cells.get(key, 0) + inside


def _stretches(line: Timeline, known_ms: int) -> Iterator[tuple[str, str, int, int]]:
    for row in line.presence:
        end_ms = known_ms if row.end_ms is None else row.end_ms
        yield "tSystemPresence", row.value, row.start_ms, end_ms
        ident = row.organization_presence_id or ""
        yield "tOrganizationPresence", ident, row.start_ms, end_ms
    for row in line.routing:
        end_ms = known_ms if row.end_ms is None else row.end_ms
        yield "tAgentRoutingStatus", row.value, row.start_ms, end_ms


def _data(ask: Ask, cells: Cells) -> Iterator[Json]:
    for number in sorted({number for number, _, _ in cells}):
        span = ask.buckets[number]
        metrics = [
            {"metric": metric, "qualifier": qualifier, "stats": {"sum": total}}
            for (at, metric, qualifier), total in sorted(cells.items())
            if at == number
        ]
        yield {"interval": f"{text(span.start_ms)}/{text(span.end_ms)}", "metrics": metrics}
