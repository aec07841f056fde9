"""Many days of many organisations: one loop that gives each organisation its turn.

A day that fails ends only itself; where every further day of a dataset would fail like the last
ones, its rest is left, and no other organisation's. A signal wakes the days under way; they are
seen to their end, published or released.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from queue import Empty, SimpleQueue
from typing import ParamSpec, TypeVar

from .. import time_limit
from ..about import carried
from ..errors import DeadlineReached, Stopped
from ..events import Observe, ignore
from ..model import Clock
from .choice import Choice
from .day import ExportOptions
from .dependencies import nothing
from .pace import Score
from .report import DayResult
from .slots import MOST_SET_BACK, Mailbox, Slot, Slots, most_open
from .turns import GIVEN_UP, UNFINISHED, Found, Org, Task, Turn, result

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")

_LOOK_EVERY_S = 0.1  # for a signal
_TELL_EVERY_S = 5.0
_TELL_AT_MOST_EVERY_S = 1.0  # if days have ended: at once, with few of them
_FEW = 64
_LATE = 2  # days of a dataset that Genesys does not have yet: seldom more than yesterday
_LOOKS_AT_ONCE = 8  # organisations whose manifests are being read


def no_signal() -> Stopped | None:
    """Say that nothing asks the run to stop."""
    return None


class _Here(Executor):
    """Does everything at once, in the thread that asks: there a signal interrupts any wait."""

    def submit(
        self, fn: Callable[Asked, Answer], /, *args: Asked.args, **kwargs: Asked.kwargs
    ) -> Future[Answer]:
        """Return what has been done already."""
        done: Future[Answer] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def _threads(most: int) -> Executor:
    return ThreadPoolExecutor(most, thread_name_prefix="day")


@dataclass(slots=True, kw_only=True)
class Run:
    """The export of chosen days of organisations and datasets; to be run once, by one thread.

    Of each organisation `at_once` days are worked on, `in_process` of all of them; more only wait
    for their jobs or, if a day `waits` for it, until Genesys has the day. With a deadline an
    organisation's days come one after another and keep their slots: days side by side share the
    requests, so that perhaps none would be finished. `pending` tells whether a signal came: it
    must wake the sleepers of the exporters' clock, too. `abandon` wakes them where the results are
    no longer asked for. With one day at a time, and none that others must not wait for, everything
    happens in the calling thread.
    """

    orgs: Sequence[Org]
    choice: Choice
    clock: Clock
    observe: Observe = ignore
    options: ExportOptions = field(default_factory=ExportOptions)
    at_once: int = 1
    in_process: int = 1
    waits: bool = False
    pending: Callable[[], Stopped | None] = no_signal
    abandon: Callable[[], None] = nothing
    threads: Callable[[int], Executor] = _threads
    mailbox: Callable[[], Mailbox] = SimpleQueue
    _line: deque[Turn] = field(default_factory=deque)  # those that may have something to begin
    _without_room: OrderedDict[str, Turn] = field(default_factory=OrderedDict)  # too many are open
    _running: dict[Future[DayResult | Found], tuple[Turn, Task | None]] = field(
        default_factory=dict
    )
    _looks: deque[tuple[Turn, Callable[[], Found]]] = field(default_factory=deque)
    _days_open: int = 0
    _slots: Slots = field(init=False)
    _news: Mailbox = field(init=False)  # what ended, and whose day lends its slot
    _stop_told: bool = False

    @property
    def side_by_side(self) -> int:
        """How many days can be worked on at a time."""
        return min(self.in_process, self._each * len(self.orgs))

    @property
    def most_open(self) -> int:
        """How many days can be under way, with those that wait for their jobs."""
        if self.side_by_side <= 1 or self._is_limited:
            return self.side_by_side
        return min(4 * self.in_process, most_open(self.at_once) * len(self.orgs))

    @property
    def most_late(self) -> int:
        """How many days of an organisation may also be under way, until Genesys has them."""
        return _LATE * max((len(org.datasets) for org in self.orgs), default=0)

    @property
    def is_threaded(self) -> bool:
        """Whether days are exported in other threads."""
        if self.side_by_side > 1 or not self.waits:
            return self.side_by_side > 1
        return sum(len(org.datasets) for org in self.orgs) > 1

    @property
    def _is_limited(self) -> bool:
        return self.options.ends_s is not None

    @property
    def _each(self) -> int:
        """How many days of one organisation can be worked on at a time."""
        return 1 if self._is_limited else self.at_once

    def results(self) -> Iterator[DayResult]:
        """Yield how each day ended, as they end: every one of them, tried or not."""
        for ended in self._results():
            self.observe(ended.event())
            yield ended

    def _results(self) -> Iterator[DayResult]:
        turns = [
            Turn(org=org, choice=self.choice, options=self.options, ending=self._ending)
            for org in self.orgs
        ]
        self._line.extend(turns)
        self._news = self.mailbox()
        self._slots = Slots(
            each=self._each,
            in_all=self.in_process,
            mailbox=self.mailbox,
            most_late=self.most_late,
        )
        score = Score(at_once=self._each, lanes=self.most_open)
        score.total = len(self.choice.days) * sum(len(org.datasets) for org in self.orgs)
        told_s, is_told, goes_on = -_TELL_EVERY_S, True, True
        just_ended: list[Turn] = []  # unless something of them begins again
        with self._workers() as workers, self._left_early():
            while self._line or self._running:
                if goes_on and (ending := self._ending()):
                    goes_on = False
                    yield from self._all_left(score, turns, str(ending))
                self._begin(workers)
                while just_ended:
                    just_ended.pop().rest()
                for turn, task, ended in self._ended():
                    is_told = False
                    just_ended.append(turn)
                    yield from self._taken(score, turn, task, ended)
                passed_s = self.clock.monotonic() - told_s
                soon_s = 0.0 if self._days_open <= _FEW else _TELL_AT_MOST_EVERY_S
                if passed_s >= (_TELL_EVERY_S if is_told else soon_s):
                    self._tell(score)
                    told_s, is_told = told_s + passed_s, True
        if not is_told:
            self._tell(score)

    @contextmanager
    def _left_early(self) -> Iterator[None]:
        """Wake the days under way where nobody waits for them any more."""
        try:
            yield
        except BaseException:
            self.abandon()
            raise

    def _workers(self) -> Executor:
        if not self.is_threaded:
            return _Here()
        late = self.most_late * len(self.orgs) if self.waits else 0
        return self.threads(self.most_open + _LOOKS_AT_ONCE + late + MOST_SET_BACK)

    def _begin(self, workers: Executor) -> None:
        """Begin what there is room for, an organisation after the other."""
        goes_on = True
        while goes_on:
            goes_on = False
            while self._without_room and self._room > 0 and not self._slots.are_taken:
                goes_on |= self._turn(self._without_room.popitem(last=False)[1], workers)
            for _ in range(len(self._line)):
                if self._slots.are_taken:
                    break
                turn = self._line.popleft()
                turn.is_in_line = False
                goes_on |= self._turn(turn, workers)
        while self._looks and len(self._running) - self._days_open < _LOOKS_AT_ONCE:
            self._submit(workers, *self._looks.popleft())

    @property
    def _room(self) -> int:
        """How many more days can be under way."""
        return self.most_open - (self._days_open - self._slots.all_aside)

    def _turn(self, turn: Turn, workers: Executor) -> bool:
        """Begin one thing of an organisation; one that can begin nothing leaves the line.

        It comes back once something of it has ended, lends its slot, or wants one again, and
        where only the room was missing, once there is some.
        """
        has_room = self._room > 0
        work = turn.next(self._slots) if has_room else None
        if isinstance(work, Task):
            self._days_open += 1
            self._submit(workers, turn, work)
        elif work:
            self._looks.append((turn, work))
        has_begun = work is not None or self._slots.grant(turn.org.name)
        if has_begun or (turn.is_idle and has_room):
            self._put_in_line(turn)
        elif turn.is_left and not has_room:
            self._without_room.setdefault(turn.org.name, turn)
        return has_begun

    def _submit(self, workers: Executor, turn: Turn, work: Task | Callable[[], Found]) -> None:
        future: Future[DayResult | Found]
        if isinstance(work, Task):
            work = replace(work, began_s=self.clock.monotonic())
            lends = self.is_threaded and not self._is_limited
            tell = partial(self._news.put, turn) if lends else None
            slot = Slot(self._slots, turn.org.name, tell)
            future = workers.submit(carried(work.exported), self.options, slot)
            self._running[future] = turn, work
        else:
            future = workers.submit(carried(work))
            self._running[future] = turn, None
        future.add_done_callback(self._news.put)

    def _ended(self) -> Iterator[tuple[Turn, Task | None, DayResult | Found]]:
        """Yield what has ended, or nothing for a moment."""
        wait_s = _LOOK_EVERY_S
        with suppress(Empty):
            while True:
                news = self._news.get(timeout=wait_s)
                wait_s = 0.0
                if isinstance(news, Turn):  # a day of it lends its slot
                    self._put_in_line(news)
                    continue
                turn, task = self._running.pop(news)
                yield turn, task, news.result()

    def _taken(
        self, score: Score, turn: Turn, task: Task | None, ended: DayResult | Found
    ) -> Iterator[DayResult]:
        """Yield the days that are done with by what has ended."""
        self._put_in_line(turn)
        if isinstance(ended, Found):
            yield from self._without_export(score, turn, partial(turn.found, ended))
        elif task:
            self._days_open -= 1
            turn.ended(task)
            yield from self._day_ended(score, turn, task, ended)

    def _put_in_line(self, turn: Turn) -> None:
        if not turn.is_in_line:
            turn.is_in_line = True
            self._line.append(turn)

    def _day_ended(
        self, score: Score, turn: Turn, task: Task, ended: DayResult
    ) -> Iterator[DayResult]:
        if not self.is_threaded and ended.report is None and (stopped := self.pending()):
            # whatever a library made of the signal
            ended = result(task.whose, task.day, problem=stopped)
        score.add(ended, self.clock.monotonic() - task.began_s)
        yield ended
        if score.gives_up(*task.whose):
            yield from self._left(score, turn, task.whose[1], GIVEN_UP)
        late = ended.problem
        if isinstance(late, DeadlineReached) and late.waited_for != "availability":
            for dataset in turn.org.datasets:
                yield from self._left(score, turn, dataset, UNFINISHED)

    def _ending(self) -> Stopped | DeadlineReached | None:
        """Return why no further day begins, if so."""
        if stopped := self.pending():
            return stopped
        ends_s = self.options.ends_s
        if ends_s is None or self.clock.monotonic() < ends_s:
            return None
        return time_limit.reached(self.clock)

    def _all_left(self, score: Score, turns: Sequence[Turn], why: str) -> Iterator[DayResult]:
        """Yield the days that are no longer started; the first one has the error."""
        for turn in turns:
            for dataset in turn.org.datasets:
                yield from self._left(score, turn, dataset, why)

    def _left(self, score: Score, turn: Turn, dataset: str, why: str) -> Iterator[DayResult]:
        return self._without_export(score, turn, partial(turn.give_up, dataset, why))

    def _without_export(
        self, score: Score, turn: Turn, found: Callable[[], list[DayResult]]
    ) -> Iterator[DayResult]:
        """Yield the days that are done with because of what was found, without an export."""
        likely = turn.likely_done
        ends = found()
        score.likely_done += turn.likely_done - likely
        for one in ends:
            score.add(one)
            yield self._with_stop(one)

    def _with_stop(self, ended: DayResult) -> DayResult:
        """Return it; the first day that a stop or the deadline left has the error."""
        if self._stop_told or not ended.not_tried or not (ending := self._ending()):
            return ended
        self._stop_told = True
        return replace(ended, problem=ending)

    def _tell(self, score: Score) -> None:
        if self.choice.is_range:
            now_s = self.clock.monotonic()
            begun = (task for _, task in self._running.values() if task)
            self.observe(score.progress([now_s - task.began_s for task in begun]))
