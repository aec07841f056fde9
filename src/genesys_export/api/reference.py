"""Lists of the API, each read to its end.

An entity that comes again is left out of the later page: those created or deleted meanwhile move
others over its edge. Knows no list, no columns, no token, no retry.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ..datasets import ListEndpoint, Paging
from ..errors import GenesysUnavailable, NotPermitted, SignInRefused
from ..odd_input import UNREADABLE, is_too_deep
from .client import Call, Client
from .paging import (
    Guard,
    Way,
    by_cursors,
    by_number,
    by_token,
    by_uri,
    following,
    missing,
    tells_its_end,
)
from .splitting import Garbled

WAYS: Mapping[Paging, tuple[Way, ...]] = {
    Paging.NUMBER: (by_uri, by_number),
    Paging.CURSOR: (by_uri, by_cursors, by_token),
    Paging.WHOLE: (by_uri,),
    Paging.OBJECT: (),
}
_MOST_PAGES = 10_000  # of a list: at a hundred a page that is a million users
_MOST_VAIN = 100


@dataclass(frozen=True, slots=True)
class ReferenceLists:
    """The lists of an organisation: a model.Names."""

    client: Client

    def pages(
        self, source: ListEndpoint, *, patience_s: float | None = None
    ) -> Iterator[Sequence[Mapping[str, Any]]]:
        """Yield the pages of a list.

        Raises NotPermitted, with the permission, where the client may not read the list, and what
        else the client raises.
        """
        try:
            for page in read_list(self.client, source, patience_s=patience_s):
                yield page.entities
        except SignInRefused:
            raise
        except NotPermitted as refused:
            raise NotPermitted(
                refused.message,
                permissions=refused.permissions or source.permissions,
                advice=refused.advice,
            ) from refused


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list, and what the answer says beside its entities."""

    entities: list[dict[str, Any]]
    told: Mapping[str, Any]


def read_page(body: bytes) -> ListPage:
    """Read an answer; raises Garbled for one that holds no entities."""
    found = _decoded(body)
    entities = found.pop("entities", None) if isinstance(found, dict) else None
    if not isinstance(entities, list) or not all(isinstance(one, dict) for one in entities):
        raise Garbled("the body is not a page of a list")
    return ListPage(entities, found)


def read_object(body: bytes) -> ListPage:
    """Read an answer that is an entity itself; raises Garbled for anything but an object."""
    found = _decoded(body)
    if not isinstance(found, dict):
        raise Garbled("the body is not an object")
    return ListPage([found], {})


def read_list(
    client: Client, source: ListEndpoint, *, patience_s: float | None = None
) -> Iterator[ListPage]:
    """Yield the pages of a list, each entity once, also those without an id.

    Raises GenesysUnavailable if they don't end, or if the last one tells of more than came.
    """
    first = {"pageSize": str(source.page_size)} if source.page_size else {}
    first |= {"pageNumber": "1"} if source.paging is Paging.NUMBER else {}
    asked: dict[str, Any] | None = {**source.query, **first}
    is_object = source.paging is Paging.OBJECT
    guard = Guard(most_vain=_MOST_VAIN, most=_MOST_PAGES, link="next page")
    came, was_linked = 0, False
    while asked is not None:
        call = Call(method="GET", path=source.path, query=asked, deadline_s=patience_s)
        page = client.request(call, read_object if is_object else read_page)
        idents = [one.get("id") for one in page.entities]
        new = [isinstance(ident, str) and guard.is_new(ident.encode()) for ident in idents]
        kept = [
            one
            for one, ident, is_new in zip(page.entities, idents, new, strict=True)
            if is_object or is_new or not isinstance(ident, str)
        ]
        yield ListPage(kept, page.told)
        came += len(kept)
        ways = WAYS[source.paging]
        if was_linked and not tells_its_end(page.told):
            ways = tuple(way for way in ways if way is not by_number)  # no link: the last page
        was_linked = was_linked or bool(page.told.get("nextUri"))
        asked = following(ways, asked, page.told, came if page.entities else 0)
        if asked is not None:
            asked = {**asked, **source.query}
            if why := guard.why_endless(sorted(asked.items()), is_new=any(new)):
                raise GenesysUnavailable(f"GET {source.path} has no end: {why}")
        elif source.paging is not Paging.NUMBER and (short := missing(page.told, came)):
            raise GenesysUnavailable(f"GET {source.path} is cut: {short}")


def _decoded(body: bytes) -> Any:
    try:
        found = msgspec.json.decode(body)
    except UNREADABLE:
        found = _slowly(body)
    if is_too_deep(found):
        raise Garbled("the body is nested too deep")
    return found


def _slowly(body: bytes) -> Any:
    """Read JSON that msgspec refuses: with lone surrogates, which no file can hold."""
    try:
        text = json.dumps(json.loads(body), ensure_ascii=False)
        return json.loads(text.encode("utf-8", "replace"))
    except (ValueError, RecursionError) as problem:
        raise Garbled("the body is not a page of a list") from problem
