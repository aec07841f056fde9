"""Destinations with a clock turned by hand, and processes that die, sleep or get no answer.

`Dated` stands for the server: it outlives every process. `Process` is one run's way to it and to
Genesys; once that run is killed it refuses every call, so that no clean-up has any effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Any

from fakes import FakeClock, FakeSource, MemoryStore
from genesys_export.errors import DestinationFailed, ExportError, Stopped, UnknownOutcome

# What changes the destination, so that a reader may see something else afterwards.
CHANGES = frozenset({"put", "complete", "delete", "discard"})
_TICK_S = 0.01


class Killed(BaseException):
    """The process is gone."""


class Dated:
    """A store whose own clock is the test's: what is written is dated by it."""

    def __init__(self, store: Any, clock: FakeClock) -> None:
        self.store, self._clock = store, clock
        self.deleted: list[Any] = []  # when data files were deleted
        self._modified: dict[str, Any] = {}
        self._began: dict[str, Any] = {}
        self._lock = RLock()

    def put(self, key, body, condition, content_type):
        return self._dated(key, lambda: self.store.put(key, body, condition, content_type))

    def complete(self, staged):
        return self._dated(staged.key, lambda: self.store.complete(staged))

    def _dated(self, key, write):
        with self._lock:
            done = write()
            self._clock.rest(_TICK_S)
            self._modified[key] = self._clock.now()
            return done

    def stage(self, key, token, content_type):
        upload = self.store.stage(key, token, content_type)
        begun = getattr(upload, "_created", None)
        self._clock.rest(_TICK_S)
        self._began[begun.upload_id if begun else upload._upload_id] = self._clock.now()
        return upload

    def look(self, key):
        with self._lock:
            seen = self.store.look(key)
            if seen is None:
                return None
            modified = self._modified.get(key, seen.modified)
            return replace(seen, modified=modified, now=self._clock.now())

    def delete(self, key):
        self.store.delete(key)
        if not key.startswith("_genesys_export/"):
            self.deleted.append(self._clock.now())

    def uploads(self, prefix):
        for one in self.store.uploads(prefix):
            yield replace(one, began=self._began[one.upload_id])

    def __getattr__(self, name):
        return getattr(self.store, name)


@dataclass
class Trouble:
    """What meets a process at one of its calls (from 0), and whether before or after it."""

    kind: str  # killed, stopped, unanswered; "" for a visit only
    call: int
    done: bool = False
    visit: Callable[[], None] | None = None  # what others do at that moment, first


@dataclass
class Process:
    """One run's way to the world outside; counts its calls."""

    store_outside: Any
    source_outside: Any
    clock_outside: FakeClock
    trouble: Trouble | None = None
    watch: Callable[[], None] = lambda: None  # after each call that changes the destination
    doom: list[Any] = field(default_factory=lambda: ["", 0])
    calls: int = 0
    met: bool = False
    _dead: bool = False
    _stopped: bool = False
    _uploads: list[Any] = field(default_factory=list)
    _lock: Any = field(default_factory=RLock)

    @property
    def store(self):
        return _Store(self)

    @property
    def source(self):
        return _Source(self)

    @property
    def clock(self):
        return _Clock(self)

    def call(self, name: str, do: Callable[[], Any]) -> Any:
        """Do something outside, one thing at a time, unless trouble comes first or instead."""
        with self._lock:
            if self._dead:
                raise Killed
            trouble = self.trouble
            due = trouble if trouble and self.calls == trouble.call and not self.met else None
            self.calls += 1
            if due and not due.done:
                self._meet(due, name)
            try:
                result = do()
            except ExportError:
                if due and due.done:
                    self._meet(due, name)
                raise
            if name in CHANGES:
                self.watch()
            if due and due.done:
                self._meet(due, name)
            if name == self.doom[0]:
                self.doom[1] -= 1
                self._dead = self.doom[1] == 0
                self.check()
            return result

    def _meet(self, trouble: Trouble, name: str) -> None:
        self.met = True
        if trouble.visit is not None:
            trouble.visit()
        match trouble.kind:
            case "killed":
                self._dead = True
                raise Killed
            case "stopped":
                self._stopped = True
            case "unanswered" if name in {"put", "complete"}:
                raise UnknownOutcome(f"{name}: no answer")
            case "unanswered" if name not in {"source", "clock"}:
                raise DestinationFailed(f"{name}: no answer")

    def dies_at(self, name: str, times: int) -> None:
        """Be killed after the call of that name for the so manieth time."""
        self.doom = [name, times]

    def check(self) -> None:
        if self._dead:
            raise Killed
        if self._stopped:
            raise Stopped(15)

    def bury(self) -> None:
        """Close what a dead process held open, as the system does."""
        self._dead = True
        for upload in self._uploads:
            for held in ("_file", "_spool"):
                if (file := getattr(upload, held, None)) is not None:
                    file.close()

    def begun(self, upload: Any) -> _Upload:
        self._uploads.append(upload)
        return _Upload(self, upload)


class _Store:
    def __init__(self, process: Process) -> None:
        self._process = process

    def __getattr__(self, name):
        process = self._process
        do = getattr(process.store_outside, name)
        if name == "url":
            return do

        def call(*arguments):
            if name == "stage":
                return process.call(name, lambda: process.begun(do(*arguments)))
            if name in {"list", "scan", "uploads"}:
                return process.call(name, lambda: iter([*do(*arguments)]))
            if name == "chunks":
                return _lazy(process, lambda: do(*arguments))
            return process.call(name, lambda: do(*arguments))

        return call


def _lazy(process, begin) -> Iterator[bytes]:
    yield from process.call("chunks", lambda: [*begin()])


class _Upload:
    def __init__(self, process: Process, upload: Any) -> None:
        self._process, self._upload = process, upload

    def write(self, data):
        self._upload.write(data)

    def seal(self):
        return self._process.call("seal", self._upload.seal)

    def discard(self):
        self._process.call("discard", self._upload.discard)


class _Source(FakeSource):
    def __init__(self, process: Process) -> None:
        self._process = process

    def watermark(self):
        return self._process.call("source", self._process.source_outside.watermark)

    def fetch(self, interval, job_id=None):
        return _Fetch(self._process, self._process.source_outside.fetch(interval, job_id))


class _Fetch:
    def __init__(self, process: Process, fetch: Any) -> None:
        self._process, self._fetch = process, fetch

    @property
    def job_ids(self):
        return self._fetch.job_ids

    awaits_job = True

    def prepare(self):
        self._process.call("source", self._fetch.prepare)

    def pages(self):
        pages = self._fetch.pages()
        while (page := self._process.call("source", lambda: next(pages, None))) is not None:
            yield page

    def release(self):
        self._process.call("source", self._fetch.release)


class _Clock:
    def __init__(self, process: Process) -> None:
        self._process, self._clock = process, process.clock_outside

    def now(self):
        return self._clock.now()

    def monotonic(self):
        return self._clock.monotonic()

    def sleep(self, seconds):
        self._process.check()
        self._clock.sleep(seconds)

    def rest(self, seconds):
        self._clock.rest(seconds)


__all__ = ["Dated", "Killed", "MemoryStore", "Process", "Trouble"]
