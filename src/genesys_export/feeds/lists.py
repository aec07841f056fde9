"""The lists that a snapshot's tables are read from, and what becomes of one that fails.

Pure: asks nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..datasets import Dataset, ListEndpoint, Paging, Table
from ..errors import ExportError, GenesysUnavailable, NotPermitted, RequestRefused
from ..model import Gap, Rejected

_BAD_REQUEST, _NOT_FOUND = 400, 404
Entities = Sequence[Mapping[str, Any]]
Problem = NotPermitted | GenesysUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A list, and the wanted tables that are made with it."""

    table: Table | None  # of its entities; None where only those of others are wanted
    source: ListEndpoint  # with what it is asked for the tables within
    within: tuple[Table, ...]  # of what stands in its entities
    below: tuple[Table, ...]  # of the lists that each of its entities has
    plain: ListEndpoint  # with nothing that it is asked for the tables within

    def is_worth_asking_plainly(self, problem: Problem | None) -> bool:
        """Whether a refusal may be due to what is asked for some tables, and others are wanted."""
        is_of_asks = isinstance(problem, NotPermitted) or (
            isinstance(problem, RequestRefused) and problem.http_status == _BAD_REQUEST
        )
        others = self.table or self.below or [one for one in self.within if not one.asks]
        return is_of_asks and self.source != self.plain and bool(others)


def roots(dataset: Dataset, tables: Sequence[str]) -> Iterator[Root]:
    """Yield every list that is to be read for the tables."""
    for table in dataset.tables:
        if table.source is None or table.of:
            continue
        wanted = [one for one in dataset.children(table.name) if one.name in tables]
        within = tuple(one for one in wanted if one.source is None)
        is_wanted = table.name in tables
        if wanted or is_wanted:
            yield Root(
                table=table if is_wanted else None,
                source=table.source.asking(one.asks for one in within),
                within=within,
                below=tuple(one for one in wanted if one.source is not None),
                plain=table.source,
            )


@dataclass(slots=True)
class Each:
    """What the lists came to that each entity of another list has."""

    problem: Problem | None  # of the other list; else the first that cut one of these off
    lists: int = 0
    _absent: list[Problem] = field(default_factory=list)
    _forbidden: list[NotPermitted] = field(default_factory=list)

    def note(self, failure: Problem | None) -> None:
        """Take what one of the lists ended with. One that is gone has no entries."""
        self.lists += 1
        if isinstance(failure, NotPermitted):
            self._forbidden.append(failure)
        elif failure is not None and is_absent(failure):
            self._absent.append(failure)
        else:
            self.problem = self.problem or failure

    def gap(self, table: Table, rows: int) -> tuple[Gap, Problem] | None:
        """Return the table's gap, and what is behind it; None if it is whole."""
        problem, has_none = self.problem, not rows
        if problem is None and self._forbidden:
            (first, *_), refused = self._forbidden, len(self._forbidden)
            has_none = has_none and refused + len(self._absent) == self.lists
            if not has_none:
                why = f"{refused:,} of {self.lists:,} lists are forbidden: {_needed(first)}"
                return Gap(table=table.name, why=why, entries=rows), first
            problem = first
        elif problem is None and has_none and self.lists and len(self._absent) == self.lists:
            problem = self._absent[0]
        return (gap_of(table, problem, rows), problem) if problem else None


def told_apart(source: ListEndpoint, page: Entities) -> tuple[Entities, list[Rejected]]:
    """Return the entities that can be rows, and those without an id."""
    if source.paging is Paging.OBJECT:
        return page, []
    odd = [one for one in page if not isinstance(one.get("id"), str)]
    reason = f"an entry of {source.path} has no id"
    rejects = [Rejected(reason, json.dumps(one, ensure_ascii=False).encode()) for one in odd]
    return [one for one in page if isinstance(one.get("id"), str)] if odd else page, rejects


def is_absent(problem: ExportError) -> bool:
    """Whether Genesys does not have the list."""
    return isinstance(problem, RequestRefused) and problem.http_status == _NOT_FOUND


def gap_of(table: Table, problem: Problem, entries: int) -> Gap:
    """Return the gap of a table whose list ended too early."""
    if not isinstance(problem, NotPermitted) or entries:
        lasting = is_absent(problem) and not entries
        return Gap(table=table.name, why=problem.message, entries=entries, is_lasting=lasting)
    return Gap(table=table.name, why=_needed(problem), permissions=problem.permissions)


def worst(problems: Sequence[ExportError], gaps: Sequence[Gap]) -> ExportError:
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


def _needed(problem: NotPermitted) -> str:
    needed = " or ".join(problem.permissions) or "the permission to read its list"
    return f"{needed} is missing"
