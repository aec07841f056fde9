"""The usual script made to write our fifteen tables: plain loops, dicts, a frame a table.

It has every column of ours but `_extra`.
"""

from collections import defaultdict

import pandas as pd

from derived import milliseconds, of_conversation, of_session
from jobs_api import pages
from tables import COLUMNS, FIELDS, INDEX, OF_CONVERSATIONS, OF_SEGMENTS, OF_SESSIONS, write

ROWS = defaultdict(list)


def add(table, keys, thing):
    """Add a row: the keys, and every plain field that there is."""
    row, names = dict(keys), FIELDS[table]
    for field, value in thing.items():
        if field in names:
            row[names[field]] = value
        elif isinstance(value, dict) and field != "attributes":
            for inner, below in value.items():
                if f"{field}.{inner}" in names:
                    row[names[f"{field}.{inner}"]] = below
    ROWS[table].append(row)


def add_all(table, keys, things):
    """Add a row for each of the things."""
    for number, thing in enumerate(things or []):
        add(table, {**keys, INDEX[table]: number}, thing)


def session_rows(keys, participant, session):
    """Add a session and all that hangs on it."""
    derived = of_session(session)
    of_user = {"purpose": participant.get("purpose"), "user_id": participant.get("userId")}
    add("sessions", {**keys, **of_user, **derived}, session)
    keys = {**keys, "session_id": session.get("sessionId")}
    of_leg = {**keys, **of_user, "media_type": session.get("mediaType")}
    for field, table in OF_SESSIONS.items():
        metric = {**of_leg, "queue_id": derived["queue_id"]}
        add_all(table, metric if field == "metrics" else keys, session.get(field))
    add_all("flow_outcomes", keys, (session.get("flow") or {}).get("outcomes"))
    for number, segment in enumerate(session.get("segments") or []):
        lasted = milliseconds(segment.get("segmentStart"), segment.get("segmentEnd"))
        add("segments", {**of_leg, "segment_index": number, "duration_ms": lasted}, segment)
        for field, table in OF_SEGMENTS.items():
            add_all(table, {**keys, "segment_index": number}, segment.get(field))


def conversation_rows(conversation):
    """Add a conversation and all that hangs on it."""
    row = of_conversation(conversation)
    add("conversations", row, conversation)
    keys = {
        "conversation_id": conversation["conversationId"],
        "conversation_date": row["conversation_date"],
    }
    for table in OF_CONVERSATIONS:
        add_all(table, keys, conversation.get(table))
    for number, participant in enumerate(conversation.get("participants") or []):
        of_participant = {**keys, "participant_index": number}
        add("participants", of_participant, participant)
        below = {**of_participant, "participant_id": participant.get("participantId")}
        for key, value in (participant.get("attributes") or {}).items():
            pair = {"attribute_key": key, "attribute_value": value}
            ROWS["participant_attributes"].append({**below, **pair})
        for count, session in enumerate(participant.get("sessions") or []):
            session_rows({**below, "session_index": count}, participant, session)


for page in pages():
    for record in page:
        conversation_rows(record)
for name in COLUMNS:
    write(name, pd.DataFrame(ROWS.pop(name, [])))
