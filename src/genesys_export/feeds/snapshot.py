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

        Raises SignInRefused, and what a list raised where not a single table has come.
        """
        patience_s: float | None = None
        problems: list[ExportError] = []
        for table, source in self._feed.sources():
            entities: list[Mapping[str, Any]] = []
            try:
                pages = self._feed.lists.pages(source, patience_s=patience_s)
                for page in ahead(pages, abandon=abandon, clock=self._feed.clock):
                    entities.extend(page)
            except SignInRefused:
                raise
            except NotPermitted as problem:
                self._refused(table, problem)
                problems.append(problem)
                continue
            except GenesysUnavailable as problem:
                if not isinstance(problem, RequestRefused):
                    patience_s = _HURRIED_S
                gap = Gap(table=table.name, why=problem.message, entries=len(entities))
                self._gaps.append(gap)
                if not entities:
                    problems.insert(0, problem)  # it may pass, other than a missing permission
                    continue
            yield self._batch(table, entities)
        if problems and len(problems) == len([*self._feed.sources()]):
            raise problems[0]

    def summary(self) -> Summary:
        """Return how many entries came, and which lists did not."""
        counts = Counts(received=self._entries, exported=self._entries)
        return Summary(counts=counts, digest=self._digest, gaps=tuple(self._gaps))

    def index(self) -> None:
        """Return None: what changed of a list shows in its rows."""

    def release(self) -> None:
        """Do nothing: there is nothing to release."""

    def _refused(self, table: Table, problem: NotPermitted) -> None:
        needed = " or ".join(problem.permissions) or "the permission to read its list"
        why = f"{needed} is missing"
        self._gaps.append(Gap(table=table.name, why=why, permissions=problem.permissions))

    def _batch(self, table: Table, entities: Entities) -> Batch:
        self._entries += len(entities)
        for one in entities:
            text = msgspec.json.encode([table.name, one], order="deterministic")
            self._digest += int.from_bytes(sha256(text).digest())
        self._digest %= _MODULUS
        return named(table, self._day, entities)
