"""The reference lists: pages of entities with the way to the next page.

Knows the envelope all lists share. An oversized page is clamped without a word, as the real
lists do; a client must trust what the answer says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from .org import Org
from .replies import bad_request
from .templates import Json
from .written import written_lists

_SIZE, _MAX_SIZE = 25, 100
_MAX_SIZES = {"users": 500, "queues": 500, "wrapupcodes": 500, "divisions": 200}
_STATES = ("active", "inactive", "deleted", "any")


@dataclass(frozen=True, slots=True)
class Depth:
    """How large a page can be, and up to how many results a list is given out."""

    page: int
    results: int


def listed(name: str, org: Org, path: str, query: Mapping[str, str], depth: Depth) -> Json:
    """Return a page of a list; raises Refused."""
    most = min(_MAX_SIZES.get(name, _MAX_SIZE), depth.page)
    size = min(_count(query, "pageSize", _SIZE), most)
    number = _count(query, "pageNumber", 1)
    if size * number > depth.results:
        raise bad_request(f"Pagination may not exceed {depth.results} results.")
    entities = _entities(name, org, query)
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


def _entities(name: str, org: Org, query: Mapping[str, str]) -> Sequence[Json]:
    if name == "users":
        state = query.get("state", "active")
        if state not in _STATES:
            raise bad_request(f"Value [{state}] is not valid for state.", "invalid.value")
        return [user for user in org.users if state in ("any", user["state"])]
    found = {
        "queues": org.queues,
        "wrapupcodes": org.wrap_up_codes,
        "divisions": org.divisions,
        "flows": org.flows,
        **{each.name: each.entities for each in written_lists()},
    }[name]
    wanted = query.get("name", "").rstrip("*").lower()
    return [one for one in found if one["name"].lower().startswith(wanted)]


def _count(query: Mapping[str, str], key: str, default: int) -> int:
    text = query.get(key, str(default))
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise bad_request(
            f"Value [{text}] is not valid for query parameter [{key}].",
            "invalid.query.param.value",
        )
    return int(text)
