"""Which token the next request goes out with, where a client may have several.

Sources disagree whether Genesys limits each token or all tokens of an OAuth client together
(2026-11), so 429s decide: where a token is refused although it hardly asked since another one was
refused, the limit is the client's, and from then on there is one budget for all. Tokens are filled
one after the other, so one that is not needed is never fetched. Safe from several threads; waits
for nothing. A `lane` is the number of a token, from 0.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from .limits import RequestBudget, Window


def one_budget(section: str) -> str:
    """Return the notice for when it turns out that the limit is the client's."""
    return (
        "Genesys limits the requests of this OAuth client as a whole, not those of each token:"
        f" from now on its tokens share one budget. Set tokens = 1 in [{section}]."
    )


class OneToken:
    """One token, and its budget: whichever way Genesys counts, it is the same."""

    count = 1

    def __init__(self, budget: RequestBudget) -> None:
        """Ask that budget."""
        self._budget = budget

    def soonest(self) -> int:
        """Return the only one."""
        return 0

    def reserve(self, lane: int) -> float:
        """Take a start and return 0.0; else return the seconds to wait."""
        del lane
        return self._budget.reserve()

    def refused(self, lane: int, wait_s: float, started_ago_s: float) -> bool:
        """Record a 429, which shows nothing new."""
        del lane
        self._budget.refused(wait_s, started_ago_s)
        return False

    def paused_for(self) -> float:
        """Return for how many seconds a 429 pauses everybody."""
        return self._budget.paused_for()


class TokenPool:
    """Several tokens of one client, each with a budget of its own until 429s say otherwise."""

    def __init__(self, tokens: int, per_minute: int, *, clock: Callable[[], float]) -> None:
        """Begin with full budgets; raises ValueError for a pool that allows nothing."""
        if tokens < 1:
            raise ValueError("a pool has at least one token")
        self.count = tokens
        self._windows = [Window(per_minute) for _ in range(tokens)]
        self._client = Window(per_minute)  # what all of them did, should it be the limit
        self._is_clients = False
        self._clock, self._lock = clock, Lock()

    def soonest(self) -> int:
        """Return the token that has a free start first; of several the one fetched first."""
        with self._lock:
            return self._soonest(self._clock())

    def reserve(self, lane: int) -> float:
        """Take a start of that token and return 0.0; else return the seconds to wait."""
        with self._lock:
            now = self._clock()
            if self._is_clients:
                return self._client.reserve(now)
            wait_s = self._windows[lane].reserve(now)
            if wait_s <= 0:
                self._client.took(now)
            return wait_s

    def refused(self, lane: int, wait_s: float, started_ago_s: float) -> bool:
        """Record a 429; return whether it showed that the limit is the client's."""
        with self._lock:
            now = self._clock()
            started = now - started_ago_s
            shown = not self._is_clients and self._shows_it(lane, started)
            self._is_clients |= shown
            self._windows[lane].refused(now, wait_s, started)
            if self._is_clients:
                self._client.refused(now, wait_s, started)
            return shown

    def paused_for(self) -> float:
        """Return for how many seconds a 429 pauses whoever asks next."""
        with self._lock:
            now = self._clock()
            window = self._client if self._is_clients else self._windows[self._soonest(now)]
            return max(0.0, window.paused_until - now)

    def _shows_it(self, lane: int, started: float) -> bool:
        """Whether a 429 to a request of that token shows that the limit is the client's.

        It does if another token was pausing, and this one has used little of its own budget since:
        under a limit of each token it would have been let through.
        """
        own, others = self._windows[lane], (w for at, w in enumerate(self._windows) if at != lane)
        since = [at for at in (one.paused_at(started) for one in others) if at is not None]
        return any(own.since(at) <= own.full // 4 for at in since)

    def _soonest(self, now: float) -> int:
        if self._is_clients:
            return 0
        return min(range(self.count), key=lambda lane: self._windows[lane].free_at(now))
