"""A file for the textfile collector of Prometheus's node_exporter: how the last call went.

Gauges, since a run is a process of its own: counters would begin at nothing each time. Written by
rename at the end of each call. What the file says of other datasets and organisations stays, as
long as the settings have the organisation.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock

from ..events import Event
from .figures import Figures, Sums, Whose

PREFIX = "genesys_export_"
_HELP = {
    "last_run_timestamp_seconds": "When the last run ended.",
    "last_success_timestamp_seconds": "When the last successful run ended; 0: never.",
    "last_run_duration_seconds": "How long the last run took.",
    "last_run_days": "Days of the last run, by how they ended.",
    "failed_days": "Days of the last run that failed.",
    "lateness_seconds": "From the end of the newest published day to its publishing.",
    "last_run_records": "Conversations and other records that the last run read.",
    "last_run_requests": "Requests to Genesys in the last run.",
    "last_run_received_bytes": "Bytes of Genesys's answers in the last run.",
    "last_run_uploaded_bytes": "Bytes that the last run uploaded.",
    "last_run_wait_seconds": "Time that the last run waited, all threads together, by reason.",
}
# What still holds when a later run has nothing newer to say.
_SUCCESS = "last_success_timestamp_seconds"
_LASTING = frozenset({_SUCCESS, "lateness_seconds"})
_LINE = re.compile(rf'{PREFIX}(\w+){{org="([^"]*)",dataset="([^"]*)"(?:,(\w+="[^"]*"))?}} (\S+)')


@dataclass(frozen=True, slots=True)
class _Series:
    """What distinguishes one value: names of organisations and datasets need no escapes."""

    name: str
    whose: Whose
    more: str = ""  # one more label, `status="failed"`

    def __str__(self) -> str:
        org, dataset = self.whose
        more = f",{self.more}" if self.more else ""
        return f'{PREFIX}{self.name}{{org="{org}",dataset="{dataset}"{more}}}'


@dataclass(slots=True)
class _Call:
    began: datetime
    figures: Figures = field(default_factory=Figures)


_call: ContextVar[_Call | None] = ContextVar("prometheus", default=None)


class PrometheusFile:
    """Writes the file; one process should write it at a time."""

    def __init__(
        self,
        path: Path,
        tell: Callable[[str], None],
        now: Callable[[], datetime],
        orgs: Collection[str] | None = None,
    ) -> None:
        """Write nothing yet; `tell` gets the one notice if it can't be written.

        Only what the file says of `orgs` is kept (None: everything).
        """
        self._path, self._tell, self._now, self._orgs = path, tell, now, orgs
        self._lock = Lock()
        self._told = False

    def __call__(self, event: Event) -> None:
        """Add an event to its call."""
        if call := _call.get():
            now = self._now()
            with self._lock:
                call.figures.add(event, now)

    def begin(self) -> None:
        """Begin to sum up what happens in this context."""
        _call.set(_Call(began=self._now()))

    def end(self) -> None:
        """Write the file."""
        if call := _call.get():
            _call.set(None)
            with self._lock:
                self._write(call)

    def close(self) -> None:
        """Nothing is left."""

    def _write(self, call: _Call) -> None:
        values = _values(call.figures, call.began, self._now())
        try:
            kept = {
                one: value
                for one, value in _kept(_read(self._path), values).items()
                if self._orgs is None or one.whose[0] in self._orgs
            }
            never = {_Series(_SUCCESS, one.whose): 0.0 for one in values}
            _replace(self._path, text_of({**never, **kept, **values}))
        except (OSError, UnicodeDecodeError) as problem:
            if not self._told:
                why = getattr(problem, "strerror", None) or "it is not text"
                self._tell(f"telemetry.prometheus_file {self._path} was not written: {why}")
            self._told = True


def _values(figures: Figures, began: datetime, now: datetime) -> dict[_Series, float]:
    """Return what a call that has ended comes to."""
    found: dict[_Series, float] = {}
    for whose, sums in figures.of_datasets():
        found |= {_Series(name, whose): value for name, value in _plain(sums)}
        found[_Series("last_run_timestamp_seconds", whose)] = now.timestamp()
        found[_Series("last_run_duration_seconds", whose)] = (now - began).total_seconds()
        if sums.is_success:
            found[_Series(_SUCCESS, whose)] = now.timestamp()
        for status, count in sums.days.items():
            found[_Series("last_run_days", whose, f'status="{status}"')] = count
        for reason, waited_s in sums.waits_s.items():
            found[_Series("last_run_wait_seconds", whose, f'reason="{reason}"')] = waited_s
    return found


def _plain(sums: Sums) -> Iterator[tuple[str, float]]:
    yield "failed_days", sums.failed
    yield "last_run_records", sums.records
    yield "last_run_requests", sums.requests
    yield "last_run_received_bytes", sums.received_bytes
    yield "last_run_uploaded_bytes", sums.uploaded_bytes
    if sums.lateness_s is not None:
        yield "lateness_seconds", sums.lateness_s


def text_of(values: Mapping[_Series, float]) -> str:
    """Return the file's text, a group of lines for each metric."""
    lines = []
    for name, help_ in _HELP.items():
        own = sorted((str(one), value) for one, value in values.items() if one.name == name)
        if own:
            lines += [f"# HELP {PREFIX}{name} {help_}", f"# TYPE {PREFIX}{name} gauge"]
            lines += [f"{series} {float(value)!r}" for series, value in own]
    return "".join(f"{line}\n" for line in lines)


def _read(path: Path) -> dict[_Series, float]:
    """Return what the file says; lines that are not ours are passed over."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    found = {}
    for line in text.splitlines():
        if match := _LINE.fullmatch(line):
            name, org, dataset, more, value = match.groups()
            with suppress(ValueError):
                found[_Series(name, (org, dataset), more or "")] = float(value)
    return found


def _kept(old: Mapping[_Series, float], new: Mapping[_Series, float]) -> dict[_Series, float]:
    """Return what stays: of others all, of the same dataset what still holds."""
    met = {one.whose for one in new}
    return {
        one: value for one, value in old.items() if one.whose not in met or one.name in _LASTING
    }


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, "utf-8")
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
