"""Which chunk of days is exported next, and what becomes of one that did not end well. Pure.

A chunk is up to 31 days of one organisation. What may pass (75, 69, 74, or a worker that closed)
comes again later; what only a person can fix (77, 78) ends its organisation. A chunk that killed
its workers comes again day by day, each alone on the cluster: only the day at fault fails.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from ...days import Day, ranges
from ...errors import ExportError, NotAFile, Stopped, WrongSettings
from ...export import DayResult

CHUNK_DAYS = 31
MOST_TRIES = 5
_FIRST_WAIT = timedelta(seconds=30)  # where nobody says how long to wait; then twice as long
_LONGEST_WAIT = timedelta(hours=1)  # what is to be tried later than that is left to another run
_MAY_PASS = {69, 74, 75}
_FOR_A_PERSON = {77, 78}
_ORG_ENDED = "an earlier day of the organisation failed with an error that a person must fix"

Key = tuple[str, date]  # dataset, day


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Consecutive days of an organisation, to be exported by one worker."""

    org: str
    days: tuple[Day, ...]
    wanted: frozenset[Key]  # what has no final result yet
    tries: int = 0
    not_before: datetime | None = None
    is_alone: bool = False  # it may kill its worker: nothing else may run

    @property
    def first(self) -> date:
        """The oldest day."""
        return min(day.date for day in self.days)

    @property
    def last(self) -> date:
        """The newest day."""
        return max(day.date for day in self.days)

    def __str__(self) -> str:
        """Return what it is, as a task's key names it."""
        return "-".join(filter(None, (self.org, f"{self.first}", f"{self.last}")))


@dataclass(slots=True, kw_only=True)
class Agenda:
    """The chunks of all organisations, in turn; for one thread."""

    orgs: Sequence[str]
    datasets: Sequence[str]
    days: Sequence[Day]  # in the order in which they are to be exported
    per_org: int = 1  # chunks of an organisation at a time
    _waiting: dict[str, deque[Chunk]] = field(default_factory=dict)
    _alone: deque[Chunk] = field(default_factory=deque)
    _running: list[Chunk] = field(default_factory=list)
    _given_up: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Cut the days into chunks."""
        for org in self.orgs:
            self._waiting[org] = deque(
                self._chunk(org, self.days[at : at + CHUNK_DAYS])
                for at in range(0, len(self.days), CHUNK_DAYS)
            )

    @property
    def is_done(self) -> bool:
        """Whether every day has its result."""
        return not (self._running or self._alone or any(self._waiting.values()))

    @property
    def active(self) -> frozenset[str]:
        """The organisations that have a chunk under way."""
        return frozenset(one.org for one in self._running)

    def next(self, now: datetime) -> Chunk | None:
        """Return the chunk to begin now, if there is one."""
        if any(one.is_alone for one in self._running):
            return None
        for org, chunks in self._waiting.items():
            if sum(one.org == org for one in self._running) >= self.per_org:
                continue
            if chunk := _due(chunks, now):
                self._waiting[org] = self._waiting.pop(org)  # the others have their turn first
                self._running.append(chunk)
                return chunk
        if not self._running and (chunk := _due(self._alone, now)):
            self._running.append(chunk)
            return chunk
        return None

    def ended(
        self, chunk: Chunk, results: Sequence[DayResult], now: datetime
    ) -> tuple[DayResult, ...]:
        """Take what became of a chunk's days; return the results that are final."""
        self._running.remove(chunk)
        mine = [one for one in results if (one.dataset, one.day.date) in chunk.wanted]
        failed = [one.problem for one in mine if one.problem and one.report is None]
        final = list(mine)
        again = () if chunk.org in self._given_up else _again(chunk, mine, now)
        if again:
            self._put_back(again)
            later = frozenset(key for one in again for key in one.wanted)
            final = [one for one in mine if (one.dataset, one.day.date) not in later]
        if any(_ends_the_organisation(one) for one in failed):
            self._given_up.add(chunk.org)
        return (*final, *self._left_of_given_up())

    def lost(self, chunk: Chunk) -> tuple[DayResult, ...]:
        """Take back a chunk whose worker or scheduler is gone: it begins anew."""
        self._running.remove(chunk)
        self._put_back([chunk])
        return self._left_of_given_up()

    def killed(self, chunk: Chunk) -> tuple[DayResult, ...]:
        """Take back a chunk that killed its workers; return the results that are final."""
        self._running.remove(chunk)
        if chunk.is_alone:
            return (*self._failed(chunk), *self._left_of_given_up())
        for day in chunk.days:
            wanted = frozenset(key for key in chunk.wanted if key[1] == day.date)
            if wanted:
                self._alone.append(
                    replace(chunk, days=(day,), wanted=wanted, is_alone=True, not_before=None)
                )
        return self._left_of_given_up()

    def left(self, why: str, problem: ExportError) -> Iterator[DayResult]:
        """Yield the days without a result, the first one with the error; nothing is left then."""
        chunks = [*self._running, *self._alone]
        chunks += [one for chunks in self._waiting.values() for one in chunks]
        self._running, self._alone, self._waiting = [], deque(), {}
        told: ExportError | None = problem
        for one in (each for chunk in chunks for each in not_tried(chunk, why)):
            yield replace(one, problem=told)
            told = None

    def _chunk(self, org: str, days: Sequence[Day]) -> Chunk:
        wanted = frozenset((name, day.date) for name in self.datasets for day in days)
        return Chunk(org=org, days=tuple(days), wanted=wanted)

    def _put_back(self, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            if chunk.is_alone:
                self._alone.append(chunk)
            else:
                self._waiting.setdefault(chunk.org, deque()).append(chunk)

    def _left_of_given_up(self) -> tuple[DayResult, ...]:
        """Return the days of given-up organisations that are no longer begun."""
        left = [one for org in self._given_up for one in self._waiting.pop(org, ())]
        left += [one for one in self._alone if one.org in self._given_up]
        self._alone = deque(one for one in self._alone if one.org not in self._given_up)
        return tuple(result for chunk in left for result in not_tried(chunk, _ORG_ENDED))

    def _failed(self, chunk: Chunk) -> Iterator[DayResult]:
        for dataset, day in sorted(chunk.wanted):
            problem = WrongSettings(
                f"{day}: exporting this day killed its worker each time, also alone",
                advice="Most likely it needs more memory than a worker has:"
                " see the worker's log, and give the workers more.",
            )
            at = next(one for one in chunk.days if one.date == day)
            yield DayResult(org=chunk.org, dataset=dataset, day=at, problem=problem)


def _due(chunks: deque[Chunk], now: datetime) -> Chunk | None:
    """Take the first chunk that may begin now."""
    due = (one for one in chunks if one.not_before is None or one.not_before <= now)
    if chunk := next(due, None):
        chunks.remove(chunk)
    return chunk


def _again(chunk: Chunk, results: Sequence[DayResult], now: datetime) -> list[Chunk]:
    """Return the chunks to be exported later: what may pass, with the days behind it."""
    problems = [one.problem for one in results if one.problem and one.report is None]
    at = {problem: _when(problem, chunk.tries, now) for problem in problems}
    if not any(at.values()):
        return []
    later = {
        (one.dataset, one.day.date): (at[one.problem] if one.problem else None)
        for one in results
        if (at[one.problem] if one.problem and one.report is None else one.not_tried)
    }
    stopped = all(isinstance(problem, Stopped) for problem in problems if at[problem])
    dates = sorted({day for _, day in later})
    found = []
    for first, last in ranges(dates):
        wanted = frozenset(key for key in later if first <= key[1] <= last)
        times = [when for key in wanted if (when := later[key])]
        found.append(
            replace(
                chunk,
                days=tuple(day for day in chunk.days if first <= day.date <= last),
                wanted=wanted,
                tries=chunk.tries + (not stopped),
                not_before=max(times, default=None),
            )
        )
    return found


def _when(problem: ExportError, tries: int, now: datetime) -> datetime | None:
    """Return when to try again what ended so; None: never."""
    if isinstance(problem, Stopped):  # the worker closed; this run did not
        return now + timedelta(seconds=1)
    if problem.status not in _MAY_PASS or tries + 1 >= MOST_TRIES:
        return None
    at = problem.retry_at or now + _FIRST_WAIT * 2**tries
    return max(at, now + timedelta(seconds=1)) if at - now <= _LONGEST_WAIT else None


def _ends_the_organisation(problem: ExportError) -> bool:
    return problem.status in _FOR_A_PERSON and not isinstance(problem, NotAFile)


def not_tried(chunk: Chunk, why: str) -> Iterator[DayResult]:
    """Yield a result for each day of a chunk that will not be exported."""
    at = {day.date: day for day in chunk.days}
    for dataset, day in sorted(chunk.wanted):
        yield DayResult(org=chunk.org, dataset=dataset, day=at[day], not_tried=why)
