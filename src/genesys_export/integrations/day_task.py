"""One day of one dataset of one organisation, as a task of any engine.

Knows names alone: they can be templated, stored and sent; credentials come from the settings and
the environment of whoever does the work. Imports no engine.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from threading import Event as Flag
from threading import current_thread, main_thread
from types import FrameType
from typing import Any, TypeVar

from ..errors import ExportError, WrongUse, in_sentences
from ..events import Event
from ..export import DayResult
from ..exporter import Exporter
from ..locations import Home
from ..progress.lines import line

CONVERSATIONS = "conversation_details"
Done = TypeVar("Done")
ShouldStop = Callable[[], bool]

_LOG = logging.getLogger("genesys_export")
_LOOK_EVERY_S = 0.2  # an exception that is thrown into a thread waits for its next instruction
_UNLESS_KNOWN = timedelta(minutes=5)


class Then(Enum):
    """What an engine does after an error."""

    LATER = auto()  # 75: the same task again, at `retry_at`
    AGAIN = auto()  # an outage, or it was stopped: a retry
    NEVER = auto()  # no retry helps: somebody must look


_THEN = {69: Then.AGAIN, 74: Then.AGAIN, 75: Then.LATER, 130: Then.AGAIN, 143: Then.AGAIN}


def then(problem: ExportError) -> Then:
    """Return what to do after the error."""
    return _THEN.get(problem.status, Then.NEVER)


def retry_at(problem: ExportError, now: datetime) -> datetime:
    """Return when to try again: what the error says, else in five minutes."""
    return problem.retry_at or now + _UNLESS_KNOWN


def sentences(problem: ExportError) -> str:
    """Return what happened and what to do."""
    return in_sentences(problem.message, problem.advice)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTask:
    """What is exported: names, never secrets."""

    day: str = ""
    org: str = ""  # "" for the only organisation
    dataset: str = CONVERSATIONS
    config: str = ""  # the settings file; "" for ./genesys-export.toml, if there is one

    def exporter(self, should_stop: ShouldStop | None = None) -> Exporter:
        """Return an exporter of that organisation and dataset alone; raises WrongSettings."""
        return Exporter.from_settings(
            self.config or None,
            org=self.org or None,
            datasets=[self.dataset],
            on_event=log,
            should_stop=should_stop,
        )

    def ended_before(self, moment: datetime) -> DayTask:
        """Return it with the last day that had ended then, in the settings' time zone."""
        with self.exporter() as exporter:
            there = moment.astimezone(exporter.settings.export.timezone)
        return replace(self, day=str(there.date() - timedelta(days=1)))

    def export(self) -> dict[str, Any]:
        """Export the day; return what is published, as JSON. Raises what `Exporter.export` does.

        Stops cleanly, and holds nothing, when the engine interrupts it.
        """
        return published(stoppable(self._export))

    def _export(self, should_stop: ShouldStop) -> DayResult:
        with self.exporter(should_stop) as exporter:
            orgs = exporter.orgs
            if len(orgs) > 1:
                raise WrongUse(
                    "the settings have several organisations, and a task exports one",
                    advice=f"Choose one: org={min(orgs)!r}.",
                )
            (result,) = exporter.export(self.day).results
            return result


def published(result: DayResult) -> dict[str, Any]:
    """Return what is published of a day after a good end: `manifest` is the manifest's key."""
    told: dict[str, Any] = {
        "org": result.org,
        "dataset": result.dataset,
        "day": str(result.day),
        "outcome": result.status,
    }
    if result.report is None or result.report.manifest is None:
        return told
    report, manifest = result.report, result.report.manifest
    key = Home(result.org, result.dataset).manifest(result.day)
    return told | {
        "state": str(manifest.state),
        "manifest": key if report.manifest_url else "",
        "counts": asdict(manifest.counts),
        "files": len(report.files),
    }


def log(event: Event) -> None:
    """Log it as the command line does, to the logger `genesys_export`."""
    told = line(event)
    values = " ".join(f"{name}={value}" for name, value in told.values.items())
    _LOG.log(told.weight, "%s %s", told.title, values)


def stoppable(work: Callable[[ShouldStop], Done]) -> Done:
    """Do the work in a thread of its own, and tell it to stop when the engine interrupts this one.

    Engines end a task by an exception in its thread, at any instruction (a time-out, Dagster's and
    Prefect's cancellation), or by SIGTERM (Airflow). The work sees `should_stop()`, releases what
    it holds and ends; only then does the exception go on.
    """
    stop = Flag()
    with _stopped_by_sigterm(stop), ThreadPoolExecutor(1, "genesys-export") as pool:
        future = pool.submit(copy_context().run, work, stop.is_set)
        try:
            while not future.done():
                wait((future,), timeout=_LOOK_EVERY_S)
            return future.result()
        finally:
            stop.set()


@contextmanager
def _stopped_by_sigterm(stop: Flag) -> Iterator[None]:
    """Set the flag when SIGTERM comes, besides what SIGTERM does already.

    Where it would end the process at once, it does so at the end of the block.
    """
    if current_thread() is not main_thread():  # no handler can be installed here
        yield
        return
    before = signal.getsignal(signal.SIGTERM) or signal.SIG_DFL
    arrived = Flag()

    def stopping(signum: int, frame: FrameType | None) -> None:
        stop.set()
        arrived.set()
        if callable(before):
            before(signum, frame)

    signal.signal(signal.SIGTERM, stopping)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        if arrived.is_set() and before is signal.SIG_DFL:
            signal.raise_signal(signal.SIGTERM)
