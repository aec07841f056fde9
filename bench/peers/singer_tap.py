"""A Singer tap of the shortest kind: one SCHEMA, a RECORD a conversation, one STATE a page.

Written without an SDK, which would only cost more.
"""

import json
import sys

from jobs_api import pages

TEXT = {"type": ["string", "null"]}
SCHEMA = {
    "type": "object",
    "properties": {
        "conversationId": TEXT,
        "conversationStart": TEXT,
        "conversationEnd": TEXT,
        "originatingDirection": TEXT,
        "externalTag": TEXT,
        "divisionIds": {"type": ["array", "null"], "items": TEXT},
        "participants": {"type": ["array", "null"], "items": {"type": "object"}},
        "evaluations": {"type": ["array", "null"], "items": {"type": "object"}},
        "surveys": {"type": ["array", "null"], "items": {"type": "object"}},
        "resolutions": {"type": ["array", "null"], "items": {"type": "object"}},
    },
}


def say(**message):
    """Write one message."""
    sys.stdout.write(json.dumps(message) + "\n")


say(type="SCHEMA", stream="conversations", schema=SCHEMA, key_properties=["conversationId"])
for number, page in enumerate(pages(), 1):
    for record in page:
        say(type="RECORD", stream="conversations", record=record)
    say(type="STATE", value={"pages": number})
