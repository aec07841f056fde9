"""How a worker tells the client what it does: at most once a second a task, figures summed up.

News of days go as they are; requests, pages and bytes as sums. Events hold no secret, so that the
scheduler's logs hold none.
"""

from __future__ import annotations

import pickle
from dataclasses import fields
from threading import Lock
from types import TracebackType
from typing import Any, Self

from distributed import Worker

from ... import events
from ...events import Event, Observe, WorkerFigures
from ...progress import Tally, Totals

_EVERY_S = 1.0
# The client says itself how each day ended: some are tried again.
_NEWS = (events.DayPublished, events.DaySkipped, events.DayRecovered, events.Noticed)
_FIGURES = tuple(one.name for one in fields(Totals) if one.name in WorkerFigures.__struct_fields__)


class Teller:
    """An observer in a worker; tells the rest at the end of its context."""

    def __init__(self, worker: Worker, topic: str, org: str) -> None:
        """Tell nothing yet."""
        self._worker, self._topic, self._org = worker, topic, org
        self._lock, self._news, self._tally = Lock(), list[Event](), Tally()
        self._told_at = worker.loop.time()

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        self._tally(event)
        with self._lock:
            if isinstance(event, _NEWS):
                self._news.append(event)
            if self._worker.loop.time() - self._told_at >= _EVERY_S:
                self._tell()

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Tell the rest."""
        with self._lock:
            self._tell()

    def _tell(self) -> None:
        totals, self._tally = self._tally.totals(), Tally()
        figures = WorkerFigures(
            org=self._org,
            **{name: getattr(totals, name) for name in _FIGURES},
        )
        news, self._news = [*self._news, figures], []
        self._told_at = self._worker.loop.time()
        self._worker.log_event(self._topic, pickle.dumps(news))


def heard(observe: Observe) -> Any:
    """Return the handler of a client's topic; it passes every event on."""

    def handle(told: tuple[float, bytes]) -> None:
        _, news = told
        for event in pickle.loads(news):  # noqa: S301 - from workers, whose results are pickled too
            observe(event)

    return handle
