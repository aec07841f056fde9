"""What follows a page: the ways in which answers lead to the next one, and a guard of their end.

A way takes what was asked (parameters or a body), what the answer told and how many records it
held, and returns what to ask for next; None where it leads nowhere. Pure: asks nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl

from ..plural import plural

Json = dict[str, Any]
Told = Mapping[str, Any]
Way = Callable[[Json, Told, int], Json | None]
TOKENS = ("nextPageToken", "cursor")
_AFTER = "after"  # the parameter, and the field of `cursors`, that lead on
_PAGE_SIZE = 25  # what a query gives where the body names no size


def following(ways: Sequence[Way], asked: Json, told: Told, records: int) -> Json | None:
    """Return what the first way that leads on asks for next; None after the last page."""
    led = (way(asked, told, records) for way in ways)
    return next((one for one in led if one is not None), None)


def by_uri(asked: Json, told: Told, records: int) -> Json | None:
    """Follow `nextUri`; of it only the query counts: nobody else gets our token."""
    del asked, records
    uri = told.get("nextUri")
    if not isinstance(uri, str) or not uri:
        return None
    return dict(parse_qsl(uri.partition("?")[2].partition("#")[0]))


def by_token(asked: Json, told: Told, records: int) -> Json | None:
    """Send a token back where its like-named field stands, else at the top."""
    del records
    tokens = [name for name in TOKENS if told.get(name)]
    if not tokens:
        return None
    name = next((name for name in tokens if _has(asked, name)), tokens[0])
    return _put(asked, name, told[name])


def by_cursors(asked: Json, told: Told, records: int) -> Json | None:
    """Send `cursors.after` back as the parameter `after`."""
    del records
    cursors = told.get("cursors")
    after = cursors.get(_AFTER) if isinstance(cursors, dict) else None
    return {**asked, _AFTER: after} if isinstance(after, str) and after else None


def by_number(asked: Json, told: Told, records: int) -> Json | None:
    """Count up a list's `pageNumber` to its `pageCount`, else its `total`, else an empty page.

    `records` are those of all pages so far, each once; none if the last page was empty. A server
    may give fewer than asked for without saying so: a short page ends nothing.
    """
    number = _count(told.get("pageNumber")) or _whole(asked.get("pageNumber"))
    size = _count(told.get("pageSize")) or _whole(asked.get("pageSize"))
    if count := _count(told.get("pageCount")):
        is_last = number >= count
    elif total := _count(told.get("total")):
        is_last = not records or records >= total
    else:
        is_last = not records
    return None if is_last else {**asked, "pageSize": str(size), "pageNumber": str(number + 1)}


def tells_its_end(told: Told) -> bool:
    """Whether an answer says how many pages or records its list has."""
    return any(_count(told.get(name)) for name in ("pageCount", "total"))


def missing(told: Told, records: int) -> str:
    """Return what an answer says that its list has beyond the records that came, or nothing."""
    total, pages = _count(told.get("total")) or 0, _count(told.get("pageCount")) or 0
    if total > records:
        return f"{records:,} of {total:,}"
    number = _count(told.get("pageNumber")) or 1
    is_short = pages > number and not total
    return f"page {number} of {pages}" if is_short else ""


def by_hits(asked: Json, told: Told, records: int) -> Json | None:
    """Count up a query's `paging` until a page is empty and all hits are behind it.

    Hits are approximate. A body without `paging`, or with a field for a token, has no numbers.
    """
    named = paging(asked)
    if named is None or any(_has(asked, name) for name in TOKENS):
        return None
    size, number = named.get("pageSize", _PAGE_SIZE), named.get("pageNumber", 1)
    if not records and size * number >= (_count(told.get("totalHits")) or 0):
        return None
    return {**asked, "paging": {**named, "pageNumber": number + 1}}


def paging(body: Mapping[str, Any]) -> Json | None:
    """Return the body's `paging`, if it has one."""
    found = body.get("paging")
    return found if isinstance(found, dict) else None


@dataclass(slots=True, kw_only=True)
class Guard:
    """Notices pages without end: an export must end."""

    most_vain: int  # pages in a row with nothing new
    most: int = 100_000  # at a hundred a page that is ten million records
    link: str = "token"  # what leads from one page to the next
    pages: int = 0
    _vain: int = 0
    _met: set[bytes] = field(default_factory=set)

    def is_new(self, thing: bytes) -> bool:
        """Whether it comes for the first time; from now on it is known."""
        digest = blake2b(thing, digest_size=16).digest()
        is_new = digest not in self._met
        self._met.add(digest)
        return is_new

    def why_endless(self, link: object, *, is_new: bool) -> str:
        """Take a page that leads on; return why that has no end, or nothing."""
        self.pages += 1
        self._vain = 0 if is_new else self._vain + 1
        if not self.is_new(repr(link).encode()):
            return f"the same {self.link} was returned twice"
        if self._vain >= self.most_vain:
            return f"{plural(self._vain, 'page')} in a row had nothing new"
        return f"{plural(self.pages, 'page')} were read" if self.pages >= self.most else ""


def likeness(records: Sequence[bytes | memoryview]) -> bytes:
    """Return what two pages share when they are the same; cheap: compares only their ends."""
    return b"\n".join((b"%d" % len(records), *map(bytes, (*records[:1], *records[-1:]))))


def _has(body: Mapping[str, Any], name: str) -> bool:
    return name in body or any(_has(one, name) for one in body.values() if isinstance(one, dict))


def _put(body: Json, name: str, token: object) -> Json:
    """Return the body with the token in the first field of that name, the top level first."""
    for key, one in body.items():
        if name not in body and isinstance(one, dict) and _has(one, name):
            return {**body, key: _put(one, name, token)}
    return {**body, name: token}


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 1
