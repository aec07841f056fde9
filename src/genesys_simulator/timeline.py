"""The agents' timeline: presence and routing status of every user, around their sessions.

An agent is INTERACTING exactly while a session with a queue keeps it, COMMUNICATING in a call
without one, NOT_RESPONDING after a missed alert, else IDLE while On Queue and OFF_QUEUE at any
other time. Presence is made around that: shifts, breaks and meals in the gaps between contacts.
A pure function of the world and the time asked for: whatever the span, a row is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import merge
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import TypeVar
from zlib import crc32

from . import presences
from .org import Org
from .presences import Presence
from .times import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Span
from .work import Kind, Stretch, work
from .world import Holdings

_QUEUE, _PAUSE = len(Kind), len(Kind) + 1  # counted like kinds of work
Value = TypeVar("Value")

_TOGETHER_MS = 4 * HOUR_MS  # work that lies less apart is one shift's
_LEADS_HOURS = Span(8 * HOUR_MS, 17 * HOUR_MS)
_FOUNDED_MS = 1_714_979_289_000  # 2024-05-06: since then those on leave are offline
_SHORTEST_MS = 2 * MINUTE_MS  # of a break
# When after the shift's start somebody pauses, for how long, and as what.
_PAUSES: tuple[tuple[int, int, tuple[Presence, ...]], ...] = (
    (80 * MINUTE_MS, 15 * MINUTE_MS, (presences.BREAK,)),
    (170 * MINUTE_MS, 30 * MINUTE_MS, (presences.MEAL,)),
    (
        260 * MINUTE_MS,
        20 * MINUTE_MS,
        (presences.MEETING, presences.TRAINING, presences.BREAK, presences.BACK_OFFICE),
    ),
)


@dataclass(frozen=True, slots=True)
class Status:
    """One row: what a user was from when to when; `end_ms` None while it is."""

    start_ms: int
    end_ms: int | None
    value: str  # a system presence, or a routing status
    organization_presence_id: str | None = None  # of a presence


@dataclass(frozen=True, slots=True)
class Timeline:
    """A user's rows of both kinds; in each kind every row begins where the one before ended."""

    user_id: str
    presence: tuple[Status, ...]
    routing: tuple[Status, ...]


def statuses(
    holdings: Holdings, span: Span, *, known_ms: int, user_id: str | None = None
) -> Iterator[Timeline]:
    """Yield the rows that touch the span, unclipped, of every user or of one; in order of user.

    What begins at or after `known_ms` is not known yet, and what ends there or later is still
    open (`end_ms` None). A user without such a row is left out: who never signed in, or has left.
    Rows of a kind are consecutive: the first may begin long before the span, the last end after.
    """
    days = range(span.start_ms // DAY_MS - 1, (span.end_ms - 1) // DAY_MS + 2)
    everybody = _everybody(holdings, days)
    for user in sorted(everybody) if user_id is None else {user_id} & everybody.keys():
        found = everybody[user]
        line = Timeline(
            user,
            tuple(
                Status(start, end, one.system, one.ident)
                for start, end, one in _closed(found.presence, span, known_ms)
            ),
            tuple(Status(*row) for row in _closed(found.routing, span, known_ms)),
        )
        if line.presence:  # routing statuses lie within presences
            yield line


@dataclass(slots=True)
class _Rows:
    """Since when a user is what, in order of time."""

    presence: list[tuple[int, Presence]] = field(default_factory=list)
    routing: list[tuple[int, str]] = field(default_factory=list)


def _closed(
    changes: Sequence[tuple[int, Value]], span: Span, known_ms: int
) -> Iterator[tuple[int, int | None, Value]]:
    """Yield what touches the span and has begun, each until the next one begins."""
    ends = [start for start, _ in changes[1:]]
    for (start, value), end in zip_longest(changes, ends):
        is_open = end is None or end >= known_ms
        if start == end:  # something else begins at once
            continue
        if start < min(span.end_ms, known_ms) and (is_open or end > span.start_ms):
            yield start, None if is_open else end, value


@lru_cache(maxsize=2)
def _everybody(holdings: Holdings, days: range) -> Mapping[str, _Rows]:
    """Return since when each user is what, for shifts that begin on these UTC days."""
    org, hours = holdings.org, holdings.shifts()
    done = work(holdings, days if hours else None)
    planned = _planned({**(hours or {}), **dict.fromkeys(org.leads, _LEADS_HOURS)}, days)
    lasting = _on_leave(org)
    rows = {
        user: _rows(user, planned.get(user, []), done.get(user, ()), is_lead=user in org.leads)
        for user in {*done, *planned} - lasting
    }
    on_leave = _Rows([(_FOUNDED_MS, presences.OFFLINE)], [(_FOUNDED_MS, "OFF_QUEUE")])
    return {**rows, **dict.fromkeys(lasting, on_leave)}


def _planned(hours: Mapping[str, Span], days: range) -> dict[str, list[Span]]:
    """Return the shifts planned on these UTC days."""
    return {
        user: [Span(day * DAY_MS + at.start_ms, day * DAY_MS + at.end_ms) for day in days]
        for user, at in hours.items()
    }


def _on_leave(org: Org) -> frozenset[str]:
    """Return the inactive users of a made-up organisation."""
    if not org.leads:
        return frozenset()
    return frozenset(user["id"] for user in org.users if user["state"] == "inactive")


def _rows(user: str, planned: Sequence[Span], done: Sequence[Stretch], *, is_lead: bool) -> _Rows:
    rows = _Rows()
    done = () if is_lead else done
    for duty in _duties(planned, [Span(start, end) for start, end, _ in done]):
        mine = [one for one in done if duty.start_ms <= one[0] < duty.end_ms]
        chance = crc32(f"{user} {duty.start_ms}".encode())
        _work_day(rows, duty, mine, chance, is_agent=not is_lead)
    return rows


def _duties(planned: Sequence[Span], done: Sequence[Span]) -> list[Span]:
    """Join shifts and work that lie together."""
    joined: list[Span] = []
    for span in merge(planned, done, key=lambda one: one.start_ms):
        if joined and span.start_ms - joined[-1].end_ms < _TOGETHER_MS:
            joined[-1] = Span(joined[-1].start_ms, max(joined[-1].end_ms, span.end_ms))
        else:
            joined.append(span)
    return joined


def _work_day(
    rows: _Rows, duty: Span, done: Sequence[Stretch], chance: int, *, is_agent: bool
) -> None:
    """Add what a user is from signing in to the next time."""
    signs_in = duty.start_ms - 5 * MINUTE_MS - chance % (8 * MINUTE_MS)
    begins = duty.start_ms - 5 * SECOND_MS - chance % (90 * SECOND_MS)
    ends = duty.end_ms + 5 * SECOND_MS + chance % (50 * SECOND_MS)
    signs_off = ends + 10 * SECOND_MS + chance % (4 * MINUTE_MS)
    usual = presences.ON_QUEUE if is_agent else presences.AVAILABLE
    rows.presence.append((signs_in, presences.AVAILABLE))
    if is_agent:
        rows.presence.append((begins, usual))
    pauses = list(_pauses(duty, done, chance))
    for start, end, what in pauses:
        rows.presence += [(start, what), (end, usual)]
    if is_agent:
        rows.presence.append((ends, presences.AVAILABLE))
    rows.presence.append((signs_off, presences.OFFLINE))
    rows.routing.append((signs_in, "OFF_QUEUE"))
    if is_agent:
        _on_queue(rows, Span(begins, ends), done, pauses)


def _pauses(
    duty: Span, done: Sequence[Stretch], chance: int
) -> Iterator[tuple[int, int, Presence]]:
    """Yield breaks, each in the first gap after its time that is long enough."""
    gaps = list(_gaps(duty, done))
    free_ms = 0
    for number, (after, length, kinds) in enumerate(_PAUSES):
        wanted = max(duty.start_ms + after + (chance >> number) % (20 * MINUTE_MS), free_ms)
        for gap in gaps:
            start = max(gap.start_ms, wanted)
            end = min(gap.end_ms, start + length + (chance >> 8 + number) % MINUTE_MS)
            if end - start >= _SHORTEST_MS:
                free_ms = end + MINUTE_MS
                what = kinds[chance % len(kinds)]
                if what is presences.MEAL and end - start > 2 * _SHORTEST_MS:
                    yield start, start + MINUTE_MS, presences.PRE_BREAK
                    start += MINUTE_MS
                yield start, end, what
                break


def _gaps(duty: Span, done: Sequence[Stretch]) -> Iterator[Span]:
    """Yield when nothing keeps an agent, with a second's breath on both sides."""
    since = duty.start_ms
    for start, end, _ in done:
        if start - since > 2 * SECOND_MS:
            yield Span(since + SECOND_MS, start - SECOND_MS)
        since = max(since, end)
    if duty.end_ms > since:
        yield Span(since + SECOND_MS, duty.end_ms)


def _on_queue(
    rows: _Rows, span: Span, done: Sequence[Stretch], pauses: Sequence[tuple[int, int, Presence]]
) -> None:
    """Add the routing statuses from going on queue to leaving it."""
    changes = [(span.start_ms, 1, _QUEUE), (span.end_ms, -1, _QUEUE)]
    for start, end, _ in pauses:
        changes += [(start, 1, _PAUSE), (end, -1, _PAUSE)]
    for start, end, kind in done:
        changes += [(start, 1, kind), (end, -1, kind)]
    counts = [0] * (_PAUSE + 1)
    for at, together in groupby(sorted(changes), key=itemgetter(0)):
        for _, by, what in together:
            counts[what] += by
        value = _shown(counts)
        if rows.routing[-1][1] != value:
            rows.routing.append((at, value))


def _shown(counts: Sequence[int]) -> str:
    """Return the routing status while so many stretches of each kind last."""
    if not counts[_QUEUE]:
        return "OFF_QUEUE"
    for kind in (Kind.INTERACTING, Kind.COMMUNICATING):
        if counts[kind]:
            return kind.name
    if counts[_PAUSE]:
        return "OFF_QUEUE"
    return Kind.NOT_RESPONDING.name if counts[Kind.NOT_RESPONDING] else "IDLE"
