"""The days of one organisation: found a month at a time, handed out in the order they begin.

A look reads manifests alone and finds the days that have nothing to do. It runs in any thread, one
at a time for each organisation; everything else is used by the thread of the loop.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from .. import time_limit
from ..about import about
from ..days import Day
from ..errors import DeadlineReached, ExportError, Stopped, as_known
from .agenda import published_days
from .choice import Choice, settled_days
from .day import DayExporter, ExportOptions
from .report import DayReport, DayResult
from .slots import Slot, Slots, most_open

GIVEN_UP = "the previous days failed with the same error"
UNFINISHED = "an earlier day needs the time that is left before the deadline"
_LOOKED_AT = 31  # days of a range, with one look


def result(whose: tuple[str, str], day: Day, **ended: object) -> DayResult:
    """Return how a day of an organisation's dataset ended."""
    org, dataset = whose
    return DayResult(org=org, dataset=dataset, day=day, **ended)  # type: ignore[arg-type]


def not_tried(whose: tuple[str, str], days: Iterable[Day], why: str) -> list[DayResult]:
    """Return the results of days that will not be exported."""
    return [result(whose, day, not_tried=why) for day in days]


@dataclass(frozen=True, slots=True, kw_only=True)
class Org:
    """An organisation to export from; nothing of it is opened before its first turn."""

    name: str  # "" for the only one
    datasets: tuple[str, ...]
    open: Callable[[], Sequence[DayExporter]]  # one for each dataset, in order


@dataclass(frozen=True, slots=True)
class Task:
    """A day to be exported."""

    exporter: DayExporter
    day: Day
    began_s: float = 0.0

    @property
    def whose(self) -> tuple[str, str]:
        """The organisation and the dataset."""
        plan = self.exporter.deps.plan
        return plan.org, plan.dataset.name

    def exported(self, options: ExportOptions, slot: Slot) -> DayResult:
        """Export the day; its errors don't stop the others."""
        try:
            report = self.exporter.export(self.day, options, slot)
        except Exception as problem:  # noqa: BLE001 - the border of a day
            return result(self.whose, self.day, problem=as_known(problem, str(self.day)))
        finally:
            slot.end()
        return result(self.whose, self.day, report=report, problem=report.problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a look at some days of a dataset found."""

    dataset: str
    tasks: tuple[Task, ...] = ()
    ended: tuple[DayResult, ...] = ()  # with nothing to do
    problem: ExportError | None = None  # nothing can be read: no day could be published


@dataclass(slots=True, kw_only=True)
class Turn:
    """The days of one organisation that are left, and how many are under way."""

    org: Org
    choice: Choice
    options: ExportOptions
    ending: Callable[[], Stopped | DeadlineReached | None]  # why nothing begins any more
    waiting: deque[Task] = field(default_factory=deque)
    running: Counter[str] = field(default_factory=Counter)  # days, by dataset
    looking: bool = False
    is_in_line: bool = True
    likely_done: int = 0  # days that were not looked at and have a manifest
    _unlooked: dict[str, int] = field(default_factory=dict)  # by dataset: the first such day
    _given_up: dict[str, str] = field(default_factory=dict)  # by dataset: why
    _opened: dict[str, DayExporter] = field(default_factory=dict)
    _published: dict[str, bytearray] = field(default_factory=dict)  # for each day of a range

    def __post_init__(self) -> None:
        """Begin with nothing looked at."""
        self._unlooked = dict.fromkeys(self.org.datasets, 0) if self.choice.days else {}

    def next(self, slots: Slots) -> Task | Callable[[], Found] | None:
        """Return what can begin now: a day, or a look for more; None before something ends.

        A day has its slot taken.
        """
        if self.waiting and not self._must_wait(self.waiting[0]) and self._is_free(slots):
            task = self.waiting.popleft()
            self.running[task.whose[1]] += 1
            return task
        if self._unlooked and not self.looking and len(self.waiting) < slots.each:
            return self._look()
        return None

    @property
    def is_left(self) -> bool:
        """Whether days are left that have not begun."""
        return bool(self.waiting or self._unlooked)

    @property
    def is_under_way(self) -> bool:
        """Whether a day or a look of it is."""
        return self.looking or bool(self.running.total())

    @property
    def is_idle(self) -> bool:
        """Whether days are left, and nothing of it is under way."""
        return self.is_left and not self.is_under_way

    def rest(self) -> None:
        """Close its connections if nothing of it is under way."""
        if not self.is_under_way:
            for exporter in self._opened.values():
                exporter.deps.disconnect()

    def ended(self, task: Task) -> None:
        """Count a day as no longer under way."""
        self.running[task.whose[1]] -= 1

    def found(self, found: Found) -> list[DayResult]:
        """Put the days of a look in line; return those that are done with."""
        self.looking = False
        ends = [*found.ended]
        if why := self._given_up.get(found.dataset, ""):
            whose = self.org.name, found.dataset
            ends += not_tried(whose, (one.day for one in found.tasks), why)
        else:
            self.waiting.extend(found.tasks)
        if found.problem:
            is_late = isinstance(found.problem, DeadlineReached)
            ends += self._never_looked_at(found.dataset, UNFINISHED if is_late else GIVEN_UP)
        self._estimate()
        return ends

    def give_up(self, dataset: str, why: str) -> list[DayResult]:
        """Return the dataset's days that are not under way: none of them will begin."""
        self._given_up[dataset] = why
        mine = [task for task in self.waiting if task.whose[1] == dataset]
        if mine:
            self.waiting = deque(task for task in self.waiting if task.whose[1] != dataset)
        ends = not_tried((self.org.name, dataset), (task.day for task in mine), why)
        ends += self._never_looked_at(dataset, why)
        self._estimate()
        return ends

    def _never_looked_at(self, dataset: str, why: str) -> list[DayResult]:
        first = self._unlooked.pop(dataset, None)
        days = () if first is None else self.choice.days[first:]
        return not_tried((self.org.name, dataset), days, why)

    def _estimate(self) -> None:
        self.likely_done = sum(
            self._published[name].count(1, first)
            for name, first in self._unlooked.items()
            if name in self._published and not self.options.force
        )

    def _is_free(self, slots: Slots) -> bool:
        name = self.org.name
        if slots.is_set_back(name):
            return False
        days_open = self.running.total() - slots.aside(name)
        return days_open < most_open(slots.each) and slots.take(name)

    def _must_wait(self, task: Task) -> bool:
        """Whether it reads what days under way will publish; days in line come before it."""
        sources = task.exporter.deps.plan.after
        return any(self.running[name] for name in sources)

    def _look(self) -> Callable[[], Found]:
        """Return a look at the next days, to be called in any thread."""
        dataset, first = next(iter(self._unlooked.items()))
        self.looking = True
        days = self.choice.days[first : first + _LOOKED_AT]
        if not self.choice.is_range or first + _LOOKED_AT >= len(self.choice.days):
            del self._unlooked[dataset]
        else:
            self._unlooked[dataset] = first + _LOOKED_AT
        return lambda: self._looked_at(dataset, first, days)

    def _looked_at(self, dataset: str, first: int, days: tuple[Day, ...]) -> Found:
        settled: dict[Day, DayReport] = {}
        whose = (self.org.name, dataset)
        if ending := self.ending():
            return Found(dataset=dataset, ended=tuple(not_tried(whose, days, str(ending))))
        exporter = None
        try:
            with (
                about(org=self.org.name, dataset=dataset),
                time_limit.ending(self.options.ends_s, self.options.deadline),
            ):
                exporter = self._exporter(dataset)
                days = self.choice.announced(exporter, days)
                settled = self._settled(exporter, first, days)
        except DeadlineReached as late:
            first_one, *others = not_tried(whose, days, str(late))
            ended = (replace(first_one, problem=late), *others)
            return Found(dataset=dataset, ended=ended, problem=late)
        except Exception as problem:  # noqa: BLE001 - the border of an organisation's dataset
            if exporter is None or not self.ending():
                known = as_known(problem, self.org.name)
                ended = (
                    result(whose, days[0], problem=known),
                    *not_tried(whose, days[1:], GIVEN_UP),
                )
                return Found(dataset=dataset, ended=ended, problem=known)
        return Found(
            dataset=dataset,
            tasks=tuple(Task(exporter, day) for day in days if day not in settled),
            ended=tuple(result(whose, day, report=settled[day]) for day in days if day in settled),
        )

    def _exporter(self, dataset: str) -> DayExporter:
        if not self._opened:
            self._opened = {one.deps.plan.dataset.name: one for one in self.org.open()}
        return self._opened[dataset]

    def _settled(
        self, exporter: DayExporter, first: int, days: tuple[Day, ...]
    ) -> dict[Day, DayReport]:
        if not self.choice.is_range or not exporter.deps.plan.keeps_state:
            return {}  # such days say themselves that there is nothing to do
        name = exporter.deps.plan.dataset.name
        if name not in self._published:
            known = published_days(exporter.deps)
            self._published[name] = bytearray(one.date in known for one in self.choice.days)
        there = self._published[name][first:]
        published = [day for day, is_there in zip(days, there, strict=False) if is_there]
        return settled_days(exporter, published, self.options, self.ending)
