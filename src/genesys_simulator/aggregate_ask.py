"""What the body of an aggregates request asks for; strict, as the real service is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .aggregate_names import Names
from .buckets import buckets
from .levels import JUDGED, LEVEL
from .replies import bad_request
from .requests import interval_of
from .templates import Json
from .times import DAY_MS, Span

_LONGEST_MS = 31 * DAY_MS  # as for details; not documented (read 2026-11)
Condition = Callable[[dict[str, tuple[str, ...]]], bool]


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for."""

    buckets: list[Span]
    group_by: tuple[str, ...]
    metrics: tuple[str, ...]
    holds: Condition | None
    dimensions: tuple[str, ...]  # those to group by, then those that the filter looks at

    @property
    def interval(self) -> Span:
        """All of it."""
        return Span(self.buckets[0].start_ms, self.buckets[-1].end_ms)

    @property
    def measured(self) -> frozenset[str]:
        """The metrics that have to be added up."""
        judged = JUDGED if LEVEL in self.metrics else ()
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
