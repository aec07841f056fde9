r"""The API's answers as structs; a results page is split into records without parsing them.

Knows which keys we read, nothing of HTTP. Anything that is not the JSON it should be is Garbled,
and the request is made again. One exception: msgspec refuses lone surrogates (`\ud800`), which
are JSON; such a page is split the slow way.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from ..days import parse_instant
from ..model import Page

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Garbled(Exception):
    """The body of a 2xx is not what it should be; the request is made again."""


class Results(msgspec.Struct, rename="camel"):
    """AnalyticsConversationAsyncQueryResponse, the records still bytes."""

    conversations: list[msgspec.Raw] | UnsetType | None = UNSET
    cursor: str | UnsetType | None = UNSET
    data_availability_date: str | UnsetType | None = UNSET


class Queried(msgspec.Struct, rename="camel"):
    """AnalyticsConversationQueryResponse, the records still bytes."""

    conversations: list[msgspec.Raw] | UnsetType | None = UNSET
    total_hits: int | UnsetType | None = UNSET


class Job(msgspec.Struct, rename="camel"):
    """AsyncQueryResponse."""

    job_id: str


class Status(msgspec.Struct, rename="camel"):
    """AsyncQueryStatus."""

    state: str
    error_message: str | None = None


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
    """A page of a query, and how many hits there are in all; None where the answer is silent."""

    page: Page
    hits: int | None


Shape = TypeVar("Shape")


def reader(shape: type[Shape]) -> Callable[[bytes], Shape]:
    """Return what reads a body as that struct, or raises Garbled."""

    def read(body: bytes) -> Shape:
        try:
            return msgspec.json.decode(body, type=shape)
        except UNREADABLE as problem:
            raise Garbled(f"the body is no {shape.__name__}") from problem

    return read


def read_watermark(body: bytes) -> datetime:
    """Return up to when the lake is complete; raises Garbled.

    An answer that doesn't say is never taken for one that sets no bound: a day would be called
    complete that isn't.
    """
    return _instant(reader(Availability)(body).data_availability_date)


def read_results(body: bytes) -> ResultsPage:
    """Split a results page; raises Garbled. Without `conversations` it is an empty page."""
    try:
        results = msgspec.json.decode(body, type=Results)
        records = [bytes(record) for record in results.conversations or ()]
    except UNREADABLE:
        results, records = _slowly(body)
    found = (results.conversations, results.cursor, results.data_availability_date)
    if all(one is UNSET for one in found) and body.strip() != b"{}":
        raise Garbled("the body is no page of results")  # an object, but of something else
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
        found = Queried([], _only(int, whole.get("totalHits") or 0))
    # Past the last page some answers are `{}`, others hold `totalHits` alone.
    silent = found.conversations is UNSET and found.total_hits is UNSET
    if silent and body.strip() != b"{}":
        raise Garbled("the body is no page of a query")
    page = Page(records=records, watermark=None, received_bytes=len(body))
    return QueryPage(page, found.total_hits if isinstance(found.total_hits, int) else None)


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
        raise Garbled("dataAvailabilityDate is no instant") from problem


def split_slowly(body: bytes, *keys: str) -> tuple[dict[str, Any], list[bytes]]:
    """Split a page that is JSON but not to msgspec's taste: find the span of each of its records.

    Returns the whole answer, parsed, and the elements of its list under the first of `keys` that
    is there. Raises Garbled.
    """
    text = body.decode("utf-8", "surrogateescape")
    try:
        whole = _only(dict, json.loads(text))
        key = next(key for key in keys if key in whole)
        spans = _spans(text, key, len(_only(list, whole[key])))
    except (ValueError, LookupError, TypeError, StopIteration, RecursionError) as problem:
        raise Garbled("the body is no page of results") from problem
    return whole, [text[a:b].encode("utf-8", "surrogateescape") for a, b in spans]


def _slowly(body: bytes) -> tuple[Results, list[bytes]]:
    whole, records = split_slowly(body, "conversations")
    cursor = _only(str, whole.get("cursor") or "")
    date = _only(str, whole.get("dataAvailabilityDate") or "")
    return Results([], cursor or None, date or None), records


def _only(kind: type[Shape], value: Any) -> Shape:
    """Return the value if it is of that type; raises Garbled."""
    if not isinstance(value, kind):
        raise Garbled("the body is no page of results")
    return value


def _spans(text: str, key: str, count: int) -> list[tuple[int, int]]:
    """Return where each element of a list of the top object begins and ends."""
    decoder = json.JSONDecoder()
    at = _value_of(text, key, decoder) + 1
    spans = []
    for _ in range(count):
        at = _skipped(text, at)
        _, end = decoder.raw_decode(text, at)
        spans.append((at, end))
        at = end
    return spans


def _value_of(text: str, key: str, decoder: json.JSONDecoder) -> int:
    """Return where the value of a key of the top object begins."""
    at = text.index("{") + 1
    while True:
        name, at = decoder.raw_decode(text, _skipped(text, at))
        at = _skipped(text, text.index(":", at) + 1)
        if name == key:
            return at
        _, at = decoder.raw_decode(text, at)


def _skipped(text: str, at: int) -> int:
    """Return where white space and commas end."""
    while text[at] in " \t\r\n,":
        at += 1
    return at
