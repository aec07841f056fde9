"""Sums, counts and derived columns, each a loop over one conversation, by the written rules.

Knows what the rules say of a conversation, a session and a segment; each function takes the
row's place (its objects, from the conversation down). Values that do not fit count as null.
"""

from __future__ import annotations

from datetime import UTC, datetime

from plain_values import INT64, Misfit, fit

NEVER = datetime.max.replace(tzinfo=UTC)
INSTANT = "timestamp[ms, UTC]"
PARTICIPANT = "$.participants[]"
SESSION = PARTICIPANT + ".sessions[]"
SEGMENT = SESSION + ".segments[]"


def value_of(source: dict, name: str, kind: str = "string"):
    """Return a field that fits its type, or None."""
    try:
        return fit(source.get(name), kind)
    except Misfit:
        return None


def elements(source: dict, name: str) -> list[tuple[int, dict]]:
    """Return the objects of an array with their positions; nulls are passed over."""
    return [(i, one) for i, one in enumerate(source.get(name) or []) if one is not None]


def sessions_of(conversation: dict):
    """Yield (participant index, participant, session index, session)."""
    for p, participant in elements(conversation, "participants"):
        for s, session in elements(participant, "sessions"):
            yield p, participant, s, session


def in_order(conversation: dict) -> list[tuple[dict, dict, dict]]:
    """Return (participant, session, segment) of all segments in order O."""
    found = [
        (
            (value_of(segment, "segmentStart", INSTANT) or NEVER, p, s, g),
            participant,
            session,
            segment,
        )
        for p, participant, s, session in sessions_of(conversation)
        for g, segment in elements(session, "segments")
    ]
    return [one[1:] for one in sorted(found, key=lambda one: one[0])]


def segments_of(session: dict) -> list[dict]:
    """Return one session's segments in order O."""
    alone = {"participants": [{"sessions": [session]}]}
    return [segment for _, _, segment in in_order(alone)]


def last(values):
    """Return the last of some values, None when there is none."""
    return values[-1] if values else None


def first(values):
    """Return the first of some values, None when there is none."""
    return values[0] if values else None


def milliseconds(start, end) -> int | None:
    """Return end - start, None when either is missing; may be negative."""
    if start is None or end is None:
        return None
    between = end - start
    return between.days * 86_400_000 + between.seconds * 1000 + between.microseconds // 1000


# --- metrics ---------------------------------------------------------------------------------


def readings(place) -> list[dict]:
    """Return the metric readings under a conversation or a session."""
    if place.path == SESSION:
        sessions = [place.objects[SESSION]]
    else:
        sessions = [session for _, _, _, session in sessions_of(place.objects["$"])]
    return [metric for session in sessions for _, metric in elements(session, "metrics")]


def metric(column: dict, place) -> int | None:
    """Return the sum (or the number) of one metric's readings; null when there is none."""
    wanted = column["path"].split('name=="')[1].split('"')[0]
    values = [
        value_of(one, "value", "int64") for one in readings(place) if one.get("name") == wanted
    ]
    values = [value for value in values if value is not None]
    if not values or column["kind"] == "count":
        return len(values) or None
    return sum(values) if sum(values) in INT64 else None


def names_of(place) -> list:
    return [value_of(one, "name") for one in readings(place)]


def was_answered(place):
    return "tAnswered" in names_of(place) if readings(place) else None


def was_abandoned(place):
    return (
        not {"tAbandon", "tShortAbandon"}.isdisjoint(names_of(place)) if readings(place) else None
    )


def was_transferred(place):
    transferred = {"kind": "sum", "path": 'name=="nTransferred"'}
    return (metric(transferred, place) or 0) >= 1 if readings(place) else None


# --- conversations ---------------------------------------------------------------------------


def is_open(place):
    written = place.objects["$"].written()
    return all(value is None for name, value, _ in written if name == "conversationEnd")


def duration(place):
    record = place.objects["$"]
    start, end = (
        value_of(record, name, INSTANT) for name in ("conversationStart", "conversationEnd")
    )
    return milliseconds(start, end)


def participant_count(place):
    return len(place.objects["$"].get("participants") or [])


def session_count(place):
    people = [person for _, person in elements(place.objects["$"], "participants")]
    return sum(len(person.get("sessions") or []) for person in people)


def media_types(place):
    named = {value_of(one, "mediaType") for _, _, _, one in sessions_of(place.objects["$"])}
    return sorted(named - {None}, key=lambda text: [ord(letter) for letter in text])


def first_media_type(place):
    ordered = in_order(place.objects["$"])
    named = [value_of(session, "mediaType") for _, session, _ in ordered]
    return first([one for one in named if one is not None])


def queue_visits(place) -> list[str]:
    """Return the queue of every segment of Q, in order O."""
    visited = []
    for participant, _, segment in in_order(place.objects["$"]):
        queue = value_of(segment, "queueId")
        if value_of(participant, "purpose") in ("acd", "agent") and queue:
            visited.append(queue)
    return visited


def agent_spells(place) -> list[str]:
    """Return the agent of every interact segment of A, in order O."""
    spells = []
    for participant, _, segment in in_order(place.objects["$"]):
        user = value_of(participant, "userId")
        talks = value_of(segment, "segmentType") == "interact"
        if value_of(participant, "purpose") == "agent" and user and talks:
            spells.append(user)
    return spells


def last_wrap_up_code(place):
    codes = [value_of(segment, "wrapUpCode") for _, _, segment in in_order(place.objects["$"])]
    return last([code for code in codes if code])


# --- sessions and segments -------------------------------------------------------------------


def of_segments(place, name: str, kind: str = "string") -> list:
    """Return one field of all segments of the session, in order O, None where it is missing."""
    ordered = segments_of(place.objects[SESSION])
    return [value_of(segment, name, kind) for segment in ordered]


def session_start(place):
    starts = [one for one in of_segments(place, "segmentStart", INSTANT) if one is not None]
    return min(starts, default=None)


def session_end(place):
    ends = of_segments(place, "segmentEnd", INSTANT)
    return max(ends) if ends and None not in ends else None


def session_queue(place):
    queues = {one for one in of_segments(place, "queueId") if one}
    return queues.pop() if len(queues) == 1 else None


def was_connected(place):
    return "interact" in of_segments(place, "segmentType")


def last_disconnect_type(place):
    return last([one for one in of_segments(place, "disconnectType") if one is not None])


def wrap_up_code(place):
    return last([one for one in of_segments(place, "wrapUpCode") if one])


def segment_duration(place):
    segment = place.objects[SEGMENT]
    return milliseconds(*(value_of(segment, f"segment{one}", INSTANT) for one in ("Start", "End")))


DERIVED = {
    ("$", "is_open"): is_open,
    ("$", "duration_ms"): duration,
    ("$", "participant_count"): participant_count,
    ("$", "session_count"): session_count,
    ("$", "media_types"): media_types,
    ("$", "first_media_type"): first_media_type,
    ("$", "queue_ids"): lambda place: list(dict.fromkeys(queue_visits(place))),
    ("$", "first_queue_id"): lambda place: first(queue_visits(place)),
    ("$", "last_queue_id"): lambda place: last(queue_visits(place)),
    ("$", "agent_user_ids"): lambda place: list(dict.fromkeys(agent_spells(place))),
    ("$", "first_agent_user_id"): lambda place: first(agent_spells(place)),
    ("$", "last_agent_user_id"): lambda place: last(agent_spells(place)),
    ("$", "last_wrap_up_code"): last_wrap_up_code,
    ("$", "was_answered"): was_answered,
    ("$", "was_abandoned"): was_abandoned,
    ("$", "was_transferred"): was_transferred,
    (SESSION, "session_start"): session_start,
    (SESSION, "session_end"): session_end,
    (SESSION, "queue_id"): session_queue,
    (SESSION, "was_connected"): was_connected,
    (SESSION, "last_disconnect_type"): last_disconnect_type,
    (SESSION, "wrap_up_code"): wrap_up_code,
    (SEGMENT, "duration_ms"): segment_duration,
}
