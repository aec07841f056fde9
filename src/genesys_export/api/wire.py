r"""The API's answers as structs; a results page is split into records without parsing them.

Knows which keys we read, nothing of HTTP. Anything that is not the JSON it should be is Garbled,
and the request is made again. But msgspec refuses lone surrogates (`\ud800`), which are JSON, and
one record may be nested deeper than any parser goes: such pages are split the slow way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from ..days import parse_instant
from ..model import Page
from ..odd_input import UNREADABLE, is_too_deep
from .splitting import Garbled, only, split_slowly

_LONGEST = 200  # of what is a word or an id


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
class Answer:
    """A page, its records still bytes, and what the answer says beside them."""

    page: Page
    told: Mapping[str, Any]


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


class Answers:
    """Reads answers that hold records under the first of `keys`, and the fields `told` beside."""

    def __init__(self, keys: tuple[str, ...], **told: type) -> None:
        """Make the reader; each field that is told has to be of its type."""
        self._keys, self._told = keys, told
        lists = [(key, list[msgspec.Raw] | UnsetType | None, UNSET) for key in keys]
        named = [(name, Any, UNSET) for name in told]
        self._decoder = msgspec.json.Decoder(msgspec.defstruct("Answer", [*lists, *named]))

    def read(self, body: bytes) -> Answer:
        """Split an answer; raises Garbled. Without a list it is an empty page."""
        answer = self.split(body)
        if answer is None:  # an object, but of something else
            raise Garbled(f"the body is not a page of {self._keys[0]}")
        return answer

    def split(self, body: bytes) -> Answer | None:
        """Split an answer; None for an object without any of its fields that is not empty."""
        try:
            found = msgspec.structs.asdict(self._decoder.decode(body))
            lists = (found[key] for key in self._keys)
            records = [bytes(record) for record in next(filter(None, lists), ())]
        except UNREADABLE:
            found, records = split_slowly(body, *self._keys)
        if all(one is UNSET for one in found.values()) and body.strip() != b"{}":
            return None
        told = {name: found[name] for name in self._told if found.get(name, UNSET) is not UNSET}
        for name, value in told.items():
            if value and not is_sendable(only(self._told[name], value)):
                raise Garbled(f"{name} is not a valid string")
        date = told.get("dataAvailabilityDate")
        watermark = _instant(date) if isinstance(date, str) else None
        return Answer(Page(records=records, watermark=watermark, received_bytes=len(body)), told)


@cache
def results(key: str) -> Answers:
    """Return what reads a job's pages of results."""
    return Answers((key,), cursor=str, dataAvailabilityDate=str)


@cache
def hits(key: str) -> Answers:
    """Return what reads a query's pages."""
    return Answers((key,), totalHits=int)


def counted(metric: str, by: str) -> Callable[[bytes], dict[str, int]]:
    """Return what reads a metric's counts by a dimension. What has no data is left out."""

    def read(body: bytes) -> dict[str, int]:
        found = _aggregated(body)
        if found.results is UNSET and body.strip() != b"{}":
            raise Garbled("the body is not an answer to an aggregates query")
        counts: dict[str, int] = {}
        for group in found.results or ():
            name = group.group.get(by, "unknown")
            told = [one for data in group.data for one in data.metrics]
            total = sum(one.stats.count or 0 for one in told if one.metric == metric)
            counts[name] = counts.get(name, 0) + int(total)
        return dict(sorted(counts.items()))

    return read


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
