"""The usual script made to write our fifteen tables: json_normalize, level by level.

Its columns are keys and plain fields: no carried columns, no sums, no derived ones, which leaves
out more than a third of ours. json_normalize wants every list there and knows no ordinals, so
both are put in beforehand.
"""

import os

import pandas as pd

from jobs_api import pages
from tables import COLUMNS, FIELDS, INDEX, OF_CONVERSATIONS, OF_SEGMENTS, OF_SESSIONS, write

DAY = {"conversation_date": os.environ["BENCH_DAY"]}
PARTICIPANT = ["conversation_id", "participant_index"]
SESSION = [*PARTICIPANT, "session_index"]
SEGMENT = [*SESSION, "segment_index"]


def put(table, things):
    """Write the table of these things."""
    names = {field: name for field, name in FIELDS[table].items() if name != "conversation_id"}
    wanted = {*(field.partition(".")[0] for field in names), *COLUMNS[table]}
    frame = pd.json_normalize([{k: one[k] for k in one if k in wanted} for one in things])
    write(table, frame.rename(columns=names))


def below(owners, keys, field, table):
    """Write the table of a list in each of the owners, and return its things."""
    things = []
    for owner in owners:
        key = DAY | {name: owner[name] for name in keys}
        for number, thing in enumerate(owner.get(field) or []):
            thing.update(key, **{INDEX[table]: number})
            things.append(thing)
    put(table, things)
    return things


records = []
for page in pages():
    records += page
for record in records:
    record.update(DAY, conversation_id=record["conversationId"])
put("conversations", records)
for name in OF_CONVERSATIONS:
    below(records, ["conversation_id"], name, name)

participants = below(records, ["conversation_id"], "participants", "participants")
pairs = [
    {**DAY, **{key: one[key] for key in PARTICIPANT}, "attribute_key": k, "attribute_value": v}
    for one in participants
    for k, v in (one.get("attributes") or {}).items()
]
write("participant_attributes", pd.DataFrame(pairs))

sessions = below(participants, PARTICIPANT, "sessions", "sessions")
for session in sessions:
    session["outcomes"] = (session.get("flow") or {}).get("outcomes")
below(sessions, SESSION, "outcomes", "flow_outcomes")
for name, table in OF_SESSIONS.items():
    below(sessions, SESSION, name, table)
segments = below(sessions, SESSION, "segments", "segments")
for name, table in OF_SEGMENTS.items():
    below(segments, SEGMENT, name, table)
