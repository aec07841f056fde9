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
from ..model import Again, Batch, Clock, Counts, Gap, Names, Rejected, Summary
from ..threads import ahead

_HURRIED_S = 20.0  # for a request, once another list has waited as long as settings allow
_MODULUS = 1 << 256
_MANY = 20_000  # rows to be given away before the lists of all parents have been read
_NOT_FOUND = 404
Entities = Sequence[Mapping[str, Any]]
Problem = NotPermitted | GenesysUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotFeed:
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
        for table in self.dataset.tables:
            if table.source is None or table.of:
                continue
            wanted = [one for one in self.dataset.children(table.name) if one.name in self.tables]
            within = tuple(one for one in wanted if one.source is None)
            is_wanted = table.name in self.tables
            if wanted or is_wanted:
                yield Root(
                    table=table if is_wanted else None,
                    source=table.source.asking(one.asks for one in within),
                    within=within,
                    below=tuple(one for one in wanted if one.source is not None),
                )

    def spell(self, key: bytes) -> str:
        """Return the key in hexadecimal: a snapshot has no index."""
        return key.hex()

    def identifies_alike(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        """Return True: there is no index to compare."""
        del old, new
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A list, and the wanted tables that are made with it."""

    table: Table | None  # of its entities; None where only those of others are wanted
    source: ListEndpoint
    within: tuple[Table, ...]  # of what stands in its entities
    below: tuple[Table, ...]  # of the lists that each of its entities has


@dataclass(slots=True)
class _Tally:
    """How many rows there are, and the sum of their hashes."""

    entries: int = 0
    digest: int = 0

    def note(self, rows: Sequence[bytes]) -> int:
        """Take rows; return how many they are."""
        self.entries += len(rows)
        self.digest += sum(int.from_bytes(sha256(row).digest()) for row in rows)
        return len(rows)

    def add(self, other: _Tally) -> None:
        """Take what another one has."""
        self.entries += other.entries
        self.digest += other.digest


@dataclass(slots=True)
class _Outcome:
    """What a root list came to: the ids of its entities, and what it ended with too early."""

    idents: list[str] = field(default_factory=list)
    problem: Problem | None = None


class SnapshotReading:
    """The lists on their way: a model.Reading."""

    def __init__(self, feed: SnapshotFeed, slice_: Slice) -> None:
        """Ask nothing yet."""
        self._feed, self._day = feed, Day(slice_.day.date, slice_.day.zone)
        self._gaps: list[Gap] = []
        self._problems: list[ExportError] = []
        self._patience_s: float | None = None
        self._tally = _Tally()

    @property
    def job_ids(self) -> tuple[str, ...]:
        """Nothing: a list leaves no job behind."""
        return ()

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
            raise _worst(self._problems, self._gaps)

    def summary(self) -> Summary:
        """Return how many entries came, and which lists did not."""
        tally = self._tally
        counts = Counts(received=tally.entries, exported=tally.entries)
        return Summary(counts=counts, digest=tally.digest % _MODULUS, gaps=tuple(self._gaps))

    def index(self) -> None:
        """Return None: what changed of a list shows in its rows."""

    def release(self) -> None:
        """Do nothing: there is nothing to release."""

    def _root(self, root: Root, outcome: _Outcome, abandon: Event) -> Iterator[Batch]:
        """Yield the tables of a list and of what stands in its entities."""
        own = [self._sheet(root.table)] if root.table else []
        within = [self._sheet(one) for one in root.within]
        outcome.problem = self._fill(root, own, within, outcome.idents, abandon)
        for sheet in (*own, *within):
            if outcome.problem is not None:
                self._gap(sheet.table, outcome.problem, sheet.rows)
            if sheet.rows or outcome.problem is None:
                yield sheet.batch()

    def _fill(
        self,
        root: Root,
        own: Sequence[Sheet],
        within: Sequence[Sheet],
        idents: list[str],
        abandon: Event,
    ) -> Problem | None:
        """Add a list's entities, as far as they come; return what it ends with before its end."""
        tally = _Tally()
        pages = self._feed.lists.pages(root.source, patience_s=self._patience_s)
        try:
            for page in ahead(pages, abandon=abandon, clock=self._feed.clock):
                for sheet in own:
                    tally.note(sheet.add(page))
                for sheet in within:
                    tally.note(sheet.add_within(page))
                if root.below:
                    idents += [one["id"] for one in page]
        except SignInRefused:
            raise
        except NotPermitted as problem:
            idents.clear()
            for sheet in (*own, *within):
                sheet.clear()
            return problem
        except GenesysUnavailable as problem:
            self._tally.add(tally)
            return problem
        self._tally.add(tally)
        return None

    def _below(self, table: Table, of: _Outcome, abandon: Event) -> Iterator[Batch]:
        """Yield the rows of the lists that each entity has, in the order of the entities' ids."""
        sheet, rows, problem = self._sheet(table), 0, of.problem
        lists = self._each(table, sorted(of.idents))
        for ident, entities, failure in ahead(lists, abandon=abandon, clock=self._feed.clock):
            rows += self._tally.note(sheet.add(entities, ident))
            problem = problem or failure
            if failure is not None and not (isinstance(failure, RequestRefused) or rows):
                break
            if sheet.rows >= _MANY:
                yield sheet.batch()
        if problem is not None:
            self._gap(table, problem, rows)
        if sheet.rows or (problem is None and not rows):
            yield sheet.batch()

    def _each(
        self, table: Table, idents: Sequence[str]
    ) -> Iterator[tuple[str, Entities, Problem | None]]:
        """Yield each entity's list, and what it ended with; one that is gone has none."""
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
                problem = None if _is_absent(failure) else failure
            yield ident, found, problem
            if problem is not None and not isinstance(problem, NotPermitted | RequestRefused):
                return

    def _sheet(self, table: Table) -> Sheet:
        return Sheet(self._feed.dataset, table, self._day)

    def _gap(self, table: Table, problem: Problem, entries: int) -> None:
        self._gaps.append(_gap(table, problem, entries))
        self._problems.append(problem)
        if not isinstance(problem, NotPermitted | RequestRefused):
            self._patience_s = _HURRIED_S


def _is_absent(problem: ExportError) -> bool:
    return isinstance(problem, RequestRefused) and problem.http_status == _NOT_FOUND


def _gap(table: Table, problem: Problem, entries: int) -> Gap:
    if not isinstance(problem, NotPermitted) or entries:
        lasting = _is_absent(problem) and not entries
        return Gap(table=table.name, why=problem.message, entries=entries, is_lasting=lasting)
    needed = " or ".join(problem.permissions) or "the permission to read its list"
    return Gap(table=table.name, why=f"{needed} is missing", permissions=problem.permissions)


def _worst(problems: Sequence[ExportError], gaps: Sequence[Gap]) -> ExportError:
    """Return what to raise where no list could be read: what is in the way for a while, if any."""
    for problem in problems:
        if not isinstance(problem, NotPermitted):
            return problem
    needed = tuple(dict.fromkeys(one for gap in gaps for one in gap.permissions or ()))
    return NotPermitted(
        f"no list may be read: {'; '.join(f'{gap.table}: {gap.why}' for gap in gaps)}",
        permissions=needed,
        advice=f"Give {', '.join(needed) or 'these'} to a role of the OAuth client.",
    )
