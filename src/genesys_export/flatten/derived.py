"""The derived columns of conversations and sessions (tables.md, part 3).

Order O of segments: segmentStart as an instant, then participant, session and segment position; a
missing start comes last. Canonical texts of instants sort as the instants do.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from . import groups
from .levels import Level, lengths

TIMES = pa.timestamp("ms", "UTC")


def milliseconds(starts: pa.StringArray, ends: pa.StringArray) -> pa.Int64Array:
    """Return how long from start to end; null where either is missing, negative where it is."""
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
    queue: pa.StringArray  # null where empty
    wrap_up: pa.StringArray  # null where empty
    disconnect: pa.StringArray
    media_type: pa.StringArray
    purpose: pa.StringArray
    user: pa.StringArray  # null where empty


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
    wanted = {
        "rows": (segments.session, "count"),
        "start": (segments.start, "first"),
        "ends": (segments.end, "count"),
        "end": (segments.end, "max"),
        "queue": (segments.queue, "min"),
        "other_queue": (segments.queue, "max"),
        "disconnect": (segments.disconnect, "last"),
        "wrap_up": (segments.wrap_up, "last"),
        "connected": (pc.equal(segments.kind, "interact"), "any"),
    }
    made = groups.aggregate(segments.session, wanted, n)
    nothing = pa.scalar(None, pa.string())
    is_ended = pc.equal(made["rows"], made["ends"])
    is_of_one_queue = pc.equal(made["queue"], made["other_queue"])
    return {
        "session_start": made["start"],
        "session_end": pc.if_else(is_ended, made["end"], nothing),
        "queue_id": pc.if_else(is_of_one_queue, made["queue"], nothing),
        "was_connected": pc.fill_null(made["connected"], fill_value=False),
        "last_disconnect_type": made["disconnect"],
        "wrap_up_code": made["wrap_up"],
    }


def of_conversations(levels: Levels, segments: Ordered) -> dict[str, pa.Array]:
    """Return the derived columns of the conversations, but for those made from metrics."""
    n = len(levels.conversations)
    start, end = (levels.conversations.texts(f"conversation{edge}") for edge in ("Start", "End"))
    queue, agent = _serving_queues(segments), _talking_agents(segments)
    wanted = {
        "first_media_type": (segments.media_type, "first"),
        "last_wrap_up_code": (segments.wrap_up, "last"),
        "first_queue_id": (queue, "first"),
        "last_queue_id": (queue, "last"),
        "first_agent_user_id": (agent, "first"),
        "last_agent_user_id": (agent, "last"),
    }
    each = lengths(levels.participants, levels.sessions.path)
    owners = levels.participants.rows[levels.conversations.path]
    sessions = groups.aggregate(owners, {"count": (each, "sum")}, n)
    return {
        "is_open": end.is_null(),
        "duration_ms": milliseconds(start, end),
        "participant_count": lengths(levels.conversations, levels.participants.path),
        "session_count": pc.fill_null(sessions["count"], 0),
        "media_types": _media_types(levels, n),
        "queue_ids": groups.distinct(segments.root, queue, n),
        "agent_user_ids": groups.distinct(segments.root, agent, n),
        **groups.aggregate(segments.root, wanted, n),
    }


def outcomes(levels: Levels, transferred: pa.Int64Array) -> dict[str, pa.Array]:
    """Return the three was_… columns: null for a conversation without any reading."""
    name = levels.metrics.texts("name")
    wanted = {
        "answered": (pc.is_in(name, pa.array(["tAnswered"])), "any"),
        "abandoned": (pc.is_in(name, pa.array(["tAbandon", "tShortAbandon"])), "any"),
    }
    root = levels.metrics.rows[levels.conversations.path]
    made = groups.aggregate(root, wanted, len(levels.conversations))
    answered, unknown = made["answered"], pa.scalar(None, pa.bool_())
    was_transferred = pc.greater_equal(pc.fill_null(transferred, 0), 1)
    return {
        "was_answered": answered,
        "was_abandoned": made["abandoned"],
        "was_transferred": pc.if_else(answered.is_valid(), was_transferred, unknown),
    }


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
