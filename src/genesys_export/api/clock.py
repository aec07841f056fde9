"""Time as the API package needs it; the only place of the package that reads a real clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from threading import Event
from typing import Protocol

from ..errors import ExportError


class Clock(Protocol):
    """What can be asked of a clock; safe from several threads."""

    def now(self) -> datetime:
        """Return this instant, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever grow, for measuring."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; raises what `interrupt` was told when that comes first."""
        ...


class SystemClock:
    """The machine's clock; its sleepers can be woken with an error."""

    def __init__(self) -> None:
        """Begin undisturbed."""
        self._woken = Event()
        self._error: ExportError | None = None

    def now(self) -> datetime:
        """Return this instant, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; raises the error given to `interrupt`, now or while waiting."""
        if self._woken.wait(max(0.0, seconds)) and self._error is not None:
            raise self._error

    def interrupt(self, error: ExportError) -> None:
        """Wake every sleeper, present and future, with this error."""
        self._error = error
        self._woken.set()
