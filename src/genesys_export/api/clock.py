"""Time as this package needs it, and the machine's own.

Everything else is given a Clock, so that tests can turn time by hand; `SystemClock` is the only
place that reads the real one.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue

from ..days import Interval, midnight, yesterday, zone_named
from ..errors import ExportError
from ..model import Clock

__all__ = ["Clock", "SystemClock", "monotonic", "trial_minute"]


# Linux has it, macOS doesn't.
_BOOT = getattr(time, "CLOCK_BOOTTIME", None)


def monotonic() -> float:
    """Return monotonic seconds, including the machine's sleep if the system provides that.

    Leases and deadlines run on while it sleeps; Linux's usual monotonic clock does not.
    """
    return time.monotonic() if _BOOT is None else time.clock_gettime(_BOOT)


class SystemClock:
    """The machine's clock; its sleepers can be woken with an error."""

    def __init__(self) -> None:
        """Begin undisturbed."""
        # A queue, not an Event: a signal handler may put into a SimpleQueue whatever the thread
        # it interrupts is doing, while Event.set can wait for a lock that this thread holds.
        self._interrupts: SimpleQueue[ExportError] = SimpleQueue()

    def now(self) -> datetime:
        """Return this instant, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return monotonic seconds, including the machine's sleep if the system provides that."""
        return monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; raises the error given to `interrupt`, now or while waiting."""
        try:
            error = self._interrupts.get(timeout=max(0.0, seconds))
        except Empty:
            return
        self._interrupts.put(error)  # for the next sleeper
        raise error

    def rest(self, seconds: float) -> None:
        """Wait without being interrupted."""
        time.sleep(seconds)

    def interrupt(self, error: ExportError) -> None:
        """Wake every sleeper, present and future, with this error; safe in a signal handler."""
        self._interrupts.put(error)


def trial_minute(clock: Clock) -> Interval:
    """Return the first minute of yesterday, which is asked for to try a request out."""
    utc = zone_named("UTC")
    begin = midnight(yesterday(clock.now(), utc), utc)
    return Interval(begin, begin + timedelta(minutes=1))
