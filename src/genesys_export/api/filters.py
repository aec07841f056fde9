"""Which conversations are asked for, as the API's own filters.

Several values of one flag are alternatives; several flags must all hold: Genesys applies the
filters of one array, and the arrays among themselves, as AND. A filter Genesys can't make sense of
gives an empty answer rather than an error, so what can be checked is checked here. Asks nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from ..errors import WrongSettings

# Enum of AnalyticsSession.mediaType, official SDK 269 (read 2026-11).
MEDIA_TYPES = (
    "callback",
    "chat",
    "cobrowse",
    "email",
    "internalmessage",
    "message",
    "screenmonitoring",
    "screenshare",
    "unknown",
    "video",
    "voice",
)
DIRECTIONS = ("inbound", "outbound")
ARRAYS = (
    "conversationFilters",
    "segmentFilters",
    "evaluationFilters",
    "surveyFilters",
    "resolutionFilters",
)
_FILTER_KEYS = {"type", "clauses", "predicates"}
_PREDICATE_KEYS = {
    "type",
    "dimension",
    "property",
    "propertyType",
    "metric",
    "operator",
    "value",
    "range",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What to ask for; everything by default. Raises WrongSettings naming all that is wrong."""

    media_types: Sequence[str] = ()
    queues: Sequence[str] = ()  # ids
    divisions: Sequence[str] = ()  # ids
    directions: Sequence[str] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)  # filter arrays as the API has them

    def __post_init__(self) -> None:
        """Refuse values that would silently match nothing, and raw filters of another shape."""
        problems = [
            *_not_among("media type", self.media_types, MEDIA_TYPES),
            *_not_among("direction", self.directions, DIRECTIONS),
            *_not_ids("queue", self.queues),
            *_not_ids("division", self.divisions),
            *_misshapen(self.raw),
        ]
        if problems:
            raise WrongSettings("\n".join(f"filters: {one}" for one in problems))

    @property
    def is_empty(self) -> bool:
        """Whether everything is asked for."""
        return not self.as_body()

    def as_body(self) -> dict[str, list[Any]]:
        """Return the filter arrays of a query's body; arrays without filters are left out."""
        body = {
            "conversationFilters": [
                *_alternatives("divisionId", self.divisions),
                *_alternatives("originatingDirection", self.directions),
            ],
            "segmentFilters": [
                *_alternatives("mediaType", self.media_types),
                *_alternatives("queueId", self.queues),
            ],
        }
        for name, filters in self.raw.items():
            body.setdefault(name, []).extend(filters)
        return {name: filters for name, filters in body.items() if filters}

    def canonical(self) -> str:
        """Return the filters as one line of JSON, the same for the same filters; for the recipe.

        The order of values and of raw keys plays no part; that of raw filters does.
        """
        return json.dumps(self.as_body(), sort_keys=True, separators=(",", ":"))


def parse_raw(text: str) -> dict[str, Any]:
    """Read raw filters from JSON text; raises WrongSettings."""
    try:
        found = json.loads(text)
    except ValueError as problem:
        raise WrongSettings("filters: this is not JSON") from problem
    if not isinstance(found, dict):
        raise WrongSettings("filters: this is not a JSON object")
    return found


def _alternatives(dimension: str, values: Sequence[str]) -> list[dict[str, Any]]:
    if not values:
        return []
    predicates = [
        {"type": "dimension", "dimension": dimension, "operator": "matches", "value": value}
        for value in sorted(set(values))
    ]
    return [{"type": "or", "predicates": predicates}]


def _not_among(what: str, values: Sequence[str], known: Sequence[str]) -> Iterator[str]:
    for value in values:
        if value not in known:
            yield f"{value!r} is not a {what}; use one of {', '.join(known)}"


def _not_ids(what: str, values: Sequence[str]) -> Iterator[str]:
    for value in values:
        if not _is_id(value):
            yield f"{value!r} is not the id of a {what}: use the id (a UUID), not the name"


def _is_id(value: str) -> bool:
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False


def _misshapen(raw: Mapping[str, Any]) -> Iterator[str]:
    for name, filters in raw.items():
        if name not in ARRAYS:
            yield f"{name!r} is not one of {', '.join(ARRAYS)}"
        elif not isinstance(filters, list) or not all(_is_filter(one) for one in filters):
            yield (
                f"{name} must be a list of objects with type (and, or) and predicates or clauses, "
                "as the API documents them"
            )


def _is_filter(found: Any) -> bool:
    """Whether it has the shape of a filter; a clause has it too, but holds no clauses."""
    return _is_group(found) and all(
        _is_group(clause) and "clauses" not in clause for clause in found.get("clauses", ())
    )


def _is_group(found: Any) -> bool:
    if not isinstance(found, dict) or not found.keys() <= _FILTER_KEYS:
        return False
    lists = [found.get("predicates", []), found.get("clauses", [])]
    return (
        found.get("type") in ("and", "or")
        and all(isinstance(one, list) for one in lists)
        and any(lists)
        and all(_is_predicate(one) for one in lists[0])
    )


def _is_predicate(found: Any) -> bool:
    return isinstance(found, dict) and bool(found) and found.keys() <= _PREDICATE_KEYS
