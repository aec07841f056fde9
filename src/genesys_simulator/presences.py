"""The presences that users of a simulated organisation can choose.

Knows Genesys's own ones and those that the organisation added: of the latter a status shows only
the id and the system presence behind it. Their ids are the same in every simulated organisation.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5


@dataclass(frozen=True, slots=True)
class Presence:
    """A presence: its id in the organisation, its label, and the system presence behind it."""

    ident: str
    label: str
    system: str

    @property
    def is_own(self) -> bool:
        """True if the organisation added it."""
        return self.label.replace(" ", "_").upper() != self.system


def _presence(label: str, system: str | None = None) -> Presence:
    ident = str(uuid5(NAMESPACE_URL, f"presence {label}"))
    return Presence(ident, label, system or label.replace(" ", "_").upper())


OFFLINE = _presence("Offline")
AVAILABLE = _presence("Available")
ON_QUEUE = _presence("On Queue")
BREAK = _presence("Break")
MEAL = _presence("Meal")
MEETING = _presence("Meeting")
TRAINING = _presence("Training")
BUSY = _presence("Busy")
AWAY = _presence("Away")
IDLE = _presence("Idle")
PRE_BREAK = _presence("Pre Break", "BUSY")
BACK_OFFICE = _presence("Back Office", "BUSY")

PRESENCES = (
    OFFLINE, AVAILABLE, ON_QUEUE, BREAK, MEAL, MEETING, TRAINING, BUSY, AWAY, IDLE, PRE_BREAK,
    BACK_OFFICE,
)  # fmt: skip
