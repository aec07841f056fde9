"""Whether to ask again, and after how long: pure policy, no clock, no sleep.

Exponential backoff with full jitter under a total deadline; a 429 says itself how long. Our own
sixty lines instead of stamina: it sleeps and reads clocks by itself, and here both are injected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random

AGAIN_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_IN_TEXT = re.compile(rb"in \[(\d{1,4})\] seconds")


@dataclass(frozen=True, slots=True)
class Again:
    """Ask again after so many seconds."""

    after_s: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The total deadline would pass before the next attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How patient to be."""

    deadline_s: float = 900.0
    first_s: float = 1.0
    most_s: float = 60.0

    def decide(
        self, *, attempt: int, elapsed_s: float, told_s: float | None, rng: Random
    ) -> Again | GiveUp:
        """Decide after the `attempt`-th failure (from 1), `elapsed_s` after the first try.

        `told_s` is what the server asked for; a little jitter is added so that threads that were
        told the same do not all come back at once.
        """
        if told_s is not None:
            after = told_s + rng.uniform(0.0, 1.0)
        else:
            after = rng.uniform(0.0, min(self.most_s, self.first_s * 2.0 ** min(attempt, 30)))
        return GiveUp() if elapsed_s + after > self.deadline_s else Again(after)


def told_wait(headers: Mapping[str, str], body: bytes, now: datetime) -> float | None:
    """Return the seconds a 429 or 503 asks to wait, from its header or its text; None if neither.

    Retry-After comes as seconds, and has been seen as an HTTP date (genesys-api.md §4.1).
    """
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    if value:
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            at = None
        if at is not None:
            aware = at if at.tzinfo else at.replace(tzinfo=UTC)
            return max(0.0, (aware - now).total_seconds())
    found = _IN_TEXT.search(body)
    return float(found[1]) if found else None
