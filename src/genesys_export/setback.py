"""A request that is repeated, since it was not answered: whoever has a slot may lend it meanwhile.

A context variable, as the deadline is one: the client says that a request is set back, and knows
nothing of slots. A thread has none; whoever starts one passes the context on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

Lend = Callable[[], AbstractContextManager[None]]

_lend: ContextVar[Lend] = ContextVar("lend", default=nullcontext)


@contextmanager
def lending(lend: Lend) -> Iterator[None]:
    """Enter `lend` around every setback inside, but not around one within another."""
    before = _lend.set(lend)
    try:
        yield
    finally:
        _lend.reset(before)


@contextmanager
def setback() -> Iterator[None]:
    """Repeat a request inside, until it is answered or given up."""
    with _lend.get()(), lending(nullcontext):
        yield
