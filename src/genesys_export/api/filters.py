"""Which conversations are asked for, as the API's own filters.

Several values of one kind are alternatives; several kinds must all hold: Genesys applies filters
of one array, and the arrays among themselves, as AND.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import WrongSettings

ARRAYS = (
    "conversationFilters",
    "segmentFilters",
    "evaluationFilters",
    "surveyFilters",
    "resolutionFilters",
)
_KEYS = {"type", "clauses", "predicates"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What to leave out; nothing by default."""

    media_types: Sequence[str] = ()
    queues: Sequence[str] = ()
    divisions: Sequence[str] = ()
    directions: Sequence[str] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse raw filters of a shape the API does not have."""
        for name, filters in self.raw.items():
            if name not in ARRAYS:
                raise WrongSettings(f"filters: {name!r} is none of {', '.join(ARRAYS)}")
            if not isinstance(filters, list) or not all(_is_filter(one) for one in filters):
                raise WrongSettings(
                    f"filters: {name} must be a list of objects with type (and/or) and"
                    " predicates or clauses"
                )

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


def parse_raw(text: str) -> dict[str, Any]:
    """Read raw filters from JSON text; raises WrongSettings."""
    try:
        found = json.loads(text)
    except ValueError as problem:
        raise WrongSettings("filters: the text is no JSON") from problem
    if not isinstance(found, dict):
        raise WrongSettings("filters: the JSON is no object")
    return found


def _alternatives(dimension: str, values: Sequence[str]) -> list[dict[str, Any]]:
    if not values:
        return []
    predicates = [
        {"type": "dimension", "dimension": dimension, "operator": "matches", "value": value}
        for value in dict.fromkeys(values)
    ]
    return [{"type": "or", "predicates": predicates}]


def _is_filter(found: Any) -> bool:
    return (
        isinstance(found, dict)
        and found.keys() <= _KEYS
        and found.get("type") in {"and", "or"}
        and bool(found.get("predicates") or found.get("clauses"))
    )
