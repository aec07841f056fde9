"""A Dask cluster as this package needs it: chunks go in, what became of them comes out.

Knows `distributed` and nothing of when what is to be exported.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from time import sleep, time
from typing import cast

from distributed import Client, Future, KilledWorker, Scheduler

from ... import __version__
from ...errors import TryAgainLater, as_known
from ...events import Noticed, Observe
from ...export import ExportOptions
from . import bucket, versions, worker
from .agenda import Chunk
from .task import Ended, Killed, Lost, Outcome, Recipe, Task
from .telling import heard

_LOOK_EVERY_S = 2.0
_LONGEST_GOODBYE_S = 10.0
_IDLE_S = 20.0  # so long there may be no worker before that is told
_UNREACHABLE = (OSError, AttributeError)  # a client that closes meanwhile has no scheduler object
_GONE = {"closing", "closed", "failed"}  # states of a client that gave its scheduler up


@dataclass(slots=True, kw_only=True)
class Cluster:
    """The work of one run on a cluster; for one thread. To be closed at the end."""

    client: Client
    recipe: Recipe
    options: ExportOptions
    workers_per_org: int
    observe: Observe
    is_local: bool = False
    _address: str = ""  # of the scheduler
    _topic: str = ""
    _done: SimpleQueue[tuple[str, Outcome]] = field(default_factory=SimpleQueue)
    _running: dict[str, tuple[Chunk, Future]] = field(default_factory=dict)
    _homes: dict[str, list[str]] = field(default_factory=dict)  # organisation → its workers
    _threads: dict[str, int] = field(default_factory=dict)  # worker → how many
    _looked_at_s: float = float("-inf")
    _idle_since_s: float | None = None
    _is_ready: bool = False

    def prepare(self) -> None:
        """Check the versions, and give scheduler and workers what they need."""
        versions.check(self.client.get_versions(packages=[versions.PACKAGE]))
        if self.workers_per_org > 1:
            self.client.register_plugin(bucket.Budgets())
        self.client.register_plugin(worker.Goodbye(is_local=self.is_local))
        self._address = str(self.client.scheduler.address)
        self._topic = f"genesys-export-{secrets.token_hex(8)}"
        self.client.subscribe_topic(self._topic, heard(self.observe))
        self._is_ready = True

    def room(self, now_s: float) -> int:
        """Return how many more tasks may be submitted: twice the threads, in all."""
        if not self._is_ready or self.client.status != "running":
            return 0
        if now_s - self._looked_at_s >= _LOOK_EVERY_S:
            with suppress(*_UNREACHABLE):  # the scheduler is gone: `ended` says so
                self._looked_at_s, self._threads = now_s, dict(self.client.nthreads())
                self._rescue()
            self._say_idle(now_s)
        return 2 * sum(self._threads.values()) - len(self._running)

    def _say_idle(self, now_s: float) -> None:
        """Say once that there is no worker, where that lasts."""
        if self._threads:
            self._idle_since_s = None
        elif self._idle_since_s is None:
            self._idle_since_s = now_s
        elif now_s - self._idle_since_s >= _IDLE_S:
            self._idle_since_s = float("inf")
            message = f"the Dask scheduler {self._address} has no worker: waiting for one"
            self.observe(Noticed(message=message))

    def _rescue(self) -> None:
        """Take back what waits for a worker that is gone.

        Dask (2026.8) leaves a task with a preferred worker unrunnable for ever where all workers
        were gone for a moment, although it may run on others.
        """
        keys = [key for key, (chunk, _) in self._running.items() if self._is_homeless(chunk.org)]
        if not keys or not self._threads:
            return
        stranded = self.client.run_on_scheduler(_unrunnable, keys)
        self.client.cancel([self._running[key][1] for key in stranded])  # each is told as Lost

    def _is_homeless(self, org: str) -> bool:
        return not self._threads.keys() & set(self._homes.get(org, ()))

    def submit(self, chunk: Chunk) -> None:
        """Let a worker export a chunk."""
        task = Task(
            recipe=self.recipe,
            org=chunk.org,
            first=chunk.first,
            last=chunk.last,
            options=self.options,
            version=__version__,
            topic=self._topic,
            workers_per_org=self.workers_per_org,
        )
        key = f"genesys-export-{chunk}-{secrets.token_hex(4)}"
        future = self.client.submit(
            worker.export,
            task,
            key=key,
            workers=self._home(chunk.org),
            allow_other_workers=True,
            pure=False,
        )
        self._running[key] = (chunk, future)
        future.add_done_callback(partial(_told, self._done))

    def ended(self, within_s: float) -> Iterator[tuple[Chunk, Outcome]]:
        """Yield what has ended, or nothing for a moment; raises TryAgainLater without scheduler.

        A client that lost its scheduler looks for it for half a minute: what ran there is lost.
        """
        if self.client.status in _GONE:
            raise TryAgainLater(
                f"the Dask scheduler {self._address} is gone",
                advice="Start it, then run the same command again: finished days are kept.",
            )
        if self.client.status != "running":
            self._is_ready = False
        elif not self._is_ready:
            with suppress(*_UNREACHABLE):  # not there yet
                self.prepare()
        try:
            found = [self._done.get(timeout=within_s)]
        except Empty:
            return
        while not self._done.empty():
            found.append(self._done.get())
        for key, outcome in found:
            chunk, _ = self._running.pop(key)
            yield chunk, outcome

    def close(self) -> None:
        """Let the workers stop what is under way, and wait until they have let go; bounded."""
        futures = [future for _, future in self._running.values()]
        self._running.clear()
        if not futures or self.client.status != "running":
            return
        end_s = time() + _LONGEST_GOODBYE_S
        with suppress(*_UNREACHABLE):
            self.client.cancel(futures)
            while time() < end_s and any(self._busy().values()):
                sleep(0.2)

    def _busy(self) -> dict[str, int]:
        return dict(self.client.run(worker.busy, self._topic, on_error="ignore"))

    def _home(self, org: str) -> list[str] | None:
        """Return the workers that the organisation prefers: those with the fewest others."""
        homes = [one for one in self._homes.get(org, ()) if one in self._threads]
        load = Counter(one for many in self._homes.values() for one in many)
        others = sorted(self._threads.keys() - homes, key=lambda one: (load[one], one))
        homes += others[: max(0, self.workers_per_org - len(homes))]
        self._homes[org] = homes
        return homes or None


def _unrunnable(keys: list[str], dask_scheduler: Scheduler) -> list[str]:
    found = {key: dask_scheduler.tasks.get(key) for key in keys}
    return [key for key, task in found.items() if task and task.state == "no-worker"]


def _told(done: SimpleQueue[tuple[str, Outcome]], future: Future) -> None:
    """Take note of how a task ended; in a thread of the client's."""
    done.put((future.key, _outcome(future)))


def _outcome(future: Future) -> Outcome:
    if future.status == "cancelled":
        return Lost()
    try:
        return cast("Ended", future.result())
    except KilledWorker:
        return Killed()
    except (CancelledError, OSError):
        return Lost()
    except Exception as problem:  # noqa: BLE001 - whatever a worker could not even begin with
        return Ended(as_known(problem))
