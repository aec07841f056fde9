"""A request that is not answered and will be repeated: whoever waits for it may want to know.

A context variable, as the deadline is one: the client tells that it is set back, and knows nothing
of slots. A thread has none; whoever starts one passes the context on.
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
    before = _told.set(told)
    try:
        yield
    finally:
        _told.reset(before)


def set_back() -> None:
    """Tell that an answer will take longer."""
    _told.get()()
