"""Many days: one after the other or several at once, over one budget of requests and one token.

A day that fails ends only itself; where every further day of a dataset would fail like the last
ones, its rest is left. A signal wakes the days under way; they are seen to their end, published or
released. Of a range, days with nothing to do are found first: that reads manifests alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import ParamSpec, TypeVar

from ..days import Day
from ..errors import ExportError, Stopped, as_known
from ..events import BackfillProgress, Observe
from .choice import Choice, settled_days
from .day import DayExporter, ExportOptions
from .pace import Score
from .report import DayReport, DayResult

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")

_LOOK_EVERY_S = 0.1  # for a signal
_TELL_EVERY_S = 5.0
_GIVEN_UP = "the previous days failed with the same error"


def no_signal() -> Stopped | None:
    """Say that nothing asks the run to stop."""
    return None


@dataclass(frozen=True, slots=True)
class _Task:
    exporter: DayExporter
    day: Day
    began_s: float = 0.0

    @property
    def whose(self) -> tuple[str, str]:
        plan = self.exporter.deps.plan
        return plan.org, plan.dataset.name

    def ended(
        self,
        *,
        report: DayReport | None = None,
        problem: ExportError | None = None,
        not_tried: str = "",
    ) -> DayResult:
        org, dataset = self.whose
        return DayResult(
            org=org,
            dataset=dataset,
            day=self.day,
            report=report,
            problem=problem,
            not_tried=not_tried,
        )

    def exported(self, options: ExportOptions) -> DayResult:
        """Export the day; its errors don't stop the others."""
        try:
            report = self.exporter.export(self.day, options)
        except Exception as problem:  # noqa: BLE001 - the border of a day
            return self.ended(problem=as_known(problem, str(self.day)))
        return self.ended(report=report, problem=report.problem)


class _Here(Executor):
    """Does everything at once, in the thread that asks: there a signal interrupts any wait."""

    def submit(
        self, fn: Callable[Asked, Answer], /, *args: Asked.args, **kwargs: Asked.kwargs
    ) -> Future[Answer]:
        """Return what has been done already."""
        done: Future[Answer] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


@dataclass(slots=True, kw_only=True)
class Run:
    """The export of chosen days of organisations and datasets; to be run once, by one thread.

    `pending` tells whether a signal came: it must wake the sleepers of the exporters' clock, too.
    With one day at a time everything happens in the calling thread.
    """

    exporters: tuple[DayExporter, ...]
    choice: Choice
    options: ExportOptions = field(default_factory=ExportOptions)
    at_once: int = 1
    pending: Callable[[], Stopped | None] = no_signal
    _waiting: deque[_Task] = field(default_factory=deque)
    _running: dict[Future[DayResult], _Task] = field(default_factory=dict)

    def results(self) -> Iterator[DayResult]:
        """Yield how each day ended, as they end: every one of them, tried or not."""
        for ended in self._results():
            self._observe(ended.event())
            yield ended

    def _results(self) -> Iterator[DayResult]:
        score = Score(at_once=self.at_once)
        for exporter in self.exporters:
            for ended in self._looked_at(exporter):
                score.add(ended)
                yield ended
        score.total = len(self.exporters) * len(self.choice.days)
        self._tell(score)
        told_s = self._now_s()
        with self._workers() as workers:
            while self._waiting or self._running:
                if stopped := self.pending():
                    yield from self._left(str(stopped), problem=stopped)
                self._begin(workers)
                some = False
                for task, ended in self._ended():
                    some = True
                    score.add(ended, self._now_s() - task.began_s)
                    yield ended
                    if score.gives_up(*task.whose):
                        yield from self._left(_GIVEN_UP, whose=task.whose)
                if some or self._now_s() - told_s >= _TELL_EVERY_S:
                    self._tell(score)
                    told_s = self._now_s()

    def _workers(self) -> Executor:
        if self.at_once == 1:
            return _Here()
        return ThreadPoolExecutor(self.at_once, thread_name_prefix="day")

    def _looked_at(self, exporter: DayExporter) -> Iterator[DayResult]:
        """Yield the days with nothing to do; the others wait to be exported."""
        settled: dict[Day, DayReport] = {}
        days = self.choice.days
        try:
            if not self.pending():
                days = self.choice.announced(exporter)
                settled = self._settled(exporter, days)
        except Exception as problem:  # noqa: BLE001 - the border of an organisation's dataset
            if not self.pending():  # nothing can be read there: no day could be published
                first, *others = (_Task(exporter, day) for day in days)
                yield first.ended(problem=as_known(problem, exporter.deps.plan.org))
                yield from (task.ended(not_tried=_GIVEN_UP) for task in others)
                return
        for day in days:
            task = _Task(exporter, day)
            if report := settled.get(day):
                yield task.ended(report=report)
            else:
                self._waiting.append(task)

    def _settled(self, exporter: DayExporter, days: tuple[Day, ...]) -> dict[Day, DayReport]:
        if not self.choice.is_range:  # its days say themselves that there is nothing to do
            return {}
        return settled_days(exporter, days, self.options, self.pending)

    def _begin(self, workers: Executor) -> None:
        while self._waiting and len(self._running) < self.at_once:
            if self._must_wait(self._waiting[0]):
                return
            task = replace(self._waiting.popleft(), began_s=self._now_s())
            self._running[workers.submit(task.exported, self.options)] = task

    def _must_wait(self, task: _Task) -> bool:
        """Whether it reads what days under way will publish; days in line come before it."""
        if not self._running:
            return False
        org, _ = task.whose
        sources = {(org, name) for name in task.exporter.deps.plan.after}
        return any(running.whose in sources for running in self._running.values())

    def _ended(self) -> Iterator[tuple[_Task, DayResult]]:
        """Yield what has ended, or nothing for a moment."""
        found, _ = wait(self._running, timeout=_LOOK_EVERY_S, return_when=FIRST_COMPLETED)
        for future in found:
            task, result = self._running.pop(future), future.result()
            if self.at_once == 1 and result.report is None and (stopped := self.pending()):
                result = task.ended(problem=stopped)  # whatever a library made of the signal
            yield task, result

    def _left(
        self, why: str, *, problem: Stopped | None = None, whose: tuple[str, str] | None = None
    ) -> Iterator[DayResult]:
        """Yield the days that are no longer started; the first one has the error."""
        left = [task for task in self._waiting if whose in {None, task.whose}]
        self._waiting = deque(task for task in self._waiting if whose not in {None, task.whose})
        for task in left:
            yield task.ended(not_tried=why, problem=problem)
            problem = None

    def _tell(self, score: Score) -> None:
        if not self.choice.is_range:
            return
        now_s = self._now_s()
        under_way = [now_s - task.began_s for task in self._running.values()]
        told: BackfillProgress = score.progress(under_way, len(self._waiting))
        self._observe(told)

    @property
    def _observe(self) -> Observe:
        return self.exporters[0].deps.observe

    def _now_s(self) -> float:
        return self.exporters[0].deps.clock.monotonic()
