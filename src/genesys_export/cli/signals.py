"""SIGINT and SIGTERM end a run cleanly, but not in the middle of publishing.

The handler raises Stopped in the main thread and wakes every sleeper with it. While a day is being
made visible (seconds) it only takes note: half a day is worse than a late stop.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ..api import SystemClock
from ..errors import Stopped


class Signals:
    """The handlers of one run; used from the main thread."""

    def __init__(self, clock: SystemClock) -> None:
        """Install nothing yet."""
        self._clock = clock
        self._shielded = False
        self._pending: Stopped | None = None

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Handle the signals inside; what was there before is put back at the end."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._handle) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def shield(self) -> Iterator[None]:
        """Let what is inside come to its end; `check` raises afterwards."""
        self._shielded = True
        try:
            yield
        finally:
            self._shielded = False

    def check(self) -> None:
        """Raise Stopped if a signal came while shielded."""
        if self._pending is not None:
            raise self._pending

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        del frame
        if self._pending is not None:
            return  # the first one counts: a second must not cut short what the first began
        self._pending = Stopped(signum)
        if not self._shielded:
            self._clock.interrupt(self._pending)
            raise self._pending
