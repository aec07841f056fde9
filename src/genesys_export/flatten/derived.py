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
    (start,) = groups.aggregate(segments.session, segments.start, n, "first")
    (rows,) = groups.aggregate(segments.session, segments.session, n, "count")
    by_end = pc.array_sort_indices(segments.end)
    last_end, ends = groups.aggregate(
        segments.session.take(by_end), segments.end.take(by_end), n, "last", "count"
    )
    queue, queues = groups.aggregate(
        segments.session, segments.queue, n, "first", "count_distinct"
    )
    (disconnect,) = groups.aggregate(segments.session, segments.disconnect, n, "last")
    (wrap_up,) = groups.aggregate(segments.session, segments.wrap_up, n, "last")
    interact = segments.session.filter(pc.equal(segments.kind, "interact"))
    nothing = pa.scalar(None, pa.string())
    return {
        "session_start": start,
        "session_end": pc.if_else(pc.equal(rows, ends), last_end, nothing),
        "queue_id": pc.if_else(pc.equal(queues, 1), queue, nothing),
        "was_connected": groups.has_any(interact, n),
        "last_disconnect_type": disconnect,
        "wrap_up_code": wrap_up,
    }


def of_conversations(levels: Levels, segments: Ordered) -> dict[str, pa.Array]:
    """Return the derived columns of the conversations, but for those made from metrics."""
    n = len(levels.conversations)
    start, end = (levels.conversations.texts(f"conversation{edge}") for edge in ("Start", "End"))
    (first_media,) = groups.aggregate(segments.root, segments.media_type, n, "first")
    (wrap_up,) = groups.aggregate(segments.root, segments.wrap_up, n, "last")
    each = lengths(levels.participants, levels.sessions.path)
    owners = levels.participants.rows[levels.conversations.path]
    (session_count,) = groups.aggregate(owners, each, n, "sum")
    return {
        "is_open": end.is_null(),
        "duration_ms": milliseconds(start, end),
        "participant_count": lengths(levels.conversations, levels.participants.path),
        "session_count": pc.fill_null(session_count, 0),
        "media_types": _media_types(levels, n),
        "first_media_type": first_media,
        "last_wrap_up_code": wrap_up,
        **_queues(segments, n),
        **_agents(segments, n),
    }


def outcomes(levels: Levels, transferred: pa.Int64Array | None) -> dict[str, pa.Array]:
    """Return the three was_… columns: null for a conversation without any reading."""
    n = len(levels.conversations)
    root = levels.metrics.rows[levels.conversations.path]
    name = levels.metrics.texts("name")

    def any_of(*wanted: str) -> pa.BooleanArray:
        return groups.has_any(root.filter(pc.is_in(name, pa.array(wanted))), n)

    passed_on = pa.nulls(n, pa.int64()) if transferred is None else transferred
    told = {
        "was_answered": any_of("tAnswered"),
        "was_abandoned": any_of("tAbandon", "tShortAbandon"),
        "was_transferred": pc.greater_equal(pc.fill_null(passed_on, 0), 1),
    }
    known, unknown = groups.has_any(root, n), pa.scalar(None, pa.bool_())
    return {column: pc.if_else(known, said, unknown) for column, said in told.items()}


def _media_types(levels: Levels, n: int) -> pa.ListArray:
    media = levels.sessions.texts("mediaType")
    root = levels.sessions.rows[levels.conversations.path]
    rows = pa.table({"root": root, "media": media}).filter(media.is_valid())
    rows = rows.sort_by([("root", "ascending"), ("media", "ascending")])
    return groups.distinct(groups.one(rows.column(0)), groups.one(rows.column(1)), n)


def _queues(segments: Ordered, n: int) -> dict[str, pa.Array]:
    """Queues that served it: those of acd and agent legs only."""
    served = pc.is_in(segments.purpose, pa.array(["acd", "agent"]))
    there = pc.and_(served, segments.queue.is_valid())
    root, queue = segments.root.filter(there), segments.queue.filter(there)
    ids = groups.distinct(root, queue, n)
    (last,) = groups.aggregate(root, queue, n, "last")
    return {"queue_ids": ids, "first_queue_id": groups.firsts(ids), "last_queue_id": last}


def _agents(segments: Ordered, n: int) -> dict[str, pa.Array]:
    """Agents that talked: ringing alone is no contact."""
    spoke = pc.and_(pc.equal(segments.kind, "interact"), pc.equal(segments.purpose, "agent"))
    there = pc.fill_null(pc.and_(spoke, segments.user.is_valid()), fill_value=False)
    root, user = segments.root.filter(there), segments.user.filter(there)
    ids = groups.distinct(root, user, n)
    (last,) = groups.aggregate(root, user, n, "last")
    return {
        "agent_user_ids": ids,
        "first_agent_user_id": groups.firsts(ids),
        "last_agent_user_id": last,
    }


def _non_empty(texts: pa.StringArray) -> pa.StringArray:
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
