"""Which conversations a job or a query is about, in which order.

Knows the rule of intervals that both share: a conversation is found if it had activity in the
interval; the query, and the job that asks for it, look no further back than 00:00 UTC of the
interval's first day. Conversations without a readable start are in every answer.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from .dimensions import objects
from .filters import Filters
from .given import parsed
from .positions import Chain
from .templates import Json
from .times import Span, read
from .world import Holdings


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked for."""

    interval: Span
    first_ms: int  # what began before this instant is not looked at
    known_ms: int  # what began at or after this instant is not known yet
    filters: Filters
    order: str = "asc"
    order_by: str = "conversationStart"
    limit: int | None = None


class Found(Protocol):
    """What a job has found, to be written page by page under its key."""

    @property
    def key(self) -> str:
        """Return the name of the list in an answer."""
        ...

    def __len__(self) -> int: ...

    def page(self, start: int, stop: int, *, attributes: bool) -> list[bytes]:
        """Write what stands from start to stop, fewer at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Selection:
    """The conversations found; written only when a page of them is asked for."""

    key: ClassVar[str] = "conversations"
    holdings: Holdings
    found: Chain
    backwards: bool
    limit: int | None

    def __len__(self) -> int:
        return min(len(self.found), self.limit if self.limit is not None else len(self.found))

    def page(self, start: int, stop: int, *, attributes: bool) -> list[bytes]:
        """Write the conversations from start to stop, fewer at the end."""
        stop = min(stop, len(self))
        if not self.backwards:
            return self.holdings.render(self.found.cut(start, stop), attributes=attributes)
        every = len(self.found)
        cut = self.found.cut(every - stop, every - start) if start < stop else []
        return self.holdings.render(cut[::-1], attributes=attributes)


def select(holdings: Holdings, ask: Ask) -> Selection:
    """Find what is asked for."""
    interval = ask.interval
    begun = Span(ask.first_ms, max(ask.first_ms, min(interval.end_ms, ask.known_ms)))
    found = holdings.positions(begun, interval.start_ms)
    if not ask.filters.is_empty:
        found = Chain([array("Q", filter(_judge(holdings, ask.filters), found))])
    if ask.order_by != "conversationStart":
        found = Chain([_sorted(holdings, found, ask.order_by)])
    return Selection(holdings, found, ask.order == "desc", ask.limit)


def look(holdings: Holdings, position: int) -> Json:
    """Parse one conversation."""
    return parsed(holdings.render([position], attributes=True)[0])


def _judge(holdings: Holdings, filters: Filters) -> Callable[[int], bool]:
    """Return the test whether a conversation passes; one for all of a kind if possible."""
    verdicts: dict[int, bool] = {}

    def passes(position: int) -> bool:
        kind = holdings.kind(position) if filters.same_for_a_kind else None
        if kind is None:
            return filters.match(look(holdings, position))
        if kind not in verdicts:
            verdicts[kind] = filters.match(look(holdings, position))
        return verdicts[kind]

    return passes


def _sorted(holdings: Holdings, found: Iterable[int], order_by: str) -> array[int]:
    def key(position: int) -> int:
        return moment(look(holdings, position), order_by)

    return array("Q", sorted(found, key=key))


def moment(record: Json, order_by: str) -> int:
    """Return the instant by which a record is sorted; what has none comes last."""
    if order_by == "conversationEnd":
        times = [read(record.get("conversationEnd"))]
    else:
        times = [
            read(segment.get(order_by))
            for participant in objects(record.get("participants"))
            for session in objects(participant.get("sessions"))
            for segment in objects(session.get("segments"))
        ]
    return min((time for time in times if time is not None), default=1 << 62)
