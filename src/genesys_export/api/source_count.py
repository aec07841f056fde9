"""The source's own counts of a day: asked for, never judged.

Two readings. `totalHits` of the details query, asked with the job's filters: the conversations
that began on the UTC days of the interval and are seen in it. It is approximate. And
`nConversations` of the conversation aggregates by mediaType, which is for people to look at: a row
falls where its metric was emitted, not where its conversation began, and a conversation of two
media counts under both, so its sum is no number of conversations. A reading that is refused is
missing, with the reason; the day that it would have proved is as good as before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ..days import Interval
from ..errors import GenesysUnavailable, NotPermitted, SignInRefused
from ..source_count import Counted
from . import wire
from .client import Call, Client
from .clock import Clock
from .filters import Filters
from .query import QUERY

AGGREGATES = "/api/v2/analytics/conversations/aggregates/query"
PATIENCE_S = 20.0  # a count must not hold up a day that is exported already
# As documented (read 2026-11), for answers that name none.
_PERMISSIONS = {
    QUERY: "analytics:conversationDetail:view",
    AGGREGATES: "analytics:conversationAggregate:view",
}

Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True, kw_only=True)
class GenesysCounter:
    """Genesys, asked to count: a SourceCounter."""

    client: Client
    clock: Clock
    filters: Filters = field(default_factory=Filters)

    def count(self, interval: Interval) -> Counted:
        """Ask for both counts; raises only what interrupts the clock."""
        asked = self.clock.now()
        hits, no_hits = self._reading(QUERY, self._query(interval), wire.read_hits)
        media, no_media = None, ""
        if self.filters.is_empty:
            media, no_media = self._reading(AGGREGATES, _by_media(interval), wire.read_by_media)
        missing = tuple(why for why in (no_hits, no_media) if why)
        return Counted(asked=asked, hits=hits, by_media=media, missing=missing)

    def _query(self, interval: Interval) -> dict[str, object]:
        return {
            "interval": str(interval),
            "order": "asc",
            "orderBy": "conversationStart",
            **self.filters.as_body(),
            "paging": {"pageSize": 1, "pageNumber": 1},
        }

    def _reading(
        self, path: str, body: dict[str, object], parse: Callable[[bytes], Parsed]
    ) -> tuple[Parsed | None, str]:
        """Return what was counted, or None and why not."""
        call = Call(method="POST", path=path, body=body, deadline_s=PATIENCE_S)
        try:
            return self.client.request(call, parse), ""
        except (SignInRefused, GenesysUnavailable) as problem:
            return None, problem.message
        except NotPermitted as refused:
            needed = " or ".join(refused.permissions) or _PERMISSIONS[path]
            return None, f"POST {path} is not permitted: {needed} is missing"


def _by_media(interval: Interval) -> dict[str, object]:
    """Return the aggregates' body; only without filters, which theirs can't all express."""
    return {
        "interval": str(interval),
        "metrics": ["nConversations"],
        "groupBy": ["mediaType"],
    }
