"""The five filter arrays of a request, evaluated on conversations for real.

Knows the grammar (filters of clauses of predicates) and how a predicate holds against the values
of a dimension; which values a dimension has is in `dimensions`. All filters of a request must
hold, each for some thing of its level: a segment filter for one segment with its session and
participant, an evaluation filter for one evaluation, and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from . import dimensions
from .dimensions import Level
from .replies import bad_request
from .templates import Json

_OPERATORS = ("matches", "exists", "notExists")
_RANGE = {
    "gt": lambda value, bound: value > bound,
    "gte": lambda value, bound: value >= bound,
    "lt": lambda value, bound: value < bound,
    "lte": lambda value, bound: value <= bound,
}


@dataclass(frozen=True, slots=True)
class Predicate:
    """One condition."""

    kind: str  # dimension, property or metric
    name: str
    operator: str
    value: str | None
    bounds: tuple[tuple[str, float], ...]

    def holds(self, level: Level, thing: Json) -> bool:
        """Tell whether it holds for a thing of its level."""
        values = dimensions.values(level, self.kind, self.name, thing)
        if self.operator == "exists":
            return bool(values)
        if self.operator == "notExists":
            return not values
        if self.bounds:
            return any(self._within(value) for value in values)
        if self.value is None:
            return not values
        return any(written(value) == self.value for value in values)

    def _within(self, value: object) -> bool:
        number = dimensions.number(value)
        return number is not None and all(
            _RANGE[name](number, bound) for name, bound in self.bounds
        )


@dataclass(frozen=True, slots=True)
class Group:
    """Predicates and further groups, all or some of which must hold."""

    every: bool  # and; else or
    predicates: tuple[Predicate, ...]
    groups: tuple[Group, ...] = ()

    def holds(self, level: Level, thing: Json) -> bool:
        """Tell whether it holds for a thing of its level."""
        verdicts = [predicate.holds(level, thing) for predicate in self.predicates]
        verdicts += [group.holds(level, thing) for group in self.groups]
        return all(verdicts) if self.every else any(verdicts)

    @property
    def all_predicates(self) -> list[Predicate]:
        """Return the predicates at any depth."""
        below = [one for group in self.groups for one in group.all_predicates]
        return [*self.predicates, *below]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a request filters by."""

    groups: tuple[tuple[Level, Group], ...] = ()

    @property
    def is_empty(self) -> bool:
        """True if everything passes."""
        return not self.groups

    @property
    def same_for_a_kind(self) -> bool:
        """True if no varying value is looked at, so that copies of a template all pass or none."""
        return all(
            predicate.operator != "matches" or dimensions.is_fixed(predicate.name)
            for _, group in self.groups
            for predicate in group.all_predicates
        )

    def match(self, record: Json) -> bool:
        """Tell whether a conversation passes."""
        return all(
            any(group.holds(level, thing) for thing in dimensions.things(level, record))
            for level, group in self.groups
        )


def read_filters(body: Json, levels: Sequence[Level] = dimensions.OF_CONVERSATIONS) -> Filters:
    """Read the filter arrays of a request; raises Refused."""
    groups = []
    for level in levels:
        groups += [(level, _group(one, level)) for one in _list(body, level.value)]
    return Filters(tuple(groups))


def written(value: object) -> str:
    """Write a value as a predicate's `value` does."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _group(value: object, level: Level, *, deep: bool = True) -> Group:
    if not isinstance(value, dict) or value.get("type") not in ("and", "or"):
        kind = value.get("type", "") if isinstance(value, dict) else value
        raise bad_request(
            f"Value [{kind}] is not valid for field type [QueryFilterType]. "
            "Allowable values are: and, or",
            "invalid.value",
        )
    clauses = _list(value, "clauses") if deep else []
    return Group(
        every=value["type"] == "and",
        predicates=tuple(_predicate(one, level) for one in _list(value, "predicates")),
        groups=tuple(_group(one, level, deep=False) for one in clauses),
    )


def _list(value: Json, key: str) -> Sequence[Any]:
    found = [] if value.get(key) is None else value[key]
    if not isinstance(found, list):
        raise _bad(found, key)
    return found


def _predicate(value: object, level: Level) -> Predicate:
    if not isinstance(value, dict):
        raise _bad(value, "predicates")
    kind = value.get("type") or next(
        (one for one in ("dimension", "property", "metric") if one in value), "dimension"
    )
    name, operator = value.get(kind), value.get("operator") or "matches"
    if not isinstance(name, str) or not dimensions.known(level, kind, name):
        raise _bad(name, f"{level.value}.{kind}")
    if operator not in _OPERATORS:
        raise _bad(operator, "operator")
    wanted = value.get("value")
    return Predicate(
        kind=kind,
        name=name,
        operator=operator,
        value=None if wanted is None else written(wanted),
        bounds=_bounds(value.get("range") or {}),
    )


def _bounds(value: object) -> tuple[tuple[str, float], ...]:
    if not isinstance(value, dict) or not set(value) <= set(_RANGE):
        raise _bad(value, "range")
    bounds = [(name, dimensions.number(bound)) for name, bound in value.items()]
    if any(bound is None for _, bound in bounds):
        raise _bad(value, "range")
    return tuple((name, bound) for name, bound in bounds if bound is not None)


def _bad(value: object, where: str) -> Exception:
    return bad_request(f"Value [{value}] is not valid for field type [{where}].", "invalid.value")
