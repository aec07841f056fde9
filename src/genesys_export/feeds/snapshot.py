"""The feed of snapshot datasets: lists of the API, read whole, a table for each.

A list costs its own tables and nothing else. One that the client has no right to, that Genesys
does not have, or that breaks off, is a gap: the summary names it, the other tables are as good as
before. Once a list has used up the patience of a request, the others get little.

What is in memory: one list, as Arrow. A table with one list for each entity of another (members of
queues) is given away a few thousand rows at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Event
from typing import Any

from ..datasets import Dataset, ListEndpoint, Table
from ..days import Day, Interval, Slice
from ..errors import ExportError, GenesysUnavailable, NotPermitted, RequestRefused, SignInRefused
from ..flatten.named import Sheet
from ..model import Again, Batch, Clock, Counts, Gap, Names, Rejected, Summary, sum_digests
from ..threads import ahead
from .lists import Each, Entities, Problem, Root, gap_of, roots, told_apart, worst
from .unindexed import Unindexed

_HURRIED_S = 20.0  # for a request, once another list has waited as long as settings allow
_MANY = 20_000  # rows to be given away before the lists of all parents have been read


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotFeed(Unindexed):
    """A dataset whose tables are lists of the API: a model.Feed."""

    dataset: Dataset
    lists: Names
    tables: tuple[str, ...]
    clock: Clock

    asks = "ask"

    def watermark(self) -> None:
        """Return None: a list is as it is now."""

    def open(self, slice_: Slice, resume: str | None = None) -> SnapshotReading:
        """Prepare reading the lists; asks nothing yet."""
        del resume  # a list has no job
        return SnapshotReading(self, slice_)

    def describe(self, interval: Interval) -> tuple[Mapping[str, Any], ...]:
        """Return the lists that would be read; `{id}` is each entity of the list before."""
        del interval
        described = []
        for root in self.roots():
            described += [root.source, *(each.source for each in root.below)]
        return tuple({"GET": each.path, **each.query} for each in described if each)

    def roots(self) -> Iterator[Root]:
        """Yield every list that is to be read, with the tables it is read for."""
        return roots(self.dataset, self.tables)


@dataclass(slots=True)
class _Tally:
    """How many rows there are, and the sum of their hashes."""

    entries: int = 0
    digest: int = 0

    def note(self, rows: Sequence[bytes]) -> int:
        """Take rows; return how many they are."""
        self.entries += len(rows)
        hashes = (int.from_bytes(sha256(row).digest()) for row in rows)
        self.digest = sum_digests(hashes, self.digest)
        return len(rows)

    def add(self, other: _Tally) -> None:
        """Take what another one has."""
        self.entries += other.entries
        self.digest = sum_digests((other.digest,), self.digest)


@dataclass(slots=True)
class _Outcome:
    """What a root list came to: the ids of its entities, and what it ended with too early."""

    idents: list[str] = field(default_factory=list)
    rejects: list[Rejected] = field(default_factory=list)
    problem: Problem | None = None


class SnapshotReading:
    """The lists on their way: a model.Reading."""

    def __init__(self, feed: SnapshotFeed, slice_: Slice) -> None:
        """Ask nothing yet."""
        self._feed, self._day = feed, Day(slice_.day.date, slice_.day.zone)
        self._gaps: list[Gap] = []
        self._problems: list[ExportError] = []
        self._patience_s: float | None = None
        self._tally, self._rejected = _Tally(), 0

    @property
    def job_ids(self) -> tuple[str, ...]:
        """Nothing: a list leaves no job behind."""
        return ()

    @property
    def awaits_job(self) -> bool:
        """False: lists are there."""
        return False

    def prepare(self, abandon: Event) -> None:
        """Do nothing: lists are there."""

    def read(self, abandon: Event) -> Iterator[Batch | Rejected | Again]:
        """Yield the rows of every list that could be read, as far as it could.

        Raises SignInRefused; if no list can be read at all, the gravest of their errors.
        """
        for root in self._feed.roots():
            outcome = _Outcome()
            yield from self._root(root, outcome, abandon)
            for table in root.below:
                yield from self._below(table, outcome, abandon)
        if len(self._gaps) == len(self._feed.tables) and not self._tally.entries:
            raise worst(self._problems, self._gaps)

    def summary(self) -> Summary:
        """Return how many entries came, and which lists did not."""
        tally = self._tally
        received = tally.entries + self._rejected
        counts = Counts(received=received, exported=tally.entries, rejected=self._rejected)
        return Summary(counts=counts, digest=tally.digest, gaps=tuple(self._gaps))

    def index(self) -> None:
        """Return None: what changed of a list shows in its rows."""

    def release(self) -> None:
        """Do nothing: there is nothing to release."""

    def _root(self, root: Root, outcome: _Outcome, abandon: Event) -> Iterator[Batch | Rejected]:
        """Yield the tables of a list and of what stands in its entities."""
        tables = [*([root.table] if root.table else []), *root.within]
        sheets = [self._sheet(one) for one in tables]
        first = outcome.problem = self._fill(root, root.source, sheets, outcome, abandon)
        is_plain = root.is_worth_asking_plainly(first) and not any(one.rows for one in sheets)
        if is_plain:
            others = [one for one in sheets if not one.table.asks]
            outcome.problem = self._fill(root, root.plain, others, outcome, abandon)
        for sheet in sheets:
            problem = first if is_plain and sheet.table.asks else outcome.problem
            if problem is not None:
                self._gap(gap_of(sheet.table, problem, sheet.rows), problem)
            if sheet.rows or problem is None:
                yield sheet.batch()
        yield from self._noted(outcome.rejects)

    def _fill(
        self,
        root: Root,
        source: ListEndpoint,
        sheets: Sequence[Sheet],
        outcome: _Outcome,
        abandon: Event,
    ) -> Problem | None:
        """Add a list's entities, as far as they come; return what it ends with before its end."""
        tally = _Tally()
        pages = self._feed.lists.pages(source, patience_s=self._patience_s)
        try:
            for page in ahead(pages, abandon=abandon, clock=self._feed.clock):
                entities, rejects = told_apart(source, page)
                outcome.rejects += rejects
                for sheet in sheets:
                    is_own = sheet.table.source is not None
                    tally.note(sheet.add(entities) if is_own else sheet.add_within(entities))
                if root.below:
                    outcome.idents += [one["id"] for one in entities]
        except SignInRefused:
            raise
        except NotPermitted as problem:
            outcome.idents.clear()
            outcome.rejects.clear()
            for sheet in sheets:
                sheet.clear()
            return problem
        except GenesysUnavailable as problem:
            self._tally.add(tally)
            return problem
        self._tally.add(tally)
        return None

    def _below(self, table: Table, of: _Outcome, abandon: Event) -> Iterator[Batch | Rejected]:
        """Yield the rows of the lists that each entity has, in the order of the entities' ids."""
        sheet, rows, came = self._sheet(table), 0, Each(of.problem)
        lists = self._each(table, sorted(of.idents))
        for ident, entities, rejects, failure in ahead(
            lists, abandon=abandon, clock=self._feed.clock
        ):
            rows += self._tally.note(sheet.add(entities, ident))
            came.note(failure)
            yield from self._noted(rejects)
            if sheet.rows >= _MANY:
                yield sheet.batch()
        if gap := came.gap(table, rows):
            self._gap(*gap)
        if sheet.rows or (gap is None and not rows):
            yield sheet.batch()

    def _each(
        self, table: Table, idents: Sequence[str]
    ) -> Iterator[tuple[str, Entities, Sequence[Rejected], Problem | None]]:
        """Yield each entity's list, and what it ended with."""
        source = table.source
        if source is None:
            return
        for ident in idents:
            found: list[Mapping[str, Any]] = []
            problem: Problem | None = None
            try:
                for page in self._feed.lists.pages(source.of(ident), patience_s=self._patience_s):
                    found += page
            except SignInRefused:
                raise
            except (NotPermitted, GenesysUnavailable) as failure:
                problem = failure
            yield ident, *told_apart(source, found), problem
            if problem is not None and not isinstance(problem, NotPermitted | RequestRefused):
                return

    def _noted(self, rejects: Sequence[Rejected]) -> Sequence[Rejected]:
        self._rejected += len(rejects)
        return rejects

    def _sheet(self, table: Table) -> Sheet:
        return Sheet(self._feed.dataset, table, self._day)

    def _gap(self, gap: Gap, problem: Problem) -> None:
        self._gaps.append(gap)
        self._problems.append(problem)
        if not isinstance(problem, NotPermitted | RequestRefused):
            self._patience_s = _HURRIED_S
