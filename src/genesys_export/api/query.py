"""Synchronous queries: by interval, page by page, halved if the pages end too early.

A query reaches the records that began on a UTC day its interval touches and were active in
it, so each one is found at least in the half that holds its start: the halves together miss none,
and give some twice. It has no attributes and no watermark. `totalHits` is approximate, so a page
is the last only when it is empty and all hits are behind it. Knows no HTTP, no token, no retry.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ..datasets import QueryEndpoint
from ..days import MILLISECOND, Interval
from ..errors import ExportError, GenesysUnavailable, RequestRefused, WrongSettings
from ..events import IntervalHalved, Noticed, Observe, ignore
from ..model import Page
from ..plural import plural
from . import wire
from .client import Call, Client
from .clock import Clock, trial_minute
from .filters import Filters
from .paging import Json, by_hits

DEPTH = 100_000  # pageSize times pageNumber can't be more (a live org's 400, read 2026-11)
# Of a 400: that limit's words, those about intervals too long, and the code of too large answers.
_TOO_MUCH = re.compile(r"paginat|interval|entity\.too\.large", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPolicy:
    """How queries are used; an interval with more than `most_hits` is asked for in halves."""

    page_size: int = 100
    most_hits: int = 90_000  # totalHits is approximate: some way below the depth limit
    floor: timedelta = timedelta(seconds=1)  # no half is shorter
    readings: int = 3  # of an interval whose hits grow fewer under the reader's hands

    def __post_init__(self) -> None:
        """Refuse what the API or common sense refuses."""
        if not 1 <= self.page_size <= 100:
            raise ValueError("a page of a query holds 1 to 100 records")
        if not self.page_size <= self.most_hits <= DEPTH:
            raise ValueError("the most hits are at least a page and at most 100,000")
        if self.floor < MILLISECOND or self.readings < 1:
            raise ValueError("halves are a millisecond or longer, and read at least once")


class _TooMuch(Exception):
    """The interval holds more than its pages can give; the text says how that was learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySource:
    """Records from the operational store, up to this minute: a model.Source."""

    endpoint: QueryEndpoint
    client: Client
    clock: Clock
    policy: QueryPolicy = field(default_factory=QueryPolicy)
    filters: Filters = field(default_factory=Filters)
    observe: Observe = ignore

    asks = "ask"
    is_bounded = False

    @property
    def needs(self) -> str:
        """The permission to query."""
        return self.endpoint.permission

    def watermark(self) -> None:
        """Return None: this store does not say up to when it is complete."""

    def fetch(self, interval: Interval, job_id: str | None = None) -> QueryFetch:
        """Prepare reading the records active in `interval`; asks nothing yet."""
        del job_id  # a query has none
        return QueryFetch(self, interval)

    def describe(self, interval: Interval) -> tuple[Mapping[str, Any], ...]:
        """Return the body of a query for the first page."""
        return (query_body(self.endpoint, interval, self.filters, self.policy.page_size),)

    def try_out(self) -> str:
        """Ask for a page."""
        next(self.fetch(trial_minute(self.clock)).pages(), None)
        return "a query was answered"


def query_body(endpoint: QueryEndpoint, interval: Interval, filters: Filters, size: int) -> Json:
    """Return the body that asks for the first page of so many."""
    paging = {"pageSize": size, "pageNumber": 1}
    told = {**endpoint.body, **filters.as_body()}
    return {"interval": str(interval), **told, "paging": paging}


class NoJob:
    """What a fetch has that leaves no job behind."""

    @property
    def job_ids(self) -> tuple[str, ...]:
        """Nothing."""
        return ()

    @property
    def awaits_job(self) -> bool:
        """False: there is none."""
        return False

    def prepare(self) -> None:
        """Do nothing: there is nothing to wait for."""

    def release(self) -> None:
        """Do nothing: there is nothing to release."""


class QueryFetch(NoJob):
    """One interval on its way: a model.Fetch; used by one thread at a time."""

    def __init__(self, source: QuerySource, interval: Interval) -> None:
        """Ask nothing yet."""
        self._source, self._interval = source, interval

    def pages(self) -> Iterator[Page]:
        """Yield every page; an interval with too many hits is queried again in halves.

        Raises GenesysUnavailable if the shortest interval still has too many, WrongSettings
        where Genesys does not accept the filters, and what the client raises.
        """
        waiting = [self._interval]
        while waiting:
            interval = waiting.pop()
            try:
                yield from self._steadily(interval)
            except _TooMuch as why:
                parts = halves(interval, self._source.policy.floor)
                if parts is None:
                    raise _stuck(interval, why) from why
                self._source.observe(IntervalHalved(interval=interval, reason=str(why)))
                waiting += reversed(parts)

    def _steadily(self, interval: Interval) -> Iterator[Page]:
        """Yield an interval's pages, all of them again while its hits decreased meanwhile.

        What leaves the answer moves all that follows forward, over the edge of a page: somebody
        who only reads on misses as much of it.
        """
        readings = self._source.policy.readings
        for _ in range(readings):
            hits = yield from self._read(interval)
            if hits == sorted(hits):
                return
        self._source.observe(
            Noticed(
                message=f"the hits of the query for {interval} decreased during each of "
                f"{plural(readings, 'reading')}: conversations may be missing until the next "
                "export"
            )
        )

    def _read(self, interval: Interval) -> Generator[Page, None, list[int]]:
        """Yield an interval's pages once and return the reported hits; raises _TooMuch."""
        policy, hits = self._source.policy, [0]
        asked: Json | None = dict(*self._source.describe(interval))
        while asked is not None:
            self._source.clock.sleep(0)  # where nothing else waits, an interrupt comes in here
            number = asked["paging"]["pageNumber"]
            if policy.page_size * number > DEPTH:
                raise _TooMuch(f"page {number} would be beyond {DEPTH} records")
            found = self._ask(asked)
            if told := found.told.get("totalHits"):  # nothing or 0 tells nothing new
                hits.append(told)
            if hits[-1] > policy.most_hits:
                raise _TooMuch(plural(hits[-1], "hit"))
            yield found.page
            asked = by_hits(asked, {"totalHits": hits[-1]}, len(found.page.records))
        return hits

    def _ask(self, body: Json) -> wire.Answer:
        endpoint = self._source.endpoint
        call = Call(method="POST", path=endpoint.path, body=body)
        try:
            return self._source.client.request(call, wire.hits(endpoint.records_key).read)
        except RequestRefused as refused:
            if refused.http_status == 400 and _TOO_MUCH.search(refused.message):
                raise _TooMuch(refused.message) from refused
            if refused.http_status in (400, 413) and not self._source.filters.is_empty:
                raise WrongSettings(
                    f"Genesys does not accept the query: {refused.message}",
                    advice="Check the filters.",
                ) from refused
            raise


def halves(interval: Interval, floor: timedelta) -> tuple[Interval, Interval] | None:
    """Return the two halves that tile the interval; None if one would be below the floor."""
    half = (interval.end - interval.start) // MILLISECOND // 2 * MILLISECOND
    if half < floor:
        return None
    middle = interval.start + half
    return Interval(interval.start, middle), Interval(middle, interval.end)


def _stuck(interval: Interval, why: _TooMuch) -> ExportError:
    return GenesysUnavailable(
        f"the query for {interval} can't be read completely and is too short to be halved: {why}",
        advice="Use the jobs engine, or filter more.",
    )
