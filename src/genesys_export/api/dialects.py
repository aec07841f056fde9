"""The dialects that answers to a custom query body may come in, and how each names its pages.

Pure. Records stand under `conversations` or `entities`; the next page comes by a token sent back,
or by its number. The end is where nothing leads on; a way that can't lead there is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from ..days import Interval
from ..errors import GenesysUnavailable
from ..model import Page
from ..plural import plural
from . import wire
from .splitting import Garbled, split_slowly

Json = dict[str, Any]
TOKENS = ("nextPageToken", "cursor")
_MOST_PAGES = 100_000  # at a hundred a page that is ten million conversations
_MOST_EMPTY = 1_000  # so many empty pages in a row are taken for pages without end
_PAGE_SIZE = 25  # what the query gives where the body names no size


@dataclass(frozen=True, slots=True)
class Answer:
    """A page, and what its answer says of the next one."""

    page: Page
    hits: int = 0  # how many there are in all; 0 if nothing is said
    tokens: Mapping[str, object] = field(default_factory=dict)  # by name; none that is empty


class _Envelope(msgspec.Struct, rename="camel"):
    conversations: list[msgspec.Raw] | UnsetType | None = UNSET
    entities: list[msgspec.Raw] | UnsetType | None = UNSET
    total_hits: Any = UNSET
    cursor: Any = UNSET
    next_page_token: Any = UNSET


def read_answer(body: bytes) -> Answer | None:
    """Split an answer; None for an object that holds no records and is not empty.

    Raises Garbled for what is no JSON object, or has something else where records belong.
    """
    try:
        found = msgspec.json.decode(body, type=_Envelope)
        records = [bytes(record) for record in found.conversations or found.entities or ()]
    except wire.UNREADABLE:
        found, records = _slowly(body)
    if (
        all(getattr(found, name) is UNSET for name in found.__struct_fields__)
        and body.strip() != b"{}"
    ):
        return None
    tokens = {"nextPageToken": found.next_page_token, "cursor": found.cursor}
    given = {name: token for name, token in tokens.items() if token and token is not UNSET}
    if not all(map(wire.is_sendable, given.values())):
        raise Garbled("the token of the next page is not a valid string")
    return Answer(
        Page(records=records, watermark=None, received_bytes=len(body)),
        found.total_hits if isinstance(found.total_hits, int) else 0,
        given,
    )


def following(asked: Json, answer: Answer) -> Json | None:
    """Return the body that asks for the page after the answer; None after the last one.

    A token goes back where its like-named field stands, else to the top. Numbers are counted up
    only if the body has `paging` and no field for a token.
    """
    if answer.tokens:
        standing = [name for name in answer.tokens if _has(asked, name)]
        name = next(iter(standing or answer.tokens))
        return _put(asked, name, answer.tokens[name])
    named = paging(asked)
    if named is None or any(_has(asked, name) for name in TOKENS):
        return None
    size, number = named.get("pageSize", _PAGE_SIZE), named.get("pageNumber", 1)
    if not answer.page.records and size * number >= answer.hits:
        return None
    return {**asked, "paging": {**named, "pageNumber": number + 1}}


def paging(body: Mapping[str, Any]) -> Json | None:
    """Return the body's `paging`, if it has one."""
    found = body.get("paging")
    return found if isinstance(found, dict) else None


@dataclass(slots=True)
class Guard:
    """Detects endless pages; an export must end."""

    interval: Interval
    pages: int = 0
    _empty: int = 0
    _met: set[bytes] = field(default_factory=set)

    def check(self, answer: Answer) -> None:
        """Take the next answer; raises GenesysUnavailable if it makes no progress."""
        self.pages += 1
        records = answer.page.records
        self._empty = 0 if records else self._empty + 1
        tokens = [f"{name} {token!r}".encode() for name, token in answer.tokens.items()]
        if any(self._is_old(token) for token in tokens):
            raise self._endless("the same token was returned twice")
        if records and self._is_old(b"\n".join(records)):
            raise self._endless("the same page was returned twice")
        if self._empty >= _MOST_EMPTY or self.pages >= _MOST_PAGES:
            raise self._endless(
                f"{plural(self.pages, 'page')}, the last {self._empty} of them empty"
            )

    def _is_old(self, thing: bytes) -> bool:
        digest = blake2b(thing, digest_size=16).digest()
        known = digest in self._met
        self._met.add(digest)
        return known

    def _endless(self, why: str) -> GenesysUnavailable:
        return GenesysUnavailable(
            f"the answers to the query body for {self.interval} have no end: {why}",
            advice="Check how the body in export.query_body asks for pages.",
        )


def _slowly(body: bytes) -> tuple[_Envelope, list[bytes]]:
    """Split an answer that msgspec refuses; raises Garbled."""
    whole, records = split_slowly(body, "conversations", "entities")
    envelope = _Envelope(
        conversations=[],
        total_hits=whole.get("totalHits", UNSET),
        cursor=whole.get("cursor", UNSET),
        next_page_token=whole.get("nextPageToken", UNSET),
    )
    return envelope, records


def _has(body: Json, name: str) -> bool:
    return name in body or any(_has(one, name) for one in body.values() if isinstance(one, dict))


def _put(body: Json, name: str, token: object) -> Json:
    """Return the body with the token in the first field of that name, the top level first."""
    for key, one in body.items():
        if name not in body and isinstance(one, dict) and _has(one, name):
            return {**body, key: _put(one, name, token)}
    return {**body, name: token}
