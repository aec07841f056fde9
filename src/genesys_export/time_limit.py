"""The deadline of a call: after it nothing new begins, and no wait that would end after it.

A context variable, so that whatever waits (for the budget, a job, another try) can check it
without knowing who set it. A thread has none: whoever starts one passes the context on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

from .errors import DeadlineReached, WrongUse
from .model import Clock

# How long a request that is under way at the deadline may still take.
GRACE_S = 10.0
_ROUGH_S = 10
_LONGEST_S = 86_400.0  # `retry_at` is at most a day away
# What comes after a wait, by its reason.
_STEPS = {
    "job": "its job needs at least {} s more",
    "budget": "its request budget allows the next request in {} s or more",
    "rate limit": "Genesys's rate limit allows the next request in {} s or more",
    "retry": "a failed request can be tried again in {} s or more",
    "availability": "Genesys can be asked for more data in {} s or more",
}
_LATE = 0.1  # of a call
_ends_s: ContextVar[float | None] = ContextVar("ends_s", default=None)
_late_s: ContextVar[float | None] = ContextVar("late_s", default=None)


def check_given(deadline: object) -> None:
    """Raise WrongUse unless it is a duration longer than zero, or None for no deadline."""
    if deadline is not None and not isinstance(deadline, timedelta):
        problem = f"deadline must be a datetime.timedelta, not {type(deadline).__name__}"
    elif deadline is not None and deadline <= timedelta(0):
        problem = "deadline must be longer than zero"
    else:
        return
    raise WrongUse(problem, advice="Pass one such as timedelta(minutes=14), or None.")


@contextmanager
def ending(at_s: float | None, whole: timedelta | None = None) -> Iterator[None]:
    """Set the deadline inside, in seconds of the monotonic clock; None: there is none.

    `whole` is how long the call may take from its begin.
    """
    late_s = None
    if at_s is not None and whole is not None:
        late_s = at_s - (1 - _LATE) * whole.total_seconds()
    ends, late = _ends_s.set(at_s), _late_s.set(late_s)
    try:
        yield
    finally:
        _late_s.reset(late)
        _ends_s.reset(ends)


def is_set() -> bool:
    """Whether there is a deadline here."""
    return _ends_s.get() is not None


def is_late(clock: Clock) -> bool:
    """Whether what begins now has clearly less time than the whole call."""
    late_s = _late_s.get()
    return late_s is not None and clock.monotonic() > late_s


def left_s(clock: Clock, most_s: float = _LONGEST_S) -> float:
    """Return the seconds until the deadline, at most so many."""
    ends_s = _ends_s.get()
    return most_s if ends_s is None else max(0.0, min(most_s, ends_s - clock.monotonic()))


def check(clock: Clock, wait_s: float = 0.0, *, reason: str = "", grace_s: float = 0.0) -> None:
    """Raise DeadlineReached if the deadline is over, or would be after that wait for `reason`."""
    ends_s = _ends_s.get()
    if ends_s is None or clock.monotonic() + wait_s < ends_s + grace_s:
        return
    raise reached(clock, wait_s, reason=reason)


def reached(clock: Clock, wait_s: float = 0.0, *, reason: str = "") -> DeadlineReached:
    """Return the error; `wait_s` is after how long the next step is possible."""
    why, wait_s = "the deadline is reached", min(wait_s, _LONGEST_S)
    if wait_s > 0:
        step = _STEPS.get(reason, "the next step is possible in {} s or more")
        why = f"{step.format(_roughly(wait_s))}, which is after the deadline"
    retry_at = clock.now() + timedelta(seconds=wait_s)
    return DeadlineReached(why, retry_at=retry_at, waited_for=reason)


def _roughly(wait_s: float) -> int:
    """Return the whole seconds, from ten on whole tens: days that wait alike share a message."""
    whole = max(1, int(wait_s))
    return whole if whole < _ROUGH_S else whole // 10 * 10
