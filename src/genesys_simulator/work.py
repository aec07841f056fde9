"""What the agents of a world work on, and when: read from the conversations themselves.

Knows which sessions keep an agent: with a queue, or without one. One truth for generated,
altered and given worlds: what a timeline shows can be held against the conversations served.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from functools import lru_cache

import msgspec

from .times import DAY_MS, HOUR_MS, SECOND_MS, Span, read
from .world import Holdings

_NOT_RESPONDING_MS = 45 * SECOND_MS  # until an agent who missed a contact is back
_OPEN_MS = HOUR_MS  # a session whose end nobody recorded keeps its agent no longer than that
_NO_END = 1 << 62
_EVER = Span(-_NO_END, _NO_END)
_AT_ONCE = 2_000  # conversations held in memory at a time


class Kind(IntEnum):
    """How a stretch of work shows; the lower one shows where two are at the same time."""

    INTERACTING = 0
    COMMUNICATING = 1
    NOT_RESPONDING = 2


Stretch = tuple[int, int, Kind]  # start and end in ms


class _Segment(msgspec.Struct, rename="camel"):
    segment_type: object = None
    segment_start: object = None
    segment_end: object = None
    queue_id: object = None


class _Session(msgspec.Struct, rename="camel"):
    media_type: object = None
    segments: list[_Segment] = []


class _Participant(msgspec.Struct, rename="camel"):
    user_id: object = None
    sessions: list[_Session] = []


class _Conversation(msgspec.Struct, rename="camel"):
    conversation_start: object = None
    participants: list[_Participant] = []


def work(holdings: Holdings, days: range | None) -> dict[str, list[Stretch]]:
    """Return every agent's stretches in the conversations begun on these UTC days, in order.

    None: in all conversations; of a world that was given, which may last for days.
    """
    found: dict[str, list[Stretch]] = {}
    spans = [_EVER] if days is None else [Span(day * DAY_MS, (day + 1) * DAY_MS) for day in days]
    for begun in spans:
        for user, stretches in _begun_in(holdings, begun).items():
            found.setdefault(user, []).extend(stretches)
    for stretches in found.values():
        stretches.sort()
    return {user: _ended(stretches) for user, stretches in found.items()}


@lru_cache(maxsize=6)
def _begun_in(holdings: Holdings, begun: Span) -> Mapping[str, Sequence[Stretch]]:
    chain = holdings.positions(begun, begun.start_ms)
    found: dict[str, list[Stretch]] = {}
    for at in range(0, len(chain), _AT_ONCE):
        for record in holdings.render(chain.cut(at, at + _AT_ONCE), attributes=False):
            for user, stretch in _in_record(record, begun):
                found.setdefault(user, []).append(stretch)
    return found


def _in_record(record: bytes, begun: Span) -> Iterator[tuple[str, Stretch]]:
    try:
        conversation = msgspec.json.decode(record, type=_Conversation)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return  # given records may hold anything
    start = read(conversation.conversation_start)
    if start is None or not begun.start_ms <= start < begun.end_ms:
        return  # positions also gives those without a readable start
    for participant in conversation.participants:
        if isinstance(participant.user_id, str) and participant.user_id:
            for session in participant.sessions:
                for stretch in _in_session(session):
                    yield participant.user_id, stretch


def _in_session(session: _Session) -> Iterator[Stretch]:
    """Yield when a session keeps its agent: parked it does not, and a missed alert neither."""
    of_queue = any(segment.queue_id for segment in session.segments)
    if not of_queue and session.media_type != "voice":
        return
    kind = Kind.INTERACTING if of_queue else Kind.COMMUNICATING
    is_missed = {segment.segment_type for segment in session.segments} == {"alert"}
    for segment in session.segments:
        start, end = read(segment.segment_start), read(segment.segment_end)
        if start is None or segment.segment_type == "parked":
            continue
        if is_missed and end is not None:
            yield end, end + _NOT_RESPONDING_MS, Kind.NOT_RESPONDING
        elif not is_missed:
            yield start, _NO_END if end is None else end, kind


def _ended(stretches: Sequence[Stretch]) -> list[Stretch]:
    """Let what has no end last until the next begins, an hour at most; drop what has no length."""
    following = [start for start, _, _ in stretches[1:]]
    following.append(_NO_END)
    ended = [
        (start, min(end, start + _OPEN_MS, after) if end == _NO_END else end, kind)
        for (start, end, kind), after in zip(stretches, following, strict=True)
    ]
    return [stretch for stretch in ended if stretch[0] < stretch[1]]
