"""The clock of the Python API: what stops a call stops that call alone, in all its threads.

`should_stop` is asked before and during every wait, with the context variables of the caller.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextvars import ContextVar, copy_context
from typing import TypeVar

from ..api import SystemClock
from ..errors import Stopped

Item = TypeVar("Item")

_ASK_EVERY_S = 0.2
_call: ContextVar[SystemClock | None] = ContextVar("call", default=None)


class StoppableClock(SystemClock):
    """The machine's clock; the sleepers of a call are woken once it is to stop."""

    def __init__(self, should_stop: Callable[[], bool] | None = None) -> None:
        """Begin undisturbed."""
        super().__init__()
        self._should_stop = should_stop

    def pending(self) -> Stopped | None:
        """Return the error that ends what is under way, if it is to end."""
        if self._should_stop is None or not self._should_stop():
            return None
        return Stopped(signal.SIGTERM, by="should_stop")

    def abandon(self) -> None:
        """Wake the sleepers of the call that this thread works for: nobody waits for it."""
        if call := _call.get():
            call.interrupt(Stopped(signal.SIGTERM, by="its caller"))

    def sleep(self, seconds: float) -> None:
        """Wait; raises Stopped as soon as the call should stop, also for no wait at all."""
        end, call = self.monotonic() + seconds, _call.get()
        sleep = call.sleep if call else super().sleep
        while True:
            if stopped := self.pending():
                raise stopped
            left = end - self.monotonic()
            if self._should_stop is None or left <= _ASK_EVERY_S:
                sleep(max(0.0, left))
                return
            sleep(_ASK_EVERY_S)


def one_call(items: Iterator[Item]) -> Iterator[Item]:
    """Yield the items; making them is a call of its own, whoever asks for the next one."""
    context = copy_context()
    context.run(_call.set, SystemClock())
    return _within(context.run, items)


def _within(run: Callable[..., Item], items: Iterator[Item]) -> Iterator[Item]:
    try:
        while True:
            try:
                item = run(next, items)
            except StopIteration:
                return
            yield item
    finally:
        if close := getattr(items, "close", None):
            run(close)
