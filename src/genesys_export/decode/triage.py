"""Which records of a page are ours: of this slice, readable, not met before.

Reads of each record only what the question needs (id, start, the attributes, which Arrow can't
read); everything else is skipped by the parser. Knows no Arrow and no tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from hashlib import blake2b

import msgspec

from ..days import Interval, parse_instant
from .written import is_unicode, parse


class Participant(msgspec.Struct, rename="camel", gc=False):
    """What the triage reads of a participant."""

    participant_id: str | None = None
    attributes: msgspec.Raw = msgspec.Raw(b"")


class Head(msgspec.Struct, rename="camel", gc=False):
    """What the triage reads of a conversation."""

    conversation_id: str
    conversation_start: str
    participants: list[Participant | None] | None = None


class Verdict(Enum):
    """What becomes of a record."""

    OURS = auto()
    OTHER_DAY = auto()
    DUPLICATE = auto()
    DIFFERING_DUPLICATE = auto()
    UNREADABLE = auto()


@dataclass(frozen=True, slots=True)
class Triaged:
    """A record and its verdict; `head` is None where only the exact path can read it."""

    record: bytes
    verdict: Verdict
    head: Head | None = None
    reason: str = ""
    digest: int = 0  # 256 bits of the record's bytes; of OURS only


_HEAD = msgspec.json.Decoder(Head)


class Ids:
    """The conversations met so far, in 24 bytes a slot: 16 of the id's hash, 8 of the record's.

    An open-addressing table in one bytearray, because a set of a few million texts would be
    hundreds of megabytes. Two ids of one 128-bit hash are not to be expected in this universe.
    """

    _SLOT = 24
    _FULL = 0.6

    def __init__(self) -> None:
        """Begin small."""
        self._capacity = 1 << 10
        self._slots = bytearray(self._capacity * self._SLOT)
        self._count = 0

    def add(self, conversation_id: bytes, digest: bytes) -> Verdict:
        """Remember the id; say whether it was met, and with the same record."""
        key = blake2b(conversation_id, digest_size=16).digest()
        at = self._find(key)
        if self._slots[at : at + 16] == key:
            same = self._slots[at + 16 : at + 24] == digest[:8]
            return Verdict.DUPLICATE if same else Verdict.DIFFERING_DUPLICATE
        self._slots[at : at + 24] = key + digest[:8]
        self._count += 1
        if self._count > self._capacity * self._FULL:
            self._grow()
        return Verdict.OURS

    def _find(self, key: bytes) -> int:
        mask = self._capacity - 1
        slot = int.from_bytes(key[:8]) & mask
        while True:
            at = slot * self._SLOT
            there = self._slots[at : at + 16]
            if there == key or not any(there):
                return at
            slot = (slot + 1) & mask

    def _grow(self) -> None:
        old = self._slots
        self._capacity *= 2
        self._slots = bytearray(self._capacity * self._SLOT)
        for at in range(0, len(old), self._SLOT):
            entry = old[at : at + self._SLOT]
            if any(entry):
                place = self._find(bytes(entry[:16]))
                self._slots[place : place + self._SLOT] = entry


@dataclass(slots=True)
class Triage:
    """The triage of one slice; keeps 40 bytes or so of every conversation met."""

    interval: Interval
    _met: Ids = field(default_factory=Ids)

    def judge(self, record: bytes) -> Triaged:
        """Decide about one record; never raises for bad input."""
        try:
            head: Head | None = _HEAD.decode(record)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            head = None
        try:
            identity = (head.conversation_id, head.conversation_start) if head else look(record)
            start = _start(identity[1])
        except ValueError as problem:
            return Triaged(record, Verdict.UNREADABLE, reason=str(problem))
        if not identity[0]:
            return Triaged(record, Verdict.UNREADABLE, reason="conversationId is empty")
        if start not in self.interval:
            return Triaged(record, Verdict.OTHER_DAY)
        digest = blake2b(record, digest_size=32).digest()
        verdict = self._met.add(identity[0].encode(), digest)
        return Triaged(record, verdict, head, digest=int.from_bytes(digest))


def look(record: bytes) -> tuple[str, str]:
    """Read id and start of a record that the quick way can't; ValueError says what is wrong.

    Invalid UTF-8 is let through here: which day the record belongs to can be told without.
    """
    try:
        found = parse(record.decode("utf-8", "surrogateescape"))
    except ValueError:
        raise ValueError("the record can't be parsed as JSON") from None
    except RecursionError:
        raise ValueError("the record is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("the record is no JSON object")
    for name in ("conversationId", "conversationStart"):
        if not isinstance(found.get(name), str):
            raise ValueError(f"{name} is missing or no text")
    if not is_unicode(found["conversationId"]):
        raise ValueError("conversationId is no valid text")
    return found["conversationId"], found["conversationStart"]


def _start(text: str) -> datetime:
    try:
        return parse_instant(text)
    except ValueError:
        raise ValueError("conversationStart is no readable instant") from None
