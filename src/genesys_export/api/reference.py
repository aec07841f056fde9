"""Reference lists: which list names what, and how one is read to its end.

Lists are paged by number; where the next page is, the answer says: by `nextUri`, else by
`pageCount`, else by `total`, else there is a next page until one is empty. A page may be shorter
than asked for: the size that the answer tells counts. Knows no columns, no token, no retry.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from ..datasets import ListEndpoint
from ..errors import GenesysUnavailable, NotPermitted, SignInRefused
from ..plural import plural
from .client import Call, Client
from .splitting import Garbled
from .wire import UNREADABLE

Query = Mapping[str, str]
_MOST_PAGES = 10_000  # of a list: at a hundred a page that is a million users
_MOST_VAIN = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of the API: where it is, what else is asked of it, which permission it needs."""

    path: str
    page_size: int
    query: Query = field(default_factory=dict)
    permissions: tuple[str, ...] = ()  # as documented (read 2026-11); some name none


# By the table that is made of them.
LISTS: Mapping[str, Listing] = {
    "dim_queues": Listing("/api/v2/routing/queues", 500, permissions=("routing:queue:view",)),
    # Conversations of last week speak of users who have been deleted since.
    "dim_users": Listing("/api/v2/users", 500, {"state": "any"}),
    "dim_wrap_up_codes": Listing(
        "/api/v2/routing/wrapupcodes", 500, permissions=("routing:wrapupCode:view",)
    ),
    "dim_divisions": Listing("/api/v2/authorization/divisions", 200),
    "dim_flows": Listing("/api/v2/flows", 100, permissions=("architect:flow:view",)),
}


@dataclass(frozen=True, slots=True)
class ReferenceLists:
    """The names of an organisation: a model.Names."""

    client: Client

    def pages(
        self, source: ListEndpoint, *, patience_s: float | None = None
    ) -> Iterator[Sequence[Mapping[str, Any]]]:
        """Yield the pages of a table's list; an entity that comes again is left out of the later.

        Raises NotPermitted, with the permission, where the client may not read the list, and what
        else the client raises.
        """
        listing, met, vain = (
            Listing(source.path, source.page_size, source.query, source.permissions),
            _Met(),
            0,
        )
        try:
            for page in read_list(self.client, listing, patience_s=patience_s):
                new = [one for one in page.entities if met.is_new(one.get("id"))]
                vain = 0 if new else vain + 1
                if vain >= _MOST_VAIN:
                    raise _endless(listing, f"{plural(vain, 'page')} in a row had nothing new")
                yield new
        except SignInRefused:
            raise
        except NotPermitted as refused:
            raise NotPermitted(
                refused.message,
                permissions=refused.permissions or listing.permissions,
                advice=refused.advice,
            ) from refused


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, as far as it is read."""

    entities: list[dict[str, Any]]
    size: int | None = None
    number: int | None = None
    count: int | None = None  # of pages
    total: int | None = None  # of entities
    next_uri: str | None = None
    all_divisions: bool = False  # of the divisions permitted: these are all there are


def read_page(body: bytes) -> Page:
    """Read an answer; raises Garbled for one that holds no entities."""
    try:
        found = msgspec.json.decode(body)
    except UNREADABLE:
        found = _slowly(body)
    entities = found.get("entities") if isinstance(found, dict) else None
    if not isinstance(entities, list) or not all(isinstance(one, dict) for one in entities):
        raise Garbled("the body is not a page of a list")
    uri = found.get("nextUri")
    return Page(
        entities,
        size=_count(found.get("pageSize")),
        number=_count(found.get("pageNumber")),
        count=_count(found.get("pageCount")),
        total=_count(found.get("total")),
        next_uri=uri if isinstance(uri, str) and uri else None,
        all_divisions=found.get("allDivsPermitted") is True,
    )


def following(page: Page, asked: Query) -> Query | None:
    """Return what to ask for after this page; None after the last.

    Of `nextUri` only the query counts: nobody is sent to another host with our token.
    """
    if page.next_uri is not None:
        return dict(parse_qsl(urlsplit(page.next_uri).query))
    number = page.number or _whole(asked.get("pageNumber"))
    size = page.size or _whole(asked.get("pageSize"))
    if page.count is not None:
        is_last = number >= page.count
    elif page.total is not None:
        is_last = number * size >= page.total
    else:
        is_last = not page.entities
    return None if is_last else {**asked, "pageSize": str(size), "pageNumber": str(number + 1)}


class _Met:
    """The ids received: entities created or deleted meanwhile move others to the next page."""

    def __init__(self) -> None:
        self._ids: set[str] = set()

    def is_new(self, ident: object) -> bool:
        """Whether it is an id, and comes for the first time; from now on it is known."""
        if not isinstance(ident, str) or ident in self._ids:
            return False
        self._ids.add(ident)
        return True


def read_list(
    client: Client, listing: Listing, *, patience_s: float | None = None
) -> Iterator[Page]:
    """Yield the pages of a list; raises GenesysUnavailable if they form a cycle."""
    asked: Query | None = {**listing.query, "pageSize": str(listing.page_size), "pageNumber": "1"}
    call, seen = Call(method="GET", path=listing.path, deadline_s=patience_s), set()
    while asked is not None:
        seen.add(tuple(sorted(asked.items())))
        page = client.request(replace(call, query=asked), read_page)
        yield page
        found = following(page, asked)
        asked = None if found is None else {**listing.query, **found}
        if asked is not None and tuple(sorted(asked.items())) in seen:
            raise _endless(listing, "its pages form a cycle")
        if len(seen) >= _MOST_PAGES:
            raise _endless(listing, f"{plural(len(seen), 'page')} were read")


def _endless(listing: Listing, why: str) -> GenesysUnavailable:
    return GenesysUnavailable(f"GET {listing.path} has no end: {why}")


def _slowly(body: bytes) -> Any:
    """Read JSON that msgspec refuses: with lone surrogates, which no file can hold."""
    try:
        text = json.dumps(json.loads(body), ensure_ascii=False)
        return json.loads(text.encode("utf-8", "replace"))
    except (ValueError, RecursionError) as problem:
        raise Garbled("the body is not a page of a list") from problem


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 1
