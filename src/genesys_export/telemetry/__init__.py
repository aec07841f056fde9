"""What monitoring systems get of every call: OTLP for a collector, a file for Prometheus.

Observers, like the progress; off by default, and imported only where they are on. They tell the
names of organisations, datasets, days and slices, templates of paths, statuses and counts: no
secret, and no customer's data. What fails here is one notice: it ends no export and delays none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Protocol, TypeVar

from ..errors import WrongSettings, how_to_install
from ..events import Event, Noticed, Observe
from ..redaction import told

Item = TypeVar("Item")


class Watch(Protocol):
    """What watches calls for one monitoring system; safe from several threads."""

    def __call__(self, event: Event) -> None:
        """Take note of an event of the call that this thread works for."""
        ...

    def begin(self) -> None:
        """Begin to watch a call: what happens in this context, and in copies of it."""
        ...

    def end(self) -> None:
        """Note that this context's call has ended."""
        ...

    def close(self) -> None:
        """Deliver what is left, if that takes no time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which monitoring systems get something."""

    otlp: bool = False
    prometheus_file: Path | None = None
    orgs: Collection[str] | None = None  # those the file may speak of; None: all


class Telemetry:
    """An observer before another one: all watches of one Exporter see what it sees."""

    def __init__(self, wanted: Wanted, observe: Observe, now: Callable[[], datetime]) -> None:
        """Watch nothing yet; `observe` gets every event, and the notices."""
        self._wanted, self._observe, self._now = wanted, observe, now
        self._lock = Lock()
        self._watches: tuple[Watch, ...] | None = None
        self._faults: set[Watch] = set()

    def __call__(self, event: Event) -> None:
        """Show an event to all; a watch that fails gets no more of them."""
        self._each(lambda watch: watch(event))
        self._observe(event)

    def called(self, items: Iterator[Item]) -> Iterator[Item]:
        """Yield the items; making them is one call, in a context of its own.

        Raises WrongSettings for a missing extra.
        """
        with self._lock:
            if self._watches is None:
                self._watches = tuple(self._made())
        return self._watched(items)

    def close(self) -> None:
        """Deliver what is left; the next call begins anew."""
        self._each(lambda watch: watch.close())
        with self._lock:
            self._watches = None

    def _watched(self, items: Iterator[Item]) -> Iterator[Item]:
        self._each(lambda watch: watch.begin())
        try:
            yield from items
        finally:
            self._each(lambda watch: watch.end())

    def _each(self, act: Callable[[Watch], None]) -> None:
        for watch in self._watches or ():
            if watch in self._faults:
                continue
            try:
                act(watch)
            except Exception as problem:  # noqa: BLE001 - monitoring must not end an export
                self._faults.add(watch)
                self._off(problem)

    def _off(self, problem: Exception) -> None:
        self._tell(f"telemetry failed, and is off from here on: {told(problem)}")

    def _made(self) -> Iterator[Watch]:
        if self._wanted.prometheus_file:
            from .prometheus import PrometheusFile  # noqa: PLC0415 - off by default

            yield PrometheusFile(
                self._wanted.prometheus_file, self._tell, self._now, self._wanted.orgs
            )
        if self._wanted.otlp:
            try:
                from .otlp import Otlp  # noqa: PLC0415 - an extra
            except ImportError as missing:
                raise WrongSettings(
                    f"telemetry.otlp needs OpenTelemetry's SDK: {missing.name} is not installed",
                    advice=how_to_install("otel"),
                ) from missing
            try:
                yield Otlp(self._tell, self._now)
            except Exception as problem:  # noqa: BLE001 - a variable of the SDK's, mostly
                self._off(problem)

    def _tell(self, message: str) -> None:
        self._observe(Noticed(message=message))
