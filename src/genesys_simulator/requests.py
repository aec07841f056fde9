"""What a client sent, and what its body asks for.

Knows how requests are kept for tests to look at (without secrets) and how the bodies of jobs,
queries and aggregates are read. Strict where the API's answer to nonsense is known: 400.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .dimensions import OF_USERS
from .filters import read_filters
from .generated import HORIZON_MS
from .replies import bad_request
from .selection import Ask
from .templates import Json
from .times import DAY_MS, Span, midnight, read_interval
from .user_details import DetailsAsk

_FILTERS = (
    "conversationFilters",
    "segmentFilters",
    "evaluationFilters",
    "surveyFilters",
    "resolutionFilters",
)
_SHARED = {"interval", "order", "orderBy", *_FILTERS}
JOB_KEYS = frozenset(_SHARED | {"limit", "startOfDayIntervalMatching"})
QUERY_KEYS = frozenset(_SHARED | {"paging", "aggregations"})
_DETAILS = {"interval", "order", "userFilters", "presenceFilters", "routingStatusFilters"}
DETAILS_JOB_KEYS = frozenset(_DETAILS | {"limit"})
DETAILS_QUERY_KEYS = frozenset(
    _DETAILS | {"paging", "presenceAggregations", "routingStatusAggregations"}
)
_ORDERS = ("asc", "desc", "unordered")
_ORDER_BYS = ("conversationStart", "conversationEnd", "segmentStart", "segmentEnd")
_QUERY_SPAN_MS = 31 * DAY_MS
_UNFILTERED_SPAN_MS = 7 * DAY_MS  # of users' details
_PAGE_SIZE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request as it came, without secrets."""

    endpoint: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case; of `authorization` the scheme only
    body: Any  # the JSON, or the text where it is none; None without a body
    at: datetime


def seen_body(body: bytes) -> Any:
    """Return a body as a test would look at it."""
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode(errors="replace")


def body_of(received: Received, keys: frozenset[str] | None = None) -> Json:
    """Return the body's object; raises Refused."""
    body = received.body
    if not isinstance(body, dict):
        raise bad_request("The request could not be understood: the body is no JSON object.")
    unknown = sorted(set(body) - keys) if keys is not None else []
    if unknown:
        raise bad_request(f"Unrecognized field [{unknown[0]}].", "invalid.property")
    return body


def interval_of(body: Json) -> Span:
    """Read the interval; raises Refused."""
    interval = read_interval(body.get("interval"))
    if interval is None:
        raise bad_request(
            f"Invalid interval [{body.get('interval')}]: must be an ISO-8601 interval whose start "
            "is before its end.",
            "invalid.date",
        )
    return interval


def job_ask(body: Json, known_ms: int) -> Ask:
    """Read what a job asks for; raises Refused."""
    limit = body.get("limit")
    if limit is not None and not _is_count(limit):
        raise bad_request(f"Value [{limit}] is not valid for field type [limit].", "invalid.value")
    interval = interval_of(body)
    of_day = body.get("startOfDayIntervalMatching") is True
    return Ask(
        interval=interval,
        first_ms=midnight(interval.start_ms) if of_day else interval.start_ms - HORIZON_MS,
        known_ms=known_ms,
        filters=read_filters(body),
        order=_choice(body, "order", _ORDERS),
        order_by=_choice(body, "orderBy", _ORDER_BYS),
        limit=limit,
    )


def query_ask(body: Json, known_ms: int, depth: int) -> tuple[Ask, int, int]:
    """Read what a query asks for: what, and the page from where to where; raises Refused."""
    interval = interval_of(body)
    if interval.end_ms - interval.start_ms > _QUERY_SPAN_MS:
        raise bad_request(
            "You must specify a search interval as part of your query that does not exceed 31 "
            "days."
        )
    start, stop = _paging(body, depth)
    ask = Ask(
        interval=interval,
        first_ms=midnight(interval.start_ms),
        known_ms=known_ms,
        filters=read_filters(body),
        order=_choice(body, "order", _ORDERS),
        order_by=_choice(body, "orderBy", _ORDER_BYS),
    )
    return ask, start, stop


def details_ask(body: Json, known_ms: int, late_ms: int) -> DetailsAsk:
    """Read what a job asks of users' details; raises Refused."""
    limit = body.get("limit")
    if limit is not None and not _is_count(limit):
        raise bad_request(f"Value [{limit}] is not valid for field type [limit].", "invalid.value")
    return DetailsAsk(
        interval=interval_of(body),
        known_ms=known_ms,
        late_ms=late_ms,
        groups=read_filters(body, OF_USERS).groups,
        order=_choice(body, "order", _ORDERS),
        limit=limit,
    )


def details_page(body: Json, ask: DetailsAsk, depth: int) -> tuple[int, int]:
    """Return from where to where a query's page is; raises Refused."""
    most = _QUERY_SPAN_MS if ask.groups else _UNFILTERED_SPAN_MS
    if ask.interval.end_ms - ask.interval.start_ms > most:
        raise bad_request(
            "You must specify a search interval as part of your query that does not exceed "
            f"{most // DAY_MS} days."
        )
    for key in ("presenceAggregations", "routingStatusAggregations"):
        if body.get(key):
            raise bad_request(f"Not simulated: {key}.", "invalid.value")
    return _paging(body, depth)


def _paging(body: Json, depth: int) -> tuple[int, int]:
    """Return from where to where a query's page is; raises Refused."""
    paging = body.get("paging") or {}
    size, number = (paging.get("pageSize", 25), paging.get("pageNumber", 1))
    if not _is_count(size) or not _is_count(number) or size > _PAGE_SIZE:
        raise bad_request(
            f"Value [{paging}] is not valid for field type [PagingSpec]: pageSize is 1 to 100, "
            "pageNumber begins at 1.",
            "invalid.value",
        )
    if size * number > depth:
        raise bad_request(
            f"Pagination may not exceed {depth} results. Query a smaller interval instead."
        )
    return size * (number - 1), size * number


def _choice(body: Json, key: str, among: tuple[str, ...]) -> str:
    value = body.get(key) or among[0]
    if value not in among:
        raise bad_request(
            f"Value [{value}] is not valid for field type [{key}]. Allowable values are: "
            f"{', '.join(among)}",
            "invalid.value",
        )
    return str(value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
