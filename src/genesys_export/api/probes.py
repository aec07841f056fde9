"""Probes of Genesys Cloud that an export does not need.

Who answers, what the clock there shows, what the role sees: each look returns a value and changes
nothing there. Knows endpoints; judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..days import Interval, http_date
from .client import Call, Client
from .reference import Listing, Page, read_list
from .transport import Transport

_DIVISIONS = Listing("/api/v2/authorization/divisions", 200)
# The one without `paged` is deprecated (SDK's notes, read 2026-11). Neither needs a permission.
_PERMITTED = "/api/v2/authorization/divisionspermitted/paged/me"
_AGGREGATES = "/api/v2/analytics/conversations/aggregates/query"


@dataclass(frozen=True, slots=True)
class Division:
    """A division: what permissions are given in."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Permitted:
    """Where the client has a permission; `everywhere` is what Genesys itself says of it."""

    divisions: tuple[Division, ...]
    everywhere: bool


@dataclass(frozen=True, slots=True)
class Greeting:
    """How a host answered without a sign-in."""

    status: int
    clock: datetime | None  # what the host's clock showed, to the second


def greet(transport: Transport, address: str) -> Greeting:
    """Ask a host for its front page; any answer will do. Raises Failure, WrongSettings."""
    answer = transport.exchange("GET", address, {}, None)
    told = answer.headers.get("Date", "")
    return Greeting(answer.status, http_date(told) if told else None)


def divisions(client: Client) -> tuple[Division, ...]:
    """Return every division of the organisation; raises what the client raises."""
    return tuple(_divisions(read_list(client, _DIVISIONS)))


def permitted(client: Client, permission: str) -> Permitted:
    """Return the divisions in which the client has a permission; raises what the client raises.

    That a client without a user may ask for `me` is not documented (2026-11).
    """
    pages = list(read_list(client, Listing(_PERMITTED, 100, {"permission": permission})))
    return Permitted(tuple(_divisions(pages)), any(page.all_divisions for page in pages))


def count(client: Client, interval: Interval) -> None:
    """Ask for a count of conversations, by media type; raises what the client raises."""
    body: Mapping[str, object] = {
        "interval": str(interval),
        "groupBy": ["mediaType"],
        "metrics": ["nConversations"],
    }
    client.request(Call(method="POST", path=_AGGREGATES, body=body), bytes)


def _divisions(pages: Iterator[Page] | list[Page]) -> Iterator[Division]:
    for page in pages:
        for one in page.entities:
            yield Division(_text(one.get("id")), _text(one.get("name")))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
