"""The loop of a backfill on a cluster: submits chunks, takes what became of them, tells how far.

Knows the agenda and what a cluster does, and neither Dask nor what a day is made of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from ...api import Clock
from ...errors import ExportError, Stopped, TryAgainLater
from ...events import BackfillProgress, DayPublished, DaySkipped, Event, Observe, OrgProgress
from ...export import DayResult, Outcome
from ...export.pace import Score
from ...export.turns import GIVEN_UP
from .agenda import Agenda, Chunk, not_tried
from .task import Killed, Lost
from .task import Outcome as Ending

_LOOK_EVERY_S = 0.2  # for a signal, and for what ended
_TELL_EVERY_S = 2.0
_FEWEST = 2  # exported days, before a time left is told


class Workers(Protocol):
    """What the loop needs of a cluster."""

    def room(self, now_s: float) -> int:
        """Return how many more chunks may be submitted."""

    def submit(self, chunk: Chunk) -> None:
        """Let a worker export a chunk."""

    def ended(self, within_s: float) -> Iterator[tuple[Chunk, Ending]]:
        """Yield what has ended; raises TryAgainLater when the cluster is gone."""

    def close(self) -> None:
        """Stop what is under way."""


@dataclass(slots=True, kw_only=True)
class Driver:
    """One run; for one thread, but `hear` may be called from any."""

    agenda: Agenda
    clock: Clock
    observe: Observe
    pending: Callable[[], Stopped | None]
    opening: Callable[[str], None] = lambda _org: None  # before an organisation's first chunk
    _score: Score = field(default_factory=lambda: Score(at_once=1))
    _total: int = 0  # days, of each organisation and dataset
    _final: Counter[str] = field(default_factory=Counter)  # by organisation
    _failed: Counter[str] = field(default_factory=Counter)
    _heard: dict[tuple[str, str, str], Outcome] = field(default_factory=dict)
    _opened: set[str] = field(default_factory=set)  # organisations
    _began_s: float = 0.0
    _told_s: float = float("-inf")

    def hear(self, event: Event) -> None:
        """Pass an event of a worker on; days that ended count before their chunk does."""
        if isinstance(event, DayPublished | DaySkipped):
            key = (event.org, event.dataset, event.day)
            outcome = event.outcome if isinstance(event, DayPublished) else Outcome.SKIPPED
            self._heard.setdefault(key, Outcome(outcome))
        self.observe(event)

    def results(self, workers: Workers) -> Iterator[DayResult]:
        """Yield how each day ended, once that is final."""
        self._began_s = self.clock.monotonic()
        agenda = self.agenda
        self._total = len(agenda.datasets) * len(agenda.days)
        self._score.total = self._total * len(agenda.orgs)
        self._tell()
        try:
            for told in self._ended(workers):
                ended = self._counted(told)
                self.observe(ended.event())
                yield ended
        finally:
            self._told_s = float("-inf")
            self._tell()
            workers.close()

    def _ended(self, workers: Workers) -> Iterator[DayResult]:
        while not self.agenda.is_done:
            if stopped := self.pending():
                yield from self.agenda.left(str(stopped), stopped)
                return
            try:
                self._submit(workers)
                for chunk, outcome in workers.ended(_LOOK_EVERY_S):
                    yield from self._taken(chunk, outcome)
            except TryAgainLater as problem:
                yield from self.agenda.left(problem.message, problem)
            self._tell()

    def _submit(self, workers: Workers) -> None:
        for _ in range(workers.room(self.clock.monotonic())):
            chunk = self.agenda.next(self.clock.now())
            if chunk is None:
                return
            if chunk.org not in self._opened:
                self._opened.add(chunk.org)
                self.opening(chunk.org)
            workers.submit(chunk)

    def _taken(self, chunk: Chunk, outcome: Ending) -> tuple[DayResult, ...]:
        if isinstance(outcome, Lost):
            return self.agenda.lost(chunk)
        if isinstance(outcome, Killed):
            return self.agenda.killed(chunk)
        told = outcome.outcome
        results = _all_failed(chunk, told) if isinstance(told, ExportError) else told
        return self.agenda.ended(chunk, results, self.clock.now())

    def _counted(self, ended: DayResult) -> DayResult:
        """Count a day; one that an earlier task of this run exported was not skipped."""
        key = (ended.org, ended.dataset, str(ended.day))
        heard = self._heard.pop(key, Outcome.SKIPPED)
        if ended.report and ended.status == "skipped" and heard is not Outcome.SKIPPED:
            ended = replace(ended, report=replace(ended.report, outcome=heard, note=""))
        self._score.add(ended)
        self._final[ended.org] += 1
        self._failed[ended.org] += ended.status == "failed"
        if self._final[ended.org] == self._total:
            self.observe(self._of_org(ended.org, self._total))
        return ended

    def _tell(self) -> None:
        now_s = self.clock.monotonic()
        if now_s - self._told_s < _TELL_EVERY_S:
            return
        self._told_s = now_s
        heard = dict(self._heard)
        exported = sum(outcome is not Outcome.SKIPPED for outcome in heard.values())
        score = self._score
        self.observe(
            BackfillProgress(
                done=score.done + exported,
                skipped=score.skipped + len(heard) - exported,
                failed=score.failed,
                total=score.total,
                conversations=score.conversations,
                eta_s=self._eta_s(score.done + exported, len(heard), now_s),
            )
        )
        live = Counter(org for org, _, _ in heard)
        for org in self.agenda.orgs:
            ended = self._final[org] + live[org]
            if org in self.agenda.active and ended < self._total:
                self.observe(self._of_org(org, ended))

    def _eta_s(self, exported: int, heard: int, now_s: float) -> float | None:
        left = self._score.total - sum(self._final.values()) - heard
        if not left:
            return 0.0
        return None if exported < _FEWEST else left * (now_s - self._began_s) / exported

    def _of_org(self, org: str, ended: int) -> OrgProgress:
        return OrgProgress(org=org, ended=ended, failed=self._failed[org], total=self._total)


def _all_failed(chunk: Chunk, problem: ExportError) -> list[DayResult]:
    """Return what an error before any day means for each of them: the first one has it."""
    first, *others = not_tried(chunk, GIVEN_UP)
    return [replace(first, problem=problem, not_tried=""), *others]
