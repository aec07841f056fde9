"""Probes of Genesys Cloud that an export does not need.

Who answers, what the clock there shows, what the role sees: each look returns a value and changes
nothing there. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..datasets import ListEndpoint
from ..days import http_date
from .client import Client
from .reference import ListPage, read_list
from .transport import Transport

_DIVISIONS = ListEndpoint(path="/api/v2/authorization/divisions", page_size=200)
# The one without `paged` is deprecated (SDK's notes, read 2026-11). Neither needs a permission.
_PERMITTED = "/api/v2/authorization/divisionspermitted/paged/me"


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
    source = ListEndpoint(path=_PERMITTED, page_size=100, query={"permission": permission})
    pages = list(read_list(client, source))
    everywhere = any(page.told.get("allDivsPermitted") is True for page in pages)
    return Permitted(tuple(_divisions(pages)), everywhere)


def _divisions(pages: Iterable[ListPage]) -> Iterator[Division]:
    for page in pages:
        for one in page.entities:
            if ident := _text(one.get("id")):
                yield Division(ident, _text(one.get("name")))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
