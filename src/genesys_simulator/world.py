"""What there is to be served: conversations by position, and how to ask for some of them.

Knows the two ways to have conversations (generated, given) and the two ways in which a day can
change (from an instant on; some gone, changed and new). Knows nothing of HTTP.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any, Protocol
from uuid import NAMESPACE_URL, uuid5

from .generated import Generated
from .given import given, parsed, read_files
from .org import Org
from .positions import Chain
from .templates import dumped
from .times import DAY_MS, HOUR_MS, Span, read, text


class Holdings(Protocol):
    """Conversations that stay as they are; a position names one of them for good."""

    def __hash__(self) -> int: ...

    @property
    def org(self) -> Org:
        """The organisation they happen in."""
        ...

    def positions(self, begun: Span, active_ms: int) -> Chain:
        """Return those begun in the span that are still active at, or begin after, an instant.

        In order of their start; those without a readable start come last, whatever the span.
        """
        ...

    def render(self, positions: Sequence[int], *, attributes: bool) -> list[bytes]:
        """Write the conversations at these positions, as a job or as a query shows them."""
        ...

    def kind(self, position: int) -> int | None:
        """Return a number shared by all copies of a template; None if it is no copy."""
        ...

    def shifts(self) -> Mapping[str, Span] | None:
        """Return at which hours of every UTC day each agent works; None if nothing says so."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """A Genesys Cloud organisation's conversations, now and later."""

    holdings: Holdings
    next: tuple[datetime, World] | None = None

    @classmethod
    def generated(cls, *, seed: int = 1, per_day: int = 1_000) -> World:
        """Make up a world that has exactly `per_day` conversations begun on every UTC day."""
        return cls(Generated(seed, per_day))

    @classmethod
    def of(cls, records: Iterable[bytes | dict[str, Any]]) -> World:
        """Take records as they are; bytes are served untouched."""
        return cls(given(records))

    @classmethod
    def read(cls, paths: Iterable[Path | str]) -> World:
        """Take records from files: a record, a list, an answer, or JSON lines.

        Raises OSError and ValueError.
        """
        return cls(read_files(Path(path) for path in paths))

    def until(self, instant: datetime, then: World) -> World:
        """Return a world that is this one before the instant and the other one from it on."""
        return World(self.holdings, (instant, then))

    def altered(self, day: date, *, drop: int = 0, change: int = 0, add: int = 0) -> World:
        """Return this world with so many of the UTC day's conversations gone, changed and new.

        A changed one has another `externalTag`, and an end if it was open. Which ones is settled
        by the day alone. Raises ValueError when the day has not that many.
        """
        return World(_altered(self.holdings, day, (drop, change, add)))

    def at(self, now: datetime) -> Holdings:
        """Return what the world holds at that instant."""
        if self.next is None or now < self.next[0]:
            return self.holdings
        return self.next[1].at(now)


_SAME, _CHANGED, _ADDED = range(3)


@dataclass(frozen=True, slots=True)
class _Altered:
    """Holdings with some changes; positions are the old ones times four plus what happened."""

    base: Holdings
    dropped: frozenset[int]
    changed: frozenset[int]
    copied: frozenset[int]

    @property
    def org(self) -> Org:
        return self.base.org

    def positions(self, begun: Span, active_ms: int) -> Chain:
        found = array("Q")
        for position in self.base.positions(begun, active_ms):
            if position not in self.dropped:
                found.append(position * 4 + (_CHANGED if position in self.changed else _SAME))
            if position in self.copied:
                found.append(position * 4 + _ADDED)
        return Chain([found])

    def render(self, positions: Sequence[int], *, attributes: bool) -> list[bytes]:
        written = self.base.render([one // 4 for one in positions], attributes=attributes)
        return [
            record if position % 4 == _SAME else _edited(record, position % 4)
            for position, record in zip(positions, written, strict=True)
        ]

    def kind(self, position: int) -> int | None:
        return self.base.kind(position // 4) if position % 4 == _SAME else None

    def shifts(self) -> Mapping[str, Span] | None:
        return self.base.shifts()


def _altered(base: Holdings, day: date, counts: tuple[int, int, int]) -> _Altered:
    start_ms = (day - date(1970, 1, 1)).days * DAY_MS
    there = list(base.positions(Span(start_ms, start_ms + DAY_MS), start_ms))
    drop, change, add = counts
    chosen = Random(f"altered {day}").sample(there, sum(counts))
    return _Altered(
        base,
        dropped=frozenset(chosen[:drop]),
        changed=frozenset(chosen[drop : drop + change]),
        copied=frozenset(chosen[drop + change : drop + change + add]),
    )


def _edited(record: bytes, how: int) -> bytes:
    """Return the record as Genesys corrected it, or another one much like it."""
    value = parsed(record)
    if how == _ADDED:
        return dumped(json.loads(record) | {"conversationId": _another(value["conversationId"])})
    start_ms = read(value.get("conversationStart"))
    if "conversationEnd" not in value and start_ms is not None:
        value["conversationEnd"] = text(start_ms + HOUR_MS)
    return dumped(value | {"externalTag": "corrected"})


def _another(ident: str) -> str:
    return str(uuid5(NAMESPACE_URL, ident))
