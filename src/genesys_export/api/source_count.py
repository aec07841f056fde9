"""The source's own counts of a day: asked for, never judged.

Two readings. `totalHits` of the dataset's query, asked with the job's filters: the records that
began on the UTC days of the interval and are seen in it. It is approximate. And a metric of the
aggregates by a dimension, which is for people to look at: a row falls where its metric was
emitted, not where its record began, and a conversation of two media counts under both, so its sum
is no number of records. A reading that is refused is
missing, with the reason; the day that it would have proved is as good as before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from ..datasets import CountEndpoint, QueryEndpoint
from ..days import Interval
from ..errors import GenesysUnavailable, NotPermitted, SignInRefused
from ..source_count import Counted
from . import wire
from .client import Call, Client
from .clock import Clock, trial_minute
from .filters import Filters
from .query import query_body
from .splitting import Garbled

PATIENCE_S = 20.0  # a count must not hold up a day that is exported already
Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True, kw_only=True)
class GenesysCounter:
    """Genesys, asked to count: a SourceCounter."""

    query: QueryEndpoint
    counts: CountEndpoint | None
    client: Client
    clock: Clock
    filters: Filters = field(default_factory=Filters)

    def count(self, interval: Interval) -> Counted:
        """Ask for both counts; raises only what interrupts the clock."""
        asked = self.clock.now()
        body = query_body(self.query, interval, self.filters, 1)
        hits, no_hits = self._reading(self.query, body, hits_of(self.query.records_key))
        media, no_media = None, ""
        if self.counts and self.filters.is_empty:  # which theirs can't all express
            read = wire.counted(self.counts.metric, self.counts.by)
            media, no_media = self._reading(self.counts, _counting(self.counts, interval), read)
        missing = tuple(why for why in (no_hits, no_media) if why)
        return Counted(asked=asked, hits=hits, by_media=media, missing=missing)

    def try_out(self) -> str:
        """Ask for the count that no export depends on; raises what the client raises."""
        if self.counts is None:
            return "there is nothing to count"
        body = _counting(self.counts, trial_minute(self.clock))
        self.client.request(Call(method="POST", path=self.counts.path, body=body), bytes)
        return "conversations can be counted"

    def _reading(
        self,
        endpoint: QueryEndpoint | CountEndpoint,
        body: Mapping[str, object],
        parse: Callable[[bytes], Parsed],
    ) -> tuple[Parsed | None, str]:
        """Return what was counted, or None and why not."""
        call = Call(method="POST", path=endpoint.path, body=body, deadline_s=PATIENCE_S)
        try:
            return self.client.request(call, parse), ""
        except (SignInRefused, GenesysUnavailable) as problem:
            return None, problem.message
        except NotPermitted as refused:
            needed = " or ".join(refused.permissions) or endpoint.permission
            return None, f"POST {endpoint.path} is not permitted: {needed} is missing"


def hits_of(key: str) -> Callable[[bytes], int]:
    """Return what reads how many records a query finds in all.

    An answer with records that does not say how many is Garbled; an empty one says 0.
    """

    def read(body: bytes) -> int:
        found = wire.hits(key).read(body)
        hits = found.told.get("totalHits")
        if hits is None and found.page.records:
            raise Garbled("the answer does not give the number of hits")
        return int(hits or 0)

    return read


def _counting(counts: CountEndpoint, interval: Interval) -> Mapping[str, object]:
    return {"interval": str(interval), "metrics": [counts.metric], "groupBy": [counts.by]}
