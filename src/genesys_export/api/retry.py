"""Whether to ask again, and after how long: pure policy, no clock, no sleep.

Exponential backoff with full jitter under a total deadline; a server that says how long it wants
to be left alone is believed. Our own sixty lines instead of stamina, which sleeps, reads the
clock and rolls its dice by itself (26.1, read 2026-11): here all three are given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random

from ..days import http_date

# Both known wordings: "Retry the request in [42] seconds", "[300] requests within [60] seconds".
_IN_TEXT = re.compile(rb"\[(\d{1,5})\] seconds")
_EXPONENTS = 60  # more doublings than this change nothing, and would overflow in the end


@dataclass(frozen=True, slots=True)
class Again:
    """Retry after this many seconds."""

    after_s: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The total deadline has passed, or would before the server accepts another request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How patient to be: the total deadline of a request, and the range of its waits."""

    deadline_s: float = 900.0
    first_s: float = 1.0
    most_s: float = 60.0

    def __post_init__(self) -> None:
        """Refuse policies that would never wait."""
        if self.deadline_s < 0 or self.first_s <= 0 or self.most_s < self.first_s:
            raise ValueError("waits are positive and the longest is not under the first")

    def decide(
        self, *, attempt: int, elapsed_s: float, told_s: float | None, rng: Random
    ) -> Again | GiveUp:
        """Decide after the `attempt`-th failure (from 1), `elapsed_s` after the first try.

        `told_s` is what the server asked for, and the least to wait. A wait of our own is drawn
        anew between 0 and a bound that doubles with each attempt, and ends at the deadline: the
        last attempt is made right there.
        """
        left_s = self.deadline_s - elapsed_s
        if told_s:
            return Again(told_s) if told_s <= left_s else GiveUp()
        if left_s <= 0:
            return GiveUp()
        bound_s = min(self.most_s, self.first_s * 2.0 ** min(attempt - 1, _EXPONENTS))
        return Again(min(rng.uniform(0.0, bound_s), left_s))


def may_pass(status: int) -> bool:
    """Whether a request with this status is worth a retry."""
    return status in (408, 425, 429) or status >= 500


def told_wait(headers: Mapping[str, str], body: bytes, now: datetime) -> float | None:
    """Return the seconds a server asks to wait, from its header or its text, or None.

    Retry-After is documented in seconds, and has been seen as an HTTP date.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    if value and (at := http_date(value)) is not None:
        return max(0.0, (at - now).total_seconds())
    found = _IN_TEXT.search(body)
    return float(found[1]) if found else None
