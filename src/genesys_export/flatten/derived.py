"""The derived columns of conversations and sessions (tables.md, part 3).

Order O of segments: segmentStart as an instant, then participant, session and segment position; a
missing start comes last. Canonical texts of instants sort as the instants do.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ..datasets import EXTRA, keeps
from . import groups
from .levels import Level, lengths

TIMES = pa.timestamp("ms", "UTC")


def milliseconds(starts: pa.StringArray, ends: pa.StringArray) -> pa.Int64Array:
    """Return how long from start to end; null if either is missing, negative where it is."""
    return pc.subtract(ends.cast(TIMES), starts.cast(TIMES)).cast(pa.int64())


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels the rules look at."""

    conversations: Level
    participants: Level
    sessions: Level
    segments: Level
    metrics: Level


@dataclass(frozen=True, slots=True)
class Ordered:
    """A block's segments in order O within each conversation, with what the rules look at."""

    root: pa.Int64Array
    session: pa.Int64Array
    start: pa.StringArray
    end: pa.StringArray
    kind: pa.StringArray
    queue: pa.StringArray  # null if empty
    wrap_up: pa.StringArray  # null if empty
    disconnect: pa.StringArray
    media_type: pa.StringArray
    purpose: pa.StringArray
    user: pa.StringArray  # null if empty


def ordered(levels: Levels) -> Ordered:
    """Sort the segments."""
    segments = levels.segments
    root = segments.rows[levels.conversations.path]
    starts = segments.texts("segmentStart")
    by = pa.table({"root": root, "start": starts.cast(TIMES)})
    keys = [("root", "ascending"), ("start", "ascending")]
    at = pc.sort_indices(by, sort_keys=keys)  # a stable sort, nulls last
    session = segments.rows[levels.sessions.path].take(at)
    participant = segments.rows[levels.participants.path].take(at)
    return Ordered(
        root=root.take(at),
        session=session,
        start=starts.take(at),
        end=segments.texts("segmentEnd").take(at),
        kind=segments.texts("segmentType").take(at),
        queue=_non_empty(segments.texts("queueId").take(at)),
        wrap_up=_non_empty(segments.texts("wrapUpCode").take(at)),
        disconnect=segments.texts("disconnectType").take(at),
        media_type=levels.sessions.texts("mediaType").take(session),
        purpose=levels.participants.texts("purpose").take(participant),
        user=_non_empty(levels.participants.texts("userId").take(participant)),
    )


def of_sessions(segments: Ordered, n: int) -> dict[str, pa.Array]:
    """Return the derived columns of `n` sessions."""
    at = pc.array_sort_indices(segments.session)  # a stable sort: order O within each session
    session = segments.session.take(at)
    disconnect, wrap_up = segments.disconnect.take(at), segments.wrap_up.take(at)
    return {
        "session_start": groups.first(session, segments.start.take(at), n),
        "session_end": _ends(session, segments.end.take(at), n),
        "queue_id": _only(session, segments.queue.take(at), n),
        "was_connected": groups.has(session, pc.equal(segments.kind.take(at), "interact"), n),
        "last_disconnect_type": groups.last(session, disconnect, n),
        "wrap_up_code": groups.last(session, wrap_up, n),
    }


def of_conversations(levels: Levels, segments: Ordered) -> dict[str, pa.Array]:
    """Return the derived columns of the conversations, except those made from metrics."""
    n, root = len(levels.conversations), segments.root
    start, end = (levels.conversations.texts(f"conversation{edge}") for edge in ("Start", "End"))
    queue, agent = _serving_queues(segments), _talking_agents(segments)
    sessions = lengths(levels.participants, levels.sessions.path)
    owners = levels.participants.rows[levels.conversations.path]
    return {
        "is_open": _is_open(levels.conversations, end),
        "duration_ms": milliseconds(start, end),
        "participant_count": lengths(levels.conversations, levels.participants.path),
        "session_count": groups.total(owners, sessions, n),
        "media_types": _media_types(levels, n),
        "queue_ids": groups.distinct(root, queue, n),
        "agent_user_ids": groups.distinct(root, agent, n),
        "first_media_type": groups.first(root, segments.media_type, n),
        "last_wrap_up_code": groups.last(root, segments.wrap_up, n),
        "first_queue_id": groups.first(root, queue, n),
        "last_queue_id": groups.last(root, queue, n),
        "first_agent_user_id": groups.first(root, agent, n),
        "last_agent_user_id": groups.last(root, agent, n),
    }


def outcomes(levels: Levels, transferred: pa.Int64Array) -> dict[str, pa.Array]:
    """Return the three was_… columns: null for a conversation without any reading."""
    name, n = levels.metrics.texts("name"), len(levels.conversations)
    root = levels.metrics.rows[levels.conversations.path]
    was_abandoned = pc.is_in(name, pa.array(["tAbandon", "tShortAbandon"]))
    made = {
        "was_answered": groups.has(root, pc.is_in(name, pa.array(["tAnswered"])), n),
        "was_abandoned": groups.has(root, was_abandoned, n),
        "was_transferred": pc.greater_equal(pc.fill_null(transferred, 0), 1),
    }
    is_known = pc.greater(groups.count(root, n), 0)
    unknown = pa.scalar(None, pa.bool_())
    return {key: pc.if_else(is_known, flags, unknown) for key, flags in made.items()}


def _ends(session: pa.Int64Array, ends: pa.StringArray, n: int) -> pa.StringArray:
    """Return the latest end of each session; null while one of its segments has none."""
    by = pa.table({"session": session, "end": ends.cast(TIMES)})
    at = pc.sort_indices(by, sort_keys=[("session", "ascending"), ("end", "ascending")])
    latest = groups.last(session, ends.take(at), n)
    is_open = groups.has(session, ends.is_null(), n)
    return pc.if_else(is_open, pa.scalar(None, pa.string()), latest)


def _is_open(conversations: Level, end: pa.StringArray) -> pa.BooleanArray:
    """Return whether each has no end; an unreadable one counts as an end."""
    extra, has_none = conversations.texts(EXTRA), end.is_null()
    if extra.null_count == len(extra):
        return has_none
    texts = pc.if_else(has_none, extra, pa.scalar(None, pa.string())).to_pylist()
    kept = pa.array([keeps(text, "conversationEnd") for text in texts], pa.bool_())
    return pc.and_not(has_none, kept)


def _only(session: pa.Int64Array, queues: pa.StringArray, n: int) -> pa.StringArray:
    """Return the queue of each session that has one and no other."""
    first = groups.first(session, queues, n)
    has_others = groups.has(session, pc.not_equal(queues, first.take(session)), n)
    return pc.if_else(has_others, pa.scalar(None, pa.string()), first)


def _media_types(levels: Levels, n: int) -> pa.ListArray:
    media = levels.sessions.texts("mediaType")
    root = levels.sessions.rows[levels.conversations.path]
    by = pa.table({"root": root, "media": media})
    at = pc.sort_indices(by, sort_keys=[("root", "ascending"), ("media", "ascending")])
    return groups.distinct(root.take(at), media.take(at), n)


def _serving_queues(segments: Ordered) -> pa.StringArray:
    """The queues that served: those of acd and agent legs only; null in other segments."""
    served = pc.is_in(segments.purpose, pa.array(["acd", "agent"]))
    return pc.if_else(served, segments.queue, pa.scalar(None, pa.string()))


def _talking_agents(segments: Ordered) -> pa.StringArray:
    """The agents that talked: ringing alone is no contact; null in other segments."""
    spoke = pc.and_(pc.equal(segments.kind, "interact"), pc.equal(segments.purpose, "agent"))
    return pc.if_else(spoke, segments.user, pa.scalar(None, pa.string()))


def _non_empty(texts: pa.StringArray) -> pa.StringArray:
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
