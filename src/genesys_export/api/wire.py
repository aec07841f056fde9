r"""The API's answers as structs; a results page is split into records without parsing them.

Knows which keys we read, nothing of HTTP. Anything that is not the JSON it should be is Garbled,
and the request is made again. But msgspec refuses lone surrogates (`\ud800`), which are JSON, and
one record may be nested deeper than any parser goes: such pages are split the slow way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from ..days import parse_instant
from ..model import Page
from ..odd_input import is_too_deep
from .splitting import Garbled, only, split_slowly

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_LONGEST = 200  # of what is a word or an id


class Results(msgspec.Struct, rename="camel"):
    """AnalyticsConversationAsyncQueryResponse, the records still bytes."""

    conversations: list[msgspec.Raw] | UnsetType | None = UNSET
    cursor: str | UnsetType | None = UNSET
    data_availability_date: str | UnsetType | None = UNSET


class Queried(msgspec.Struct, rename="camel"):
    """AnalyticsConversationQueryResponse, the records still bytes."""

    conversations: list[msgspec.Raw] | UnsetType | None = UNSET
    total_hits: int | UnsetType | None = UNSET


class Stats(msgspec.Struct, frozen=True):
    """StatisticalSummary."""

    count: float | None = None


class AggregatedMetric(msgspec.Struct):
    """AggregateMetricData."""

    metric: str
    stats: Stats = Stats()


class AggregatedData(msgspec.Struct):
    """StatisticalResponse: one bucket of time."""

    metrics: list[AggregatedMetric] = []


class AggregatedGroup(msgspec.Struct):
    """ConversationAggregateDataContainer."""

    group: dict[str, str] = {}
    data: list[AggregatedData] = []


class Aggregated(msgspec.Struct):
    """ConversationAggregateQueryResponse."""

    results: list[AggregatedGroup] | UnsetType | None = UNSET


class Job(msgspec.Struct, rename="camel"):
    """AsyncQueryResponse."""

    job_id: Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST)]


class Status(msgspec.Struct, rename="camel"):
    """AsyncQueryStatus."""

    state: Annotated[str, msgspec.Meta(max_length=_LONGEST)]
    error_message: Any = None  # a job that failed has failed, whatever it says of it


class Availability(msgspec.Struct, rename="camel"):
    """DataAvailabilityResponse."""

    data_availability_date: str


class ErrorBody(msgspec.Struct, rename="camel"):
    """The API's error body, as far as it is shown."""

    message: str | None = None
    code: str | None = None
    context_id: str | None = None
    message_params: Any = None


@dataclass(frozen=True, slots=True)
class ResultsPage:
    """A page and where the next one is: None after the last."""

    page: Page
    cursor: str | None


@dataclass(frozen=True, slots=True)
class QueryPage:
    """A page of a query, and how many hits there are in all; None if the answer is silent."""

    page: Page
    hits: int | None


Shape = TypeVar("Shape")


def reader(shape: type[Shape]) -> Callable[[bytes], Shape]:
    """Return what reads a body as that struct, or raises Garbled."""
    decoder = msgspec.json.Decoder(shape)

    def read(body: bytes) -> Shape:
        try:
            return decoder.decode(body)
        except UNREADABLE as problem:
            raise Garbled(f"the body is not of the shape {shape.__name__}") from problem

    return read


# Made here, not at the first answer: msgspec learns structs within structs when it first meets
# them, and two threads at that together end the process (a segmentation fault in 0.22).
read_job, read_status = reader(Job), reader(Status)
_availability, _aggregated = reader(Availability), reader(Aggregated)


def read_watermark(body: bytes) -> datetime:
    """Return up to when the lake is complete; raises Garbled.

    An answer that doesn't say is never taken for one that sets no bound: a day would be called
    complete that isn't.
    """
    return _instant(_availability(body).data_availability_date)


def read_results(body: bytes) -> ResultsPage:
    """Split a results page; raises Garbled. Without `conversations` it is an empty page."""
    try:
        results = msgspec.json.decode(body, type=Results)
        records = [bytes(record) for record in results.conversations or ()]
    except UNREADABLE:
        results, records = _slowly(body)
    found = (results.conversations, results.cursor, results.data_availability_date)
    if all(one is UNSET for one in found) and body.strip() != b"{}":
        raise Garbled("the body is not a page of results")  # an object, but of something else
    date = results.data_availability_date
    watermark = _instant(date) if isinstance(date, str) else None
    page = Page(records=records, watermark=watermark, received_bytes=len(body))
    return ResultsPage(page, results.cursor or None)


def read_query(body: bytes) -> QueryPage:
    """Split a query's answer; raises Garbled. Without `conversations` it is an empty page."""
    try:
        found = msgspec.json.decode(body, type=Queried)
        records = [bytes(record) for record in found.conversations or ()]
    except UNREADABLE:
        whole, records = split_slowly(body, "conversations")
        found = Queried([], only(int, whole.get("totalHits") or 0))
    # Past the last page some answers are `{}`, others hold `totalHits` alone.
    silent = found.conversations is UNSET and found.total_hits is UNSET
    if silent and body.strip() != b"{}":
        raise Garbled("the body is not a page of a query")
    page = Page(records=records, watermark=None, received_bytes=len(body))
    return QueryPage(page, found.total_hits if isinstance(found.total_hits, int) else None)


def read_hits(body: bytes) -> int:
    """Return how many conversations a query finds in all; raises Garbled.

    An answer with conversations that does not say how many is none; an empty one says 0.
    """
    found = read_query(body)
    if found.hits is None and found.page.records:
        raise Garbled("the answer does not give the number of hits")
    return found.hits or 0


def read_by_media(body: bytes) -> dict[str, int]:
    """Return nConversations by mediaType; raises Garbled. What has no data is left out."""
    found = _aggregated(body)
    if found.results is UNSET and body.strip() != b"{}":
        raise Garbled("the body is not an answer to an aggregates query")
    counts: dict[str, int] = {}
    for group in found.results or ():
        medium = group.group.get("mediaType", "unknown")
        told = [one for data in group.data for one in data.metrics]
        total = sum(one.stats.count or 0 for one in told if one.metric == "nConversations")
        counts[medium] = counts.get(medium, 0) + int(total)
    return dict(sorted(counts.items()))


def read_error(body: bytes) -> ErrorBody:
    """Read what Genesys says of a refusal; of anything else nothing is read."""
    try:
        return msgspec.json.decode(body, type=ErrorBody)
    except UNREADABLE:
        return ErrorBody()


def _instant(text: str) -> datetime:
    try:
        return parse_instant(text)
    except ValueError as problem:
        raise Garbled("dataAvailabilityDate is not an instant") from problem


def is_sendable(token: object) -> bool:
    """Whether a cursor or token can go back: a lone surrogate can't be encoded."""
    if is_too_deep(token):
        return False
    try:
        msgspec.json.encode(token)
    except (UnicodeEncodeError, RecursionError):
        return False
    return True


def _slowly(body: bytes) -> tuple[Results, list[bytes]]:
    whole, records = split_slowly(body, "conversations")
    cursor = only(str, whole.get("cursor") or "")
    if not is_sendable(cursor):
        raise Garbled("the cursor is not a valid string")
    date = only(str, whole.get("dataAvailabilityDate") or "")
    return Results([], cursor or None, date or None), records
