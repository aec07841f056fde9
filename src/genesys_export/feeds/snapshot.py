"""The feed of snapshot datasets: lists of the API, read whole, a table for each.

A list costs its own table and nothing else. One that the client has no right to, or that breaks
off, is a gap: the summary names it, the other tables are as good as before. Once a list has used
up the patience of a request, the others get little.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from threading import Event
from typing import Any

import msgspec

from ..datasets import Dataset, ListEndpoint, Table
from ..days import Day, Interval, Slice
from ..errors import ExportError, GenesysUnavailable, NotPermitted, RequestRefused, SignInRefused
from ..flatten.named import named
from ..model import Again, Batch, Clock, Counts, Gap, Names, Rejected, Summary
from ..threads import ahead

_HURRIED_S = 20.0  # for a request, once another list has waited as long as settings allow
_MODULUS = 1 << 256
Entities = Sequence[Mapping[str, Any]]


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
        """Return the lists that would be read."""
        del interval
        return tuple({"GET": source.path, **source.query} for _, source in self.sources())

    def sources(self) -> Iterator[tuple[Table, ListEndpoint]]:
        """Yield every wanted table and its list."""
        for table in self.dataset.tables:
            if table.name in self.tables and table.source is not None:
                yield table, table.source

    def spell(self, key: bytes) -> str:
        """Return the key in hexadecimal: a snapshot has no index."""
        return key.hex()

    def identifies_alike(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        """Return True: there is no index to compare."""
        del old, new
        return True


class SnapshotReading:
    """The lists on their way: a model.Reading."""

    def __init__(self, feed: SnapshotFeed, slice_: Slice) -> None:
        """Ask nothing yet."""
        self._feed, self._day = feed, Day(slice_.day.date, slice_.day.zone)
        self._gaps: list[Gap] = []
        self._entries, self._digest = 0, 0

    @property
    def job_ids(self) -> tuple[str, ...]:
        """Nothing: a list leaves no job behind."""
        return ()

    def read(self, abandon: Event) -> Iterator[Batch | Rejected | Again]:
        """Yield the rows of every list that could be read, as far as it could.

        Raises SignInRefused; if no list can be read at all, the gravest of their errors.
        """
        patience_s: float | None = None
        problems: list[ExportError] = []
        sources = [*self._feed.sources()]
        for table, source in sources:
            entities: list[Mapping[str, Any]] = []
            pages = self._feed.lists.pages(source, patience_s=patience_s)
            problem = self._fill(entities, pages, abandon)
            if problem is not None:
                self._gaps.append(_gap(table, problem, len(entities)))
                problems.append(problem)
                if not isinstance(problem, NotPermitted | RequestRefused):
                    patience_s = _HURRIED_S
            if entities or problem is None:
                yield self._batch(table, entities)
        if problems and len(problems) == len(sources) and not self._entries:
            raise _worst(problems, self._gaps)

    def summary(self) -> Summary:
        """Return how many entries came, and which lists did not."""
        counts = Counts(received=self._entries, exported=self._entries)
        return Summary(counts=counts, digest=self._digest, gaps=tuple(self._gaps))

    def index(self) -> None:
        """Return None: what changed of a list shows in its rows."""

    def release(self) -> None:
        """Do nothing: there is nothing to release."""

    def _fill(
        self, entities: list[Mapping[str, Any]], pages: Iterator[Entities], abandon: Event
    ) -> NotPermitted | GenesysUnavailable | None:
        """Add a list's entities, as far as they come; return what it ends with before its end."""
        try:
            for page in ahead(pages, abandon=abandon, clock=self._feed.clock):
                entities.extend(page)
        except SignInRefused:
            raise
        except NotPermitted as problem:
            entities.clear()
            return problem
        except GenesysUnavailable as problem:
            return problem
        return None

    def _batch(self, table: Table, entities: Entities) -> Batch:
        self._entries += len(entities)
        for one in entities:
            text = msgspec.json.encode([table.name, one], order="deterministic")
            self._digest += int.from_bytes(sha256(text).digest())
        self._digest %= _MODULUS
        return named(table, self._day, entities)


def _gap(table: Table, problem: NotPermitted | GenesysUnavailable, entries: int) -> Gap:
    if not isinstance(problem, NotPermitted):
        return Gap(table=table.name, why=problem.message, entries=entries)
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
