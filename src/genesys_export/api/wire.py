r"""The API's answers as structs; a results page is split into records without parsing them.

Anything that is not the JSON it should be is Garbled, and the request is made again. One exception:
msgspec refuses lone surrogates (`\ud800`), which are JSON; such a page is split the slow way.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import msgspec

from ..days import parse_instant
from ..model import Page
from .client import Garbled

Shape = TypeVar("Shape")


class Results(msgspec.Struct, rename="camel"):
    """AnalyticsConversationAsyncQueryResponse, the records still bytes."""

    conversations: list[msgspec.Raw] | None = None
    cursor: str | None = None
    data_availability_date: str | None = None


class Job(msgspec.Struct, rename="camel"):
    """AsyncQueryResponse."""

    job_id: str


class Status(msgspec.Struct, rename="camel"):
    """AsyncQueryStatus."""

    state: str
    error_message: str | None = None


class Availability(msgspec.Struct, rename="camel"):
    """DataAvailabilityResponse."""

    data_availability_date: str | None = None


@dataclass(frozen=True, slots=True)
class ResultsPage:
    """A page and where the next one is: None after the last."""

    page: Page
    cursor: str | None


def reader(shape: type[Shape]) -> Callable[[bytes], Shape]:
    """Return what reads a body as that struct, or raises Garbled."""

    def read(body: bytes) -> Shape:
        try:
            return msgspec.json.decode(body, type=shape)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            raise Garbled(f"the body is no {shape.__name__}") from problem

    return read


def read_results(body: bytes) -> ResultsPage:
    """Split a results page; raises Garbled."""
    try:
        results = msgspec.json.decode(body, type=Results)
        records = [bytes(record) for record in results.conversations or ()]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        results, records = _slowly(body)
    watermark = instant(results.data_availability_date)
    page = Page(records=records, watermark=watermark, received_bytes=len(body))
    return ResultsPage(page, results.cursor or None)


def instant(text: str | None) -> datetime | None:
    """Return a watermark; one that can't be read is none."""
    try:
        return None if text is None else parse_instant(text)
    except ValueError:
        return None


def _slowly(body: bytes) -> tuple[Results, list[bytes]]:
    """Split a page that is JSON but not to msgspec's taste: find each record's span."""
    text = body.decode("utf-8", "surrogateescape")
    try:
        whole = json.loads(text)
        found = whole["conversations"]
        spans = _spans(text, len(found))
        cursor, date = whole.get("cursor"), whole.get("dataAvailabilityDate")
    except (ValueError, LookupError, TypeError, RecursionError) as problem:
        raise Garbled("the body is no page of results") from problem
    records = [text[a:b].encode("utf-8", "surrogateescape") for a, b in spans]
    return Results(None, cursor, date), records


def _spans(text: str, count: int) -> list[tuple[int, int]]:
    """Return where each element of the top object's `conversations` begins and ends."""
    decoder = json.JSONDecoder()
    at = _value_of(text, "conversations", decoder) + 1
    spans = []
    for _ in range(count):
        while text[at] in " \t\r\n,":
            at += 1
        _, end = decoder.raw_decode(text, at)
        spans.append((at, end))
        at = end
    return spans


def _value_of(text: str, key: str, decoder: json.JSONDecoder) -> int:
    """Return where the value of a key of the top object begins."""
    at = text.index("{") + 1
    while True:
        while text[at] in " \t\r\n,":
            at += 1
        name, at = decoder.raw_decode(text, at)
        at = text.index(":", at) + 1
        while text[at] in " \t\r\n":
            at += 1
        if name == key:
            return at
        _, at = decoder.raw_decode(text, at)
