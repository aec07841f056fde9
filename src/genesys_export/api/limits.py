"""How many requests may start, and when: one budget for all threads of a credential.

A sliding window: never more than `limit` starts in any 60 seconds, which keeps a fixed window's
limit too, whichever shape the server's has (genesys-api.md §4.1: not known). Pure policy: callers
pass `now` (monotonic seconds) and do the waiting. Not safe from several threads by itself.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

WINDOW_S = 60.0


@dataclass(slots=True)
class Budget:
    """The starts of the last minute, and how many are allowed."""

    per_minute: int = 300
    headroom: float = 0.04
    _starts: deque[float] = field(default_factory=deque)
    _paused_until: float = float("-inf")
    _limit: int = 0
    _lowered_at: float = float("-inf")

    def __post_init__(self) -> None:
        """Refuse budgets that allow nothing."""
        if self.per_minute < 1 or not 0 <= self.headroom < 1:
            raise ValueError("a budget allows at least one request a minute")
        self._limit = self.full

    @property
    def full(self) -> int:
        """The starts allowed in 60 s when nobody else uses the credential."""
        return max(1, int(self.per_minute * (1 - self.headroom)))

    def reserve(self, now: float) -> float:
        """Take the next start if it may be now and return 0; else return the seconds to wait."""
        self._recover(now)
        if now < self._paused_until:
            return self._paused_until - now
        while self._starts and self._starts[0] <= now - WINDOW_S:
            self._starts.popleft()
        if len(self._starts) >= self._limit:
            return self._starts[len(self._starts) - self._limit] + WINDOW_S - now
        self._starts.append(now)
        return 0.0

    def refused(self, now: float, wait_s: float) -> None:
        """Learn of a 429: everybody pauses; the limit drops to what was let through, for a minute.

        Others use the same credential then; after a window without another 429 it is full again.
        """
        self._paused_until = max(self._paused_until, now + wait_s)
        recent = sum(start > now - WINDOW_S for start in self._starts)
        self._limit = max(1, min(self._limit, recent - 1))
        self._lowered_at = self._paused_until

    def _recover(self, now: float) -> None:
        if now >= self._lowered_at + WINDOW_S:
            self._limit = self.full
