"""Tells that a request was not answered and will be repeated, to the code that waits for it.

A context variable, as the deadline is one: the client knows nothing of slots. A new thread has
none, unless it is started with `carried`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


def _nobody() -> None:
    pass


_told: ContextVar[Callable[[], None]] = ContextVar("told", default=_nobody)


@contextmanager
def telling(told: Callable[[], None]) -> Iterator[None]:
    """Call `told` at every setback inside, in the thread that is set back; it must not wait."""
    token = _told.set(told)
    try:
        yield
    finally:
        _told.reset(token)


def set_back() -> None:
    """Tell that an answer will take longer."""
    _told.get()()
