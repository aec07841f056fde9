"""The reference lists: pages of entities with the way to the next page.

Knows the envelopes of lists, and no entities. An oversized page is clamped without a word, as the
real lists do; a client must trust what the answer says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from .catalogue import Listing, Style
from .org import Org
from .replies import bad_request
from .templates import Json

_SIZE = 25


@dataclass(frozen=True, slots=True)
class Depth:
    """How large a page can be, and up to how many results a list is given out."""

    page: int
    results: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a list is, and what is asked of it."""

    path: str
    query: Mapping[str, str]

    def uri(self, query: Mapping[str, str]) -> str:
        """Return the address of the list with other parameters."""
        return f"{self.path}?{urlencode(query)}"


def answer(listing: Listing, entities: Sequence[Json], at: Asked, depth: Depth) -> Json:
    """Return what the list answers; raises Refused."""
    match listing.style:
        case Style.OBJECT:
            return entities[0]
        case Style.WHOLE:
            return {"entities": entities, "total": len(entities), "selfUri": at.path}
        case Style.CURSOR:
            return _from_cursor(entities, at, min(listing.most, depth.page))
        case _:
            page = _numbered(entities, at, Depth(min(listing.most, depth.page), depth.results))
            untold = ("total", "pageCount", "lastUri") if listing.style is Style.LINK else ()
            return {name: value for name, value in page.items() if name not in untold}


def _from_cursor(entities: Sequence[Json], at: Asked, most: int) -> Json:
    """Return the page after a cursor: the id of the last entity before it."""
    size = min(_count(at.query, "pageSize", _SIZE), most)
    first, after = 0, at.query.get("after")
    if after is not None:
        places = [number for number, one in enumerate(entities, 1) if one["id"] == after]
        if not places:
            raise bad_request(f"Value [{after}] is not valid for after.", "invalid.value")
        first = places[0]
    page = entities[first : first + size]
    listing: Json = {"entities": page, "selfUri": at.uri(at.query)}
    if first + size < len(entities):
        listing["nextUri"] = at.uri({**at.query, "pageSize": str(size), "after": page[-1]["id"]})
    return listing


def _numbered(entities: Sequence[Json], at: Asked, depth: Depth) -> Json:
    path, query = at.path, at.query
    size = min(_count(query, "pageSize", _SIZE), depth.page)
    number = _count(query, "pageNumber", 1)
    if size * number > depth.results:
        raise bad_request(f"Pagination may not exceed {depth.results} results.")
    pages = -(-len(entities) // size)
    rest = {key: value for key, value in query.items() if key not in ("pageSize", "pageNumber")}

    def uri(page: int) -> str:
        return f"{path}?{urlencode({**rest, 'pageSize': size, 'pageNumber': page})}"

    listing: Json = {
        "entities": entities[size * (number - 1) : size * number],
        "pageSize": size,
        "pageNumber": number,
        "total": len(entities),
        "firstUri": uri(1),
        "selfUri": uri(number),
        "lastUri": uri(max(1, pages)),
        "pageCount": pages,
    }
    if number < pages:
        listing["nextUri"] = uri(number + 1)
    if number > 1:
        listing["previousUri"] = uri(number - 1)
    return listing


def permitted(org: Org, query: Mapping[str, str], names: Sequence[str] | None) -> Json:
    """Return the divisions in which the client has a permission; raises Refused."""
    if not query.get("permission"):
        raise bad_request("Missing required parameter [permission].", "missing.parameter")
    size, number = _count(query, "pageSize", _SIZE), _count(query, "pageNumber", 1)
    found = [one for one in org.divisions if names is None or one["name"] in names]
    return {
        "entities": found[size * (number - 1) : size * number],
        "pageSize": size,
        "pageNumber": number,
        "total": len(found),
        "pageCount": -(-len(found) // size),
        "allDivsPermitted": names is None,
    }


def _count(query: Mapping[str, str], key: str, default: int) -> int:
    text = query.get(key, str(default))
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise bad_request(
            f"Value [{text}] is not valid for query parameter [{key}].",
            "invalid.query.param.value",
        )
    return int(text)
