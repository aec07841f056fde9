"""A conversation that can be written a million times, each time with other ids and another start.

Knows how to turn a drafted record, with marks where times and ids go, into one bytes pattern and
the list of what fills it. A copy is then one `%` on bytes: no JSON is made per conversation.
The trick that makes it cheap: copies begin whole minutes apart, so only the minute of each time
changes, and a conversation has few of them. Agents, customers and queues are gaps as well: they
differ from copy to copy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import shake_128
from operator import itemgetter
from random import Random
from typing import Any

from .times import MINUTE_MS

Json = dict[str, Any]

# Marks stand in a private-use character, which no story's text holds.
MARK = "\ue000"
_MARKED = re.compile(f"{MARK}([TIAV])(-?[0-9]+){MARK}".encode())
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_mark(offset_ms: int) -> str:
    """Mark a time, given in ms after the whole minute in which the conversation begins."""
    return f"{MARK}T{offset_ms}{MARK}"


def id_mark(number: int) -> str:
    """Mark the conversation's id of that number; equal numbers become equal ids."""
    return f"{MARK}I{number}{MARK}"


def agent_mark(seat: int) -> str:
    """Mark the user id of the agent in that seat of the conversation."""
    return f"{MARK}A{seat}{MARK}"


def value_mark(number: int) -> str:
    """Mark a value that differs in each copy: one of `customers`, then of `queues`."""
    return f"{MARK}V{number}{MARK}"


@dataclass(frozen=True, slots=True)
class Seat:
    """A place for an agent in a conversation: which crew fills it, and how long it takes."""

    crew: int
    start_ms: int  # after the whole minute in which the conversation begins
    end_ms: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """Bytes with gaps, and which value goes into which gap."""

    form: bytes
    minutes: tuple[int, ...]  # the distinct minutes, counted from the start's
    ids: int
    fill: Callable[[Sequence[bytes]], tuple[bytes, ...]]

    def copy(self, minute: int, identity: int, values: Sequence[bytes]) -> bytes:
        """Write the conversation that begins in that minute (since 1970) with that identity.

        `values` are the user ids of its seats, then what `value_mark` stands for.
        """
        shared = b"%012x" % identity
        digits = shake_128(shared).hexdigest(4 * self.ids).encode()
        gaps = [minute_text(minute + offset) for offset in self.minutes]
        gaps += [digits[at : at + 8] for at in range(0, len(digits), 8)]
        gaps.append(shared)
        gaps += values
        return self.form % self.fill(gaps)


@dataclass(frozen=True, slots=True)
class Template:
    """A conversation to be copied: with participant attributes and without."""

    start_ms: int  # after the whole minute
    life_ms: int | None  # from start to end; None while it is open
    seats: tuple[Seat, ...]
    full: Pattern
    bare: Pattern


def compiled(
    record: Json, *, start_ms: int, life_ms: int | None, seats: Sequence[Seat], rng: Random
) -> Template:
    """Turn a drafted record into a template; the rng gives the ids their fixed digits."""
    digits: dict[int, str] = {}
    full = _pattern(record, digits, len(seats), rng)
    bare = _pattern(without_attributes(record), digits, len(seats), rng)
    return Template(start_ms, life_ms, tuple(seats), full, bare)


def without_attributes(record: Json) -> Json:
    """Return the record as the synchronous query shows it."""
    participants = record.get("participants")
    if not isinstance(participants, list):
        return record
    bare = [
        {key: value for key, value in one.items() if key != "attributes"}
        if isinstance(one, dict)
        else one
        for one in participants
    ]
    return {**record, "participants": bare}


def dumped(record: Mapping[str, Any]) -> bytes:
    """Write JSON as compactly as the API does, in UTF-8; escaped if it is not valid text."""
    try:
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # a lone surrogate of a record that was given
        return json.dumps(record, separators=(",", ":")).encode()


def _pattern(record: Json, middles: dict[int, str], seats: int, rng: Random) -> Pattern:
    """Split the record's JSON at the marks."""
    pieces = _MARKED.split(dumped(record))
    marks = list(zip(pieces[1::3], map(int, pieces[2::3]), strict=True))
    minutes = sorted({offset // MINUTE_MS for kind, offset in marks if kind == b"T"})
    ids = 1 + max((number for kind, number in marks if kind == b"I"), default=0)
    for number in range(ids):
        middles.setdefault(number, _middle(rng))
    form, filling = [_literal(pieces[0])], list[int]()
    for (kind, number), after in zip(marks, pieces[3::3], strict=True):
        if kind == b"T":
            form.append(b"%%b:%06.3fZ" % (number % MINUTE_MS / 1_000))
            filling.append(minutes.index(number // MINUTE_MS))
        elif kind == b"I":
            form.append(f"%b-{middles[number]}-%b".encode())
            filling += [len(minutes) + number, len(minutes) + ids]
        else:
            form.append(b"%b")
            first = len(minutes) + ids + 1
            filling.append(first + number + (seats if kind == b"V" else 0))
        form.append(_literal(after))
    return Pattern(b"".join(form), tuple(minutes), ids, itemgetter(*filling))


def _literal(piece: bytes) -> bytes:
    return piece.replace(b"%", b"%%")


def _middle(rng: Random) -> str:
    """Return the inner digits of a version-4 UUID."""
    digits = f"{rng.getrandbits(32):08x}"
    return f"{digits[:4]}-4{digits[4:7]}-{rng.choice('89ab')}{rng.getrandbits(12):03x}"


@lru_cache(maxsize=65_536)
def minute_text(minute: int) -> bytes:
    """Write a minute since 1970: `2026-11-22T08:00`."""
    return f"{_EPOCH + timedelta(minutes=minute):%Y-%m-%dT%H:%M}".encode()
