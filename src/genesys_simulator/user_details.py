"""The users' details: presence and routing status of every user, as jobs and queries show them.

Knows how they are stored: by UTC day, a row under the day it began on and again under the day it
ended on, so that a user comes once for each of these days; what falls on one page is put together
there, and the page holds fewer users. Rows are never clipped. Some can come late.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar
from zlib import crc32

from .dimensions import Level
from .filters import Group
from .templates import Json, dumped
from .timeline import Status, Timeline, statuses
from .times import DAY_MS, Span, text
from .world import Holdings

_ONE_IN = 10  # rows come late, each in two ways


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsAsk:
    """What is asked for."""

    interval: Span
    known_ms: int  # what began at or after this instant is not known yet
    late_ms: int = 0  # how long after it began, or ended, one row in ten is told
    groups: tuple[tuple[Level, Group], ...] = ()
    order: str = "asc"
    limit: int | None = None

    def passes(self, level: Level, thing: Json) -> bool:
        """Tell whether all filters of the level hold."""
        return all(group.holds(level, thing) for one, group in self.groups if one is level)


@dataclass(frozen=True, slots=True)
class Details:
    """The stored records that were found, in order of day and user."""

    key: ClassVar[str] = "userDetails"
    records: Sequence[Timeline]

    def __len__(self) -> int:
        return len(self.records)

    def page(self, start: int, stop: int, *, attributes: bool) -> list[bytes]:
        """Write the users from start to stop; one that comes twice there is written once."""
        del attributes  # there are none
        users: dict[str, Timeline] = {}
        for record in self.records[start:stop]:
            users[record.user_id] = _together(users.get(record.user_id), record)
        return [dumped(_written(user)) for user in users.values()]


def found(holdings: Holdings, ask: DetailsAsk) -> Details:
    """Find what is asked for."""
    stored: dict[tuple[int, str], Timeline] = {}
    for line in statuses(holdings, ask.interval, known_ms=ask.known_ms):
        if ask.passes(Level.USER, {"userId": line.user_id}):
            for day, record in _stored(_told(line, ask)):
                stored[day, line.user_id] = record
    records = [stored[key] for key in sorted(stored, reverse=ask.order == "desc")]
    return Details(tuple(records[: ask.limit]))


def _told(line: Timeline, ask: DetailsAsk) -> Timeline:
    """Leave out what a filter does not let pass, and what comes later."""
    presence = tuple(
        row
        for row in _late(line.user_id, line.presence, ask)
        if ask.passes(Level.PRESENCE, _presence(row))
    )
    routing = tuple(
        row
        for row in _late(line.user_id, line.routing, ask)
        if ask.passes(Level.ROUTING, _routing(row))
    )
    return Timeline(line.user_id, presence, routing)


def _late(user: str, rows: Iterable[Status], ask: DetailsAsk) -> Iterator[Status]:
    for row in rows:
        chance = crc32(f"{user} {row.start_ms} {row.value}".encode()) % _ONE_IN
        if chance == 0 and ask.known_ms < row.start_ms + ask.late_ms:
            continue
        is_open = row.end_ms is None or (chance == 1 and ask.known_ms < row.end_ms + ask.late_ms)
        yield replace(row, end_ms=None) if is_open else row


def _stored(line: Timeline) -> Iterator[tuple[int, Timeline]]:
    """Yield a user's record of each UTC day on which a row began or ended."""
    days: dict[int, tuple[list[Status], list[Status]]] = {}
    for kind, rows in enumerate((line.presence, line.routing)):
        for row in rows:
            ends = row.start_ms if row.end_ms is None else row.end_ms
            for day in {row.start_ms // DAY_MS, ends // DAY_MS}:
                days.setdefault(day, ([], []))[kind].append(row)
    for day, (presence, routing) in days.items():
        yield day, Timeline(line.user_id, tuple(presence), tuple(routing))


def _together(one: Timeline | None, other: Timeline) -> Timeline:
    if one is None:
        return other
    return Timeline(
        one.user_id,
        tuple(dict.fromkeys((*one.presence, *other.presence))),
        tuple(dict.fromkeys((*one.routing, *other.routing))),
    )


def _written(line: Timeline) -> Json:
    user: Json = {"userId": line.user_id}
    if line.presence:
        user["primaryPresence"] = [_presence(row) for row in line.presence]
    if line.routing:
        user["routingStatus"] = [_routing(row) for row in line.routing]
    return user


def _presence(row: Status) -> Json:
    ident = row.organization_presence_id
    return {**_times(row), "systemPresence": row.value, "organizationPresenceId": ident}


def _routing(row: Status) -> Json:
    return {**_times(row), "routingStatus": row.value}


def _times(row: Status) -> Json:
    ended = {} if row.end_ms is None else {"endTime": text(row.end_ms)}
    return {"startTime": text(row.start_ms), **ended}
