"""Statistics by interval and group, from the synchronous query: asked for an hour at a time.

What Genesys refuses as too large, or does not answer in time, is split: first by interval, down to
one bucket; then by the values of a dimension, which a smaller query finds. Values are asked for in
the order of the key, so the rows are the same in the same order, split or not. Groups without a
value are asked for as well (`notExists`), so no row is lost. Genesys does not document how large
is too large (read 2026-11): a 413, a 400 in such words, a 504 and a 408 all count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from ..datasets import AggregateEndpoint
from ..days import Interval
from ..errors import ExportError, GenesysUnavailable, RequestRefused
from ..events import IntervalHalved, Noticed, Observe, ignore
from ..model import Page
from ..odd_input import UNREADABLE
from ..plural import plural
from . import wire
from .client import Call, Client
from .clock import Clock, trial_minute
from .query import NoJob
from .question import Json, Question
from .transport import TooLarge

RESULTS = "results"
_PIECE = timedelta(hours=1)  # of one request: what bounds the memory for an answer
_PATIENCE_S = 60.0  # with a request that can still be split
_MOST_VALUES = 500  # of a filter: 512,000 bytes are the most that a body may have
_TOO_MUCH = re.compile(
    r"too (many|large|much|big)|entity\.too\.large|exceed|smaller interval", re.IGNORECASE
)
_SLOW = re.compile(r"HTTP (408|504)\b")


@dataclass(frozen=True, slots=True)
class _Only:
    """A restriction to groups that have one of these values; None: groups without any."""

    dimension: str
    values: tuple[str | None, ...]

    def clause(self) -> Json:
        """Return it as a clause of a filter."""
        return {"type": "or", "predicates": [self._predicate(value) for value in self.values]}

    def _predicate(self, value: str | None) -> Json:
        about = {"type": "dimension", "dimension": self.dimension}
        if value is None:
            return {**about, "operator": "notExists"}
        return {**about, "operator": "matches", "value": value}


class _Group(msgspec.Struct):
    """The part of a result that says what it is about."""

    group: dict[str, Any] = {}


class _TooMuch(Exception):
    """The answer would be too large; the text says how that was learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateSource:
    """Statistics from the synchronous query: a model.Source; a record is one group's."""

    endpoint: AggregateEndpoint
    question: Question
    client: Client
    clock: Clock
    observe: Observe = ignore
    large_bytes: int = 4 << 20  # of an answer: the ones after it are for half as long

    asks = "ask"
    is_bounded = True

    @property
    def needs(self) -> str:
        """The permission to query."""
        return self.endpoint.permission

    def watermark(self) -> datetime | None:
        """Return the instant up to which the details behind the statistics are complete."""
        call = Call(method="GET", path=self.endpoint.availability)
        return self.client.request(call, wire.read_watermark)

    def fetch(self, interval: Interval, job_id: str | None = None) -> AggregateFetch:
        """Prepare reading the interval; asks nothing yet."""
        del job_id  # a query has none
        return AggregateFetch(self, interval)

    def describe(self, interval: Interval) -> tuple[Mapping[str, Any], ...]:
        """Return the body of the first request."""
        first = Interval(interval.start, _end(interval, interval.start, self.most))
        return (self.question.body(first),)

    @property
    def most(self) -> timedelta | None:
        """The longest interval of one request."""
        return self.question.bucket and max(_PIECE, self.question.bucket)

    def try_out(self) -> str:
        """Ask for a minute."""
        next(self.fetch(trial_minute(self.clock)).pages(), None)
        return "a query was answered"


class AggregateFetch(NoJob):
    """One interval on its way: a model.Fetch; used by one thread at a time."""

    def __init__(self, source: AggregateSource, interval: Interval) -> None:
        """Ask nothing yet."""
        self._source, self._interval = source, interval

    def pages(self) -> Iterator[Page]:
        """Yield the answers in order of time; each holds whole groups.

        Raises GenesysUnavailable where the smallest request is still too large, and what the
        client raises.
        """
        question, start = self._source.question, self._interval.start
        most = self._source.most
        while start < self._interval.end:
            piece = Interval(start, _end(self._interval, start, most))
            try:
                page = self._page(piece)
                is_large = page.received_bytes > self._source.large_bytes
                if is_large and (shorter := _half(piece, question.bucket)):
                    most = shorter
                yield page
            except _TooMuch as why:
                if shorter := _half(piece, question.bucket):
                    self._source.observe(IntervalHalved(interval=piece, reason=str(why)))
                    most = shorter
                    continue
                yield from self._by_values(piece, (), question.group_by, str(why))
            start = piece.end

    def _by_values(
        self, piece: Interval, only: tuple[_Only, ...], left: Sequence[str], why: str
    ) -> Iterator[Page]:
        """Yield a piece in parts by the values of the first dimension that is left."""
        if not left:
            yield self._page(piece, only, patient=True)
            return
        dimension, *rest = left
        values = self._values(piece, only, dimension)
        if len(values) > 1:
            told = f"by {plural(len(values), 'value')} of {dimension}"
            self._source.observe(Noticed(message=f"{piece} is asked for {told}: {why}"))
        yield from self._parts(piece, only, (dimension, values), rest, why)

    def _parts(
        self,
        piece: Interval,
        only: tuple[_Only, ...],
        by: tuple[str, tuple[str | None, ...]],
        rest: Sequence[str],
        why: str,
    ) -> Iterator[Page]:
        dimension, values = by
        if len(values) < 2:
            mine = (_Only(dimension, values),) if values else ()
            yield from self._by_values(piece, (*only, *mine), rest, why)
            return
        step = min(-(-len(values) // 2), _MOST_VALUES)
        for first in range(0, len(values), step):
            part = values[first : first + step]
            try:
                yield self._page(piece, (*only, _Only(dimension, part)))
            except _TooMuch as too:
                yield from self._parts(piece, only, (dimension, part), rest, str(too))

    def _values(
        self, piece: Interval, only: tuple[_Only, ...], dimension: str
    ) -> tuple[str | None, ...]:
        """Return the dimension's values in the piece, sorted, None first.

        Returns none where it can't be split by them: too many, or not all texts.
        """
        body = replace(self._source.question, group_by=(dimension,)).body(piece)
        del body["granularity"]  # one bucket for all of it
        found, waiting = set[str | None](), [self._source.question.metrics]
        while waiting:
            metrics = waiting.pop()
            try:
                asked = _restricted({**body, "metrics": [*metrics]}, only)
                records = self._ask(asked, patient=False).records
            except _TooMuch:
                if len(metrics) == 1:
                    return ()
                middle = len(metrics) // 2
                waiting += [metrics[:middle], metrics[middle:]]
                continue
            values = [_group_of(record).get(dimension) or None for record in records]
            if not all(map(_is_text, values)):
                return ()
            found |= {*values}
        return tuple(sorted(found, key=lambda value: value or ""))

    def _page(
        self, piece: Interval, only: tuple[_Only, ...] = (), *, patient: bool = False
    ) -> Page:
        """Ask for a piece; raises _TooMuch unless `patient`, which is for what can't be split."""
        body = _restricted(self._source.question.body(piece), only)
        try:
            page = self._ask(body, patient=patient)
        except _TooMuch as why:
            if patient:
                raise _stuck(piece, why) from why
            raise
        # A filter on a dimension with several values finds groups of others as well, in part.
        kept = [one for one in page.records if _is_in(one, only)] if only else page.records
        return replace(page, records=kept)

    def _ask(self, body: Json, *, patient: bool) -> Page:
        """Make a request; raises _TooMuch, and what the client raises."""
        path, read = self._source.endpoint.path, wire.results(RESULTS).read
        deadline_s = None if patient else _PATIENCE_S
        call = Call(method="POST", path=path, body=body, deadline_s=deadline_s)
        try:
            return self._source.client.request(call, read).page
        except RequestRefused as refused:
            if refused.http_status == 413 or (
                refused.http_status == 400 and _TOO_MUCH.search(refused.message)
            ):
                raise _TooMuch(refused.message) from refused
            raise
        except GenesysUnavailable as problem:
            if isinstance(problem.__cause__, TooLarge):
                raise _TooMuch(problem.message) from problem
            if patient:
                raise
            if _SLOW.search(problem.message):
                raise _TooMuch(problem.message) from problem
        return self._ask(body, patient=True)  # the size of the answer was not the reason


def _restricted(body: Json, only: Sequence[_Only]) -> Json:
    if not only:
        return body
    return {**body, "filter": {"type": "and", "clauses": [one.clause() for one in only]}}


def _group_of(record: bytes | memoryview) -> Mapping[str, Any]:
    """Return the group of a result; of one that can't be read, nothing: it is rejected later."""
    try:
        return msgspec.json.decode(record, type=_Group).group
    except UNREADABLE:
        return {}


def _is_in(record: bytes | memoryview, only: Sequence[_Only]) -> bool:
    """Whether the group has the values asked for, or one that can't be asked for: not a text."""
    group = _group_of(record)
    values = ((one, group.get(one.dimension) or None) for one in only)
    return all(not _is_text(value) or value in one.values for one, value in values)


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _end(interval: Interval, start: datetime, most: timedelta | None) -> datetime:
    return interval.end if most is None else min(interval.end, start + most)


def _half(piece: Interval, bucket: timedelta | None) -> timedelta | None:
    """Return half a piece's length in whole buckets; None if it has only one."""
    if bucket is None:
        return None
    buckets = -(-(piece.end - piece.start) // bucket)
    return buckets // 2 * bucket or None


def _stuck(piece: Interval, why: _TooMuch) -> ExportError:
    return GenesysUnavailable(
        f"the statistics of {piece} can't be read completely, not even value by value: {why}",
        advice='Set a finer granularity, fewer group_by or engine = "jobs" in [aggregates].',
    )
