"""The derived columns and the sums, in plain Python: what script_loops.py adds to the fields."""

import os
from collections import Counter
from datetime import datetime

from tables import COUNTS, SUMS


def milliseconds(start, end):
    """Return the time between two instants; None where one is missing."""
    if start is None or end is None:
        return None
    return round(
        (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() * 1e3
    )


def of_metrics(metrics):
    """Return the sums of the metrics and how many readings each has."""
    sums, counts = Counter(), Counter()
    for metric in metrics:
        name, value = metric.get("name"), metric.get("value")
        if value is not None:
            sums[name] += value
            counts[name] += 1
    row = {SUMS[name]: value for name, value in sums.items() if name in SUMS}
    return row | {COUNTS[name]: count for name, count in counts.items() if name in COUNTS}


def last(segments, field):
    """Return the field of the last segment that has one."""
    return next((one[field] for one in reversed(segments) if one.get(field)), None)


def ordered(segments):
    """Return the segments by their start, those without one last."""
    return sorted(segments, key=lambda one: one.get("segmentStart") or "~")


def of_session(session):
    """Return a session's derived columns and sums."""
    segments = session.get("segments") or []
    ends = [one.get("segmentEnd") for one in segments]
    queues = {one["queueId"] for one in segments if one.get("queueId")}
    by_start = ordered(segments)
    starts = [one["segmentStart"] for one in segments if one.get("segmentStart")]
    return {
        "session_start": min(starts, default=None),
        "session_end": max(ends) if ends and None not in ends else None,
        "queue_id": queues.pop() if len(queues) == 1 else None,
        "was_connected": any(one.get("segmentType") == "interact" for one in segments),
        "last_disconnect_type": last(by_start, "disconnectType"),
        "wrap_up_code": last(by_start, "wrapUpCode"),
        **of_metrics(session.get("metrics") or []),
    }


def of_conversation(conversation):
    """Return a conversation's derived columns and sums."""
    participants = conversation.get("participants") or []
    every = [
        (one.get("segmentStart") or "~", number, count, place, one, session, participant)
        for number, participant in enumerate(participants)
        for count, session in enumerate(participant.get("sessions") or [])
        for place, one in enumerate(session.get("segments") or [])
    ]
    every.sort(key=lambda one: one[:4])
    sessions = [session for one in participants for session in one.get("sessions") or []]
    metrics = [metric for session in sessions for metric in session.get("metrics") or []]
    names = {metric.get("name") for metric in metrics} if metrics else None
    media = [one[5].get("mediaType") for one in every if one[5].get("mediaType")]
    queues = [
        one[4]["queueId"]
        for one in every
        if one[4].get("queueId") and one[6].get("purpose") in ("acd", "agent")
    ]
    agents = [
        one[6]["userId"]
        for one in every
        if one[4].get("segmentType") == "interact"
        and one[6].get("purpose") == "agent"
        and one[6].get("userId")
    ]
    row = of_metrics(metrics)
    start, end = conversation.get("conversationStart"), conversation.get("conversationEnd")
    return {
        **row,
        "conversation_date": os.environ["BENCH_DAY"],
        "is_open": end is None,
        "duration_ms": milliseconds(start, end),
        "participant_count": len(participants),
        "session_count": len(sessions),
        "media_types": sorted({one["mediaType"] for one in sessions if one.get("mediaType")}),
        "first_media_type": media[0] if media else None,
        "queue_ids": list(dict.fromkeys(queues)),
        "first_queue_id": queues[0] if queues else None,
        "last_queue_id": queues[-1] if queues else None,
        "agent_user_ids": list(dict.fromkeys(agents)),
        "first_agent_user_id": agents[0] if agents else None,
        "last_agent_user_id": agents[-1] if agents else None,
        "last_wrap_up_code": last([one[4] for one in every], "wrapUpCode"),
        "was_answered": names and "tAnswered" in names,
        "was_abandoned": names and bool(names & {"tAbandon", "tShortAbandon"}),
        "was_transferred": names and row.get("n_transferred", 0) >= 1,
    }
