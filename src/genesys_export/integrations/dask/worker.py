"""What runs in a worker: one task after the other, and the plug-in that ends them cleanly.

A task never raises: its days' errors are values. It ends early, with its claims released and its
jobs deleted, when the worker closes or nobody wants the task any more (the client is gone).
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, current_thread, main_thread
from traceback import format_tb
from typing import Any

from distributed import Worker, WorkerPlugin, get_worker

from ... import __version__
from ...api import Budget
from ...assembly.stopping import StoppableClock
from ...assembly.working import Surroundings
from ...errors import Bug, ExportError, WrongSettings, as_known
from ...export import DayResult
from ...exporter import Exporter
from ...settings import Settings
from .bucket import SharedBudget, asking
from .task import Ended, Task
from .telling import Teller

NAME = f"genesys-export-{__version__}"
_LOG = logging.getLogger("distributed.genesys_export")  # where a worker's log is read
_LONGEST_GOODBYE_S = 25.0  # a nanny kills its worker earlier: after 8 s by default (2026-11)
_GONE = {"cancelled", "resumed"}  # states of a task whose result nobody waits for


class Goodbye(WorkerPlugin):
    """Lets a closing worker release its claims and delete its jobs; keeps the budgets."""

    name = NAME
    idempotent = True  # a second client must not end the tasks of the first

    def __init__(self, *, is_local: bool = False) -> None:
        """With `is_local` the workers leave Ctrl-C to the command that started them."""
        self.is_local, self.is_closing = is_local, False
        self.tasks = Counter[str]()  # under way, by the topic of their run
        self.budgets: dict[tuple[str, str, int], Any] = {}

    def setup(self, worker: Worker) -> None:
        """Begin."""
        del worker
        self.lock = Lock()
        if self.is_local and current_thread() is main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    async def teardown(self, worker: Worker) -> None:
        """Wait until the tasks under way have let go."""
        del worker
        self.is_closing = True
        for _ in range(int(_LONGEST_GOODBYE_S / 0.1)):
            if not self.tasks.total():
                return
            await asyncio.sleep(0.1)

    def budget(self, settings: Settings, worker: Worker, workers_per_org: int) -> Any:
        """Return the budget of the organisation, the same for all its tasks in this process."""
        (org,) = settings.require_source()
        per_minute = org.genesys.requests_per_minute
        key = (org.name, org.client_id, workers_per_org)
        with self.lock:
            if key not in self.budgets:
                self.budgets[key] = (
                    Budget(per_minute)
                    if workers_per_org == 1
                    else SharedBudget(asking(worker), org.client_id, per_minute, workers_per_org)
                )
            return self.budgets[key]

    @contextmanager
    def counted(self, topic: str) -> Iterator[None]:
        """Count a task as long as it runs."""
        with self.lock:
            self.tasks[topic] += 1
        try:
            yield
        finally:
            with self.lock:
                self.tasks[topic] -= 1


def busy(topic: str, dask_worker: Worker) -> int:
    """Return how many tasks of a run the worker has under way, cancelled ones among them."""
    plugin = dask_worker.plugins.get(NAME)
    return plugin.tasks[topic] if plugin else 0


def export(task: Task) -> Ended:
    """Export the days of a task; what can't even begin is told by each of its days."""
    worker = get_worker()
    plugin: Goodbye = worker.plugins[NAME]
    key = worker.get_current_task()

    def should_stop() -> bool:
        state = worker.state.tasks.get(key)
        return plugin.is_closing or state is None or state.state in _GONE

    with plugin.counted(task.topic):
        return Ended(_exported(task, worker, plugin, should_stop))


def _exported(
    task: Task, worker: Worker, plugin: Goodbye, should_stop: Callable[[], bool]
) -> tuple[DayResult, ...] | ExportError:
    clock = StoppableClock(should_stop)
    try:
        _check(task, worker)
        settings = task.recipe.of_worker(task.org)
        with Teller(worker, task.topic, task.org) as teller:
            around = Surroundings(
                clock=clock,
                observe=teller,
                pending=clock.pending,
                budget=plugin.budget(settings, worker, task.workers_per_org),
            )
            with Exporter(settings, around) as exporter:
                choice, _ = exporter.range(task.first, task.last)
                return tuple(exporter.results(choice, task.options))
    except Exception as problem:  # noqa: BLE001 - the border of a task
        told = as_known(problem, f"{task.first} to {task.last}")
        if isinstance(told, Bug):  # a traceback does not travel; its message may hold data
            _LOG.error("%s\n%s", told.message, "".join(format_tb(problem.__traceback__)))
        return told


def _check(task: Task, worker: Worker) -> None:
    if task.version != __version__:
        raise WrongSettings(
            f"the worker {worker.address} has genesys-export {__version__},"
            f" the command has {task.version}",
            advice="Start the workers from the image or environment of the command.",
        )
