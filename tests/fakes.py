"""What stands in for the world in tests: time that is turned by hand, and a memory for events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Lock

from genesys_export.errors import ExportError


class FakeClock:
    """A clock whose sleepers don't wait: time jumps to where they wake. Safe from many threads."""

    def __init__(self, start: datetime = datetime(2026, 11, 23, 6, tzinfo=UTC)) -> None:
        self._start = start
        self._passed_s = 0.0
        self._lock = Lock()
        self._error: ExportError | None = None
        self.slept: list[float] = []  # every wait longer than nothing

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed_s)

    def monotonic(self) -> float:
        return self._passed_s

    def sleep(self, seconds: float) -> None:
        if self._error is not None:
            raise self._error
        if seconds > 0:
            with self._lock:
                self.slept.append(seconds)
                self._passed_s += seconds

    def interrupt(self, error: ExportError) -> None:
        self._error = error


class Events(list):
    """An observer that remembers."""

    def __call__(self, event: object) -> None:
        self.append(event)

    def of(self, kind: type) -> list:
        return [event for event in self if isinstance(event, kind)]
