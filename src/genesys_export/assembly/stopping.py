"""A clock that a caller can stop: `should_stop` is asked before and during every wait."""

from __future__ import annotations

import signal
from collections.abc import Callable

from ..api import SystemClock
from ..errors import Stopped

_ASK_EVERY_S = 0.2


class StoppableClock(SystemClock):
    """The machine's clock; its sleepers are woken once `should_stop` returns true."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        """Begin undisturbed."""
        super().__init__()
        self._should_stop = should_stop

    def pending(self) -> Stopped | None:
        """Return the error that ends what is under way, if it is to end."""
        return Stopped(signal.SIGTERM, by="should_stop") if self._should_stop() else None

    def sleep(self, seconds: float) -> None:
        """Wait; raises Stopped as soon as it should stop, also where nothing is to be waited."""
        end = self.monotonic() + seconds
        while True:
            if stopped := self.pending():
                raise stopped
            left = end - self.monotonic()
            super().sleep(min(max(0.0, left), _ASK_EVERY_S))
            if left <= _ASK_EVERY_S:
                return
