"""SIGINT and SIGTERM end a run cleanly, but not in the middle of publishing.

The handler raises Stopped in the main thread and wakes every sleeper with it. While a day is being
made visible (seconds) it only takes note: half a day is worse than a late stop. Handlers run in
the main thread alone; where other threads do the work, the main one collects how they end.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

from ..api import SystemClock
from ..errors import Stopped
from ..interruption import NUMBERS


class Signals:
    """The handlers of one run; all but `shield` is for the main thread."""

    def __init__(self, clock: SystemClock) -> None:
        """Install nothing yet."""
        self._clock = clock
        self._shields = 0  # of the main thread; several lie inside one another
        self._collecting = False
        self._pending: Stopped | None = None

    @property
    def pending(self) -> Stopped | None:
        """The signal that came, if one did."""
        return self._pending

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Handle the signals inside; what was there before is put back at the end.

        Once a signal came, no other error leaves: a library that is hit by Stopped at an odd
        moment (while it is imported, say) raises something of its own.
        """
        before = {number: signal.getsignal(number) for number in NUMBERS}
        try:
            for number in NUMBERS:
                signal.signal(number, self._handle)
            yield
        except Exception as problem:
            if self._pending is None or problem is self._pending:
                raise
            raise self._pending from problem
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def shield(self) -> Iterator[None]:
        """Let the block finish; later waits are interrupted, and `check` raises.

        In any other thread than the main one that is so anyway: no handler runs there, and what
        publishes asks no clock that can be interrupted. Its shield must not keep a signal from
        those who only wait.
        """
        if current_thread() is not main_thread():
            yield
            return
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1
            if self._pending is not None and not self._shields:
                self._clock.interrupt(self._pending)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Wake the sleepers, but leave the main thread alone: it looks at `pending` itself.

        For a main thread that waits for others: it has to see each of them to its end.
        """
        self._collecting = True
        try:
            yield
        finally:
            self._collecting = False

    def check(self) -> None:
        """Raise Stopped if a signal came while shielded."""
        if self._pending is not None:
            raise self._pending

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        del frame
        if self._pending is not None:
            return  # the first one counts: a second must not cut short what the first began
        self._pending = Stopped(signum)
        if self._shields:
            return
        self._clock.interrupt(self._pending)
        if not self._collecting:
            raise self._pending
