"""Announcements: what became of each day, told to other programs and to people.

`journal.py` remembers what was announced of each day, `teller.py` compares that with what is
published, and the targets (`aws.py`, `webhook.py`, `alerts.py`) deliver. Send first, write the
journal then: each event arrives at least once. Nothing here may stop or delay an export.
"""

from __future__ import annotations

from .message import Message, Outcome
from .targets import Target, Targets, TimeLimit, Undelivered
from .teller import Failure, Teller

__all__ = [
    "Failure",
    "Message",
    "Outcome",
    "Target",
    "Targets",
    "Teller",
    "TimeLimit",
    "Undelivered",
]
