"""Where a dataset's records come from, as values: jobs, queries and lists of the API.

Knows paths, bodies and permissions; asks nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEndpoint:
    """An asynchronous job: submitted at `path`, read page by page under it."""

    path: str
    availability: str  # which instant the data reaches
    records_key: str  # under which a page holds its records
    permission: str
    body: Mapping[str, Any] = field(default_factory=dict)  # beside interval and filters
    sizes_pages: bool = True  # whether its results take a page size


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryEndpoint:
    """A synchronous query, paged by number."""

    path: str
    records_key: str
    permission: str
    body: Mapping[str, Any] = field(default_factory=dict)  # beside interval, filters and paging


@dataclass(frozen=True, slots=True, kw_only=True)
class CountEndpoint:
    """An aggregates query that counts a dataset's records."""

    path: str
    permission: str
    metric: str
    by: str  # the dimension that the counts are told by


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateEndpoint:
    """Statistics by interval and group: a synchronous query, and a job that answers the same."""

    path: str
    jobs: str
    availability: str  # which instant the data reaches
    permission: str
    group_by: tuple[str, ...]  # columns of the table, where settings choose none
    metrics: tuple[str, ...]  # all that the endpoint has


class Paging(StrEnum):
    """How an answer leads to the next page of a list."""

    NUMBER = "number"  # by nextUri; else by pageCount, else total, else until a page is empty
    CURSOR = "cursor"  # by nextUri, else a cursor that goes back as a parameter
    WHOLE = "whole"  # the list has one page, unless the answer has a nextUri
    OBJECT = "object"  # no list: the answer is the only entity


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEndpoint:
    """A list of the API: where it is, what else is asked of it, which permission it needs."""

    path: str  # with `{id}` where there is one list for each entity of another
    page_size: int = 0  # 0: the list takes no page size
    query: Mapping[str, str] = field(default_factory=dict)
    permissions: tuple[str, ...] = ()  # as documented; some lists name none
    paging: Paging = Paging.NUMBER

    def of(self, ident: str) -> ListEndpoint:
        """Return the list of one entity."""
        return replace(self, path=self.path.replace("{id}", quote(ident, safe="")))

    def asking(self, more: Iterable[Mapping[str, str]]) -> ListEndpoint:
        """Return the list with more parameters; values of the same one are joined by commas."""
        query: dict[str, str] = {}
        for name, value in (pair for each in (self.query, *more) for pair in each.items()):
            query[name] = f"{query[name]},{value}" if name in query else value
        return self if query == self.query else replace(self, query=query)
