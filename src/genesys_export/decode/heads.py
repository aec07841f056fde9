"""The head of a record: its conversation's id and start.

Beside them the attributes are found, which Arrow can't read; everything else is skipped by the
parser. Knows no Arrow, no tables and no other record.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from ..days import parse_instant
from ..odd_input import UNREADABLE
from .written import is_unicode, parse


class Participant(msgspec.Struct, rename="camel", gc=False):
    """What is read of a participant."""

    participant_id: str | None = None
    attributes: msgspec.Raw = msgspec.Raw(b"")


class Head(msgspec.Struct, rename="camel", gc=False):
    """What is read of a conversation, and checked: that all of it is JSON."""

    conversation_id: str
    conversation_start: str
    conversation_end: str | None = None
    participants: list[Participant | None] | None = None

    @property
    def is_ended(self) -> bool | None:
        """Whether it has an end; None if only the exact path can tell."""
        if self.conversation_end is None:
            return False
        try:
            parse_instant(self.conversation_end)
        except ValueError:
            return None
        return True


# It stands in every row of the conversation: a megabyte of it would be gigabytes.
_LONGEST_ID = 1_000
_HEAD = msgspec.json.Decoder(Head)


def head_of(record: bytes) -> tuple[Head | None, str, datetime]:
    """Return a record's head, id and start; no head where only the exact path can read it.

    ValueError says what is wrong with a record that has no readable id or start.
    """
    try:
        head: Head | None = _HEAD.decode(record)
    except UNREADABLE:
        head = None
    identity = (head.conversation_id, head.conversation_start) if head else _look(record)
    start = _start(identity[1])
    if not identity[0]:
        raise ValueError("conversationId is empty")
    if len(identity[0]) > _LONGEST_ID:
        raise ValueError("conversationId is too long")
    return head, identity[0], start


def _look(record: bytes) -> tuple[str, str]:
    """Read id and start of a record that the quick way can't.

    Invalid UTF-8 is let through here: which day the record belongs to can be told without.
    """
    try:
        found = parse(record.decode("utf-8", "surrogateescape"))
    except ValueError:
        raise ValueError("the record can't be parsed as JSON") from None
    except RecursionError:
        raise ValueError("the record is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("the record is not a JSON object")
    for name in ("conversationId", "conversationStart"):
        if not isinstance(found.get(name), str):
            raise ValueError(f"{name} is missing or not a text")
    if not is_unicode(found["conversationId"]):
        raise ValueError("conversationId is not valid text")
    return found["conversationId"], found["conversationStart"]


def _start(text: str) -> datetime:
    try:
        return parse_instant(text)
    except ValueError:
        raise ValueError("conversationStart is not a readable instant") from None
