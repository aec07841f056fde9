"""A range of days: several side by side, over one budget of requests and one token each.

What is settled already is found out first, by reading manifests, and costs Genesys nothing. A day
that fails ends only itself; where every further day would fail like the last ones, the rest is
left. A signal wakes the days under way; they are seen to their end, published or released.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..days import Day
from ..errors import ExportError, Stopped, WrongUse, as_known
from ..events import DayFailed, Observe
from .agenda import published_days
from .day import Exporter, ExportOptions
from .pace import Score
from .report import DayReport, Ended

_LOOKS_AT_ONCE = 8  # manifests being read
_LOOK_EVERY_S = 0.1  # for a signal
_TELL_EVERY_S = 5.0
_GIVEN_UP = "the previous days failed with the same error"


def days_between(start: Day, end: Day) -> tuple[Day, ...]:
    """Return every day from `start` to `end`, both included, oldest first; raises WrongUse.

    A date that the zone's calendar never showed (Apia, 2011-12-30) is none.
    """
    if start.date > end.date:
        raise WrongUse(
            f"--start {start} is after --end {end}", advice="Swap them: --start is the older day."
        )
    count = (end.date - start.date).days + 1
    days = (Day(start.date + timedelta(offset), start.zone) for offset in range(count))
    return tuple(day for day in days if not day.interval.is_empty)


def without_future(days: Sequence[Day], now: datetime, *, partial: bool) -> tuple[Day, ...]:
    """Return the days that have ended; with `partial` also today."""
    return tuple(
        day for day in days if (day.interval.start if partial else day.interval.end) <= now
    )


@dataclass(frozen=True, slots=True)
class _Task:
    exporter: Exporter
    day: Day
    began_s: float = 0.0

    @property
    def org(self) -> str:
        return self.exporter.deps.plan.org

    def ended(
        self,
        *,
        report: DayReport | None = None,
        problem: ExportError | None = None,
        not_tried: str = "",
    ) -> Ended:
        return Ended(
            org=self.org, day=self.day, report=report, problem=problem, not_tried=not_tried
        )


@dataclass(slots=True, kw_only=True)
class Backfill:
    """The export of the same days of one or more organisations; to be run once, by one thread.

    `days` stand in the order in which they are to begin. `pending` tells whether a signal came:
    it must wake the sleepers of the exporters' clock, too.
    """

    exporters: tuple[Exporter, ...]
    days: tuple[Day, ...]
    options: ExportOptions
    at_once: int
    pending: Callable[[], Stopped | None]
    _waiting: deque[_Task] = field(default_factory=deque)
    _running: dict[Future[Ended], _Task] = field(default_factory=dict)

    def run(self) -> Iterator[Ended]:
        """Yield how each day ended, as they end: every one of them, tried or not."""
        score = Score(total=len(self.exporters) * len(self.days), at_once=self.at_once)
        for exporter in self.exporters:
            for ended in self._looked_at(exporter):
                score.add(ended)
                yield ended
        self._tell(score)
        told_s = self._now_s()
        with ThreadPoolExecutor(self.at_once, thread_name_prefix="day") as pool:
            while self._waiting or self._running:
                if stopped := self.pending():
                    yield from self._left(str(stopped), problem=stopped)
                self._begin(pool)
                some = False
                for task, ended in self._ended():
                    some = True
                    score.add(ended, self._now_s() - task.began_s)
                    yield ended
                    if score.gives_up(task.org):
                        yield from self._left(_GIVEN_UP, org=task.org)
                if some or self._now_s() - told_s >= _TELL_EVERY_S:
                    self._tell(score)
                    told_s = self._now_s()

    def _looked_at(self, exporter: Exporter) -> Iterator[Ended]:
        """Yield the days with nothing to do; the others wait to be exported."""
        try:
            settled = self.settled(exporter)
        except ExportError as problem:  # nothing can be read there: no day could be published
            tasks = [_Task(exporter, day) for day in self.days]
            yield tasks[0].ended(problem=problem)
            yield from (task.ended(not_tried=_GIVEN_UP) for task in tasks[1:])
            return
        for day in self.days:
            task = _Task(exporter, day)
            if report := settled.get(day):
                yield task.ended(report=report)
            else:
                self._waiting.append(task)

    def settled(self, exporter: Exporter) -> dict[Day, DayReport]:
        """Return the days with nothing to do; raises what listing them raises."""
        if not exporter.deps.plan.keeps_state:
            return {}
        known = published_days(exporter.deps)

        def look(day: Day) -> DayReport | None:
            try:
                return None if self.pending() else exporter.settled(day, self.options)
            except ExportError:
                return None  # its export meets the same, and says so

        days = [day for day in self.days if day.date in known]
        with ThreadPoolExecutor(_LOOKS_AT_ONCE, thread_name_prefix="look") as pool:
            reports = {
                day: one for day, one in zip(days, pool.map(look, days), strict=True) if one
            }
        damaged = exporter.damaged(one.manifest for one in reports.values() if one.manifest)
        return {day: one for day, one in reports.items() if str(day) not in damaged}

    def _begin(self, pool: ThreadPoolExecutor) -> None:
        while self._waiting and len(self._running) < self.at_once:
            task = self._waiting.popleft()
            task = _Task(task.exporter, task.day, self._now_s())
            self._running[pool.submit(_exported, task, self.options)] = task

    def _ended(self) -> Iterator[tuple[_Task, Ended]]:
        """Yield what has ended, or nothing for a moment."""
        found, _ = wait(self._running, timeout=_LOOK_EVERY_S, return_when=FIRST_COMPLETED)
        for future in found:
            yield self._running.pop(future), future.result()

    def _left(
        self, why: str, *, problem: Stopped | None = None, org: str | None = None
    ) -> Iterator[Ended]:
        """Yield the days that are no longer started; the first one has the error."""
        left = [task for task in self._waiting if org in {None, task.org}]
        self._waiting = deque(task for task in self._waiting if org not in {None, task.org})
        for task in left:
            yield task.ended(not_tried=why, problem=problem)
            problem = None

    def _tell(self, score: Score) -> None:
        now_s = self._now_s()
        under_way = [now_s - task.began_s for task in self._running.values()]
        self._observe(score.progress(under_way, len(self._waiting)))

    @property
    def _observe(self) -> Observe:
        return self.exporters[0].deps.observe

    def _now_s(self) -> float:
        return self.exporters[0].deps.clock.monotonic()


def _exported(task: _Task, options: ExportOptions) -> Ended:
    """Export one day; its errors don't stop the others."""
    try:
        report = task.exporter.export(task.day, options)
    except Stopped as problem:
        return task.ended(problem=problem)
    except Exception as problem:  # noqa: BLE001 - the border of a day
        return _failed(task, as_known(problem, str(task.day)))
    return task.ended(report=report, problem=report.problem)


def _failed(task: _Task, problem: ExportError) -> Ended:
    told = DayFailed(org=task.org, day=str(task.day), problem=problem.message)
    task.exporter.deps.observe(told)
    return task.ended(problem=problem)
