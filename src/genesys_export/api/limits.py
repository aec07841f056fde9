"""How many requests may start, and when: one budget for everybody who uses an OAuth client.

`RequestBudget` is all that a client needs of one. `Budget` is the usual: a sliding window, never
more than the limit's starts in any 60 seconds, which keeps a fixed window's limit too, whichever
shape the server's has (unknown, 2026-11). Bursts are welcome: the budget can be used at once.
`Window` is its policy: it never reads a clock; callers pass `now` in monotonic seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import floor
from threading import Lock
from typing import Protocol, TypeGuard, cast, runtime_checkable

from ..errors import WrongUse
from .clock import monotonic

WINDOW_S = 60.0
_NEVER = float("-inf")


@runtime_checkable
class RequestBudget(Protocol):
    """Says when the next request may start; safe from several threads.

    Times are seconds relative to the call, so that a budget may live in another process. A call
    may take some milliseconds, and must not raise.
    """

    def reserve(self) -> float:
        """Take a start and return 0.0 if one may be now; else return the seconds to wait."""

    def refused(self, wait_s: float, started_ago_s: float) -> None:
        """Record a 429 for a request that started so long ago: nobody starts for `wait_s`."""

    def paused_for(self) -> float:
        """Return for how many seconds a 429 still pauses everybody; 0.0 if none does."""


# One for all organisations, or what makes that of one when it is given its name.
Budgets = RequestBudget | Callable[[str], RequestBudget]


def is_shared(budgets: object) -> TypeGuard[RequestBudget]:
    """Whether it is one budget for all organisations; a class of budgets makes them."""
    return isinstance(budgets, RequestBudget) and not isinstance(budgets, type)


def check_budgets(budgets: object) -> None:
    """Raise WrongUse for what neither is a budget nor can make one."""
    if budgets is not None and not is_shared(budgets) and not callable(budgets):
        raise _no_budget(f"budget= is {type(budgets).__name__}")


def budget_for(org: str, budgets: Budgets) -> RequestBudget:
    """Return the budget of an organisation; raises WrongUse if the function returns none."""
    if is_shared(budgets):
        return budgets
    made = cast("Callable[[str], object]", budgets)(org)
    if not is_shared(made):
        whose = f"for the organisation {org}" if org else "for the only organisation"
        raise _no_budget(f"the function given as budget= returned {type(made).__name__} {whose}")
    return made


def _no_budget(problem: str) -> WrongUse:
    return WrongUse(
        f"{problem}, which is not a request budget",
        advice="Pass Budget(per_minute=300), or a function that returns one by an organisation's"
        " name.",
    )


class Budget:
    """A budget for all threads of this process; it measures time with a clock of its own.

    `per_minute` is what Genesys grants; a share of 4 % stays unused, because requests can bunch
    up on their way to the server. `clock` returns monotonic seconds.
    """

    def __init__(self, per_minute: int = 300, *, clock: Callable[[], float] = monotonic) -> None:
        """Begin with all of it; raises ValueError for a budget that allows nothing."""
        self._window, self._clock, self._lock = Window(per_minute), clock, Lock()

    def reserve(self) -> float:
        """Take a start and return 0.0 if one may be now; else return the seconds to wait."""
        with self._lock:
            return self._window.reserve(self._clock())

    def refused(self, wait_s: float, started_ago_s: float) -> None:
        """Record a 429 for a request that started so long ago: nobody starts for `wait_s`."""
        with self._lock:
            now = self._clock()
            self._window.refused(now, wait_s, now - started_ago_s)

    def paused_for(self) -> float:
        """Return for how many seconds a 429 still pauses everybody; 0.0 if none does."""
        with self._lock:
            return max(0.0, self._window.paused_until - self._clock())


@dataclass(slots=True)
class Window:
    """The starts of the last minute, and how many are allowed.

    `per_minute` is what Genesys grants; the share `headroom` of it stays unused, because requests
    can bunch up on their way to the server.
    """

    per_minute: int = 300
    headroom: float = 0.04
    _starts: deque[float] = field(default_factory=deque, repr=False)
    _pause_began: float = _NEVER
    _paused_until: float = _NEVER
    _lowered_to: int = 0
    _lowered_at: float = _NEVER
    _lowered_until: float = _NEVER

    def __post_init__(self) -> None:
        """Refuse budgets that allow nothing."""
        if self.per_minute < 1 or not 0 <= self.headroom < 1:
            raise ValueError("a budget allows at least one request a minute")

    @property
    def full(self) -> int:
        """The starts allowed in 60 s when nobody else uses the credential."""
        return max(1, floor(self.per_minute * (1 - self.headroom) + 1e-9))

    @property
    def paused_until(self) -> float:
        """Until when a 429 pauses all threads; in the past if none does."""
        return self._paused_until

    def reserve(self, now: float) -> float:
        """Take a start and return 0 if one may be now; else return the exact seconds to wait."""
        free_at = self.free_at(now)
        if free_at > now:
            return free_at - now
        self.took(now)
        return 0.0

    def took(self, now: float) -> None:
        """Record a start, whether it was free or not."""
        self._starts.append(now)
        while self._starts[0] <= now - WINDOW_S:
            self._starts.popleft()

    def refused(self, now: float, wait_s: float, started: float) -> None:
        """Record a 429 for the request that started at `started`: all threads pause.

        The budget was kept, so others use the credential as well: until a window after the pause
        the limit is what was let through, less a tenth, but not under a quarter of the full one
        (a 429 at the very start says little). Further 429s for requests that were already under
        way when the limit fell prolong the pause only.
        """
        if now >= self._paused_until:
            self._pause_began = now
        self._paused_until = max(self._paused_until, now + wait_s)
        if started > self._lowered_at:
            through = sum(started - WINDOW_S < start < started for start in self._starts)
            self._lowered_to = max(1, self.full // 4, min(self.full, through) * 9 // 10)
            self._lowered_at = now
        self._lowered_until = self._paused_until + WINDOW_S

    def paused_at(self, instant: float) -> float | None:
        """Return since when a 429 paused it at that instant, or None; knows the last pause."""
        return self._pause_began if self._pause_began <= instant < self._paused_until else None

    def since(self, instant: float) -> int:
        """Return how many of the last minute's starts were at or after that instant."""
        return sum(start >= instant for start in self._starts)

    def free_at(self, now: float) -> float:
        """Return when the next start is free, from `now` on."""
        at = max(now, self._paused_until)
        if at < self._lowered_until:
            free_at = max(at, self._slot(self._lowered_to))
            if free_at < self._lowered_until:
                return free_at
            at = self._lowered_until
        return max(at, self._slot(self.full))

    def _slot(self, limit: int) -> float:
        """Return when the window holds fewer than `limit` of the starts so far."""
        return self._starts[-limit] + WINDOW_S if len(self._starts) >= limit else _NEVER
