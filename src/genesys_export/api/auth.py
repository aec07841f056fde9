"""Signing in with client credentials: one token for all threads, renewed once when it dies.

What is sent and read are values; `Tokens` keeps the current token. The secret is in no repr, no
error, no event.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

import msgspec

from ..errors import SignInRefused

_EARLY_S = 60.0  # a token is renewed this long before it expires, so no request meets its end


@dataclass(frozen=True, slots=True)
class Credentials:
    """An OAuth client of the grant type client credentials."""

    client_id: str
    client_secret: str = field(repr=False)

    def header(self) -> str:
        """Return the Basic authorization of the token request."""
        pair = f"{self.client_id}:{self.client_secret}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


class Answer(msgspec.Struct):
    """The login host's 200."""

    access_token: str
    expires_in: int


class Refusal(msgspec.Struct):
    """The login host's error body (not the API's shape)."""

    error: str = ""
    description: str = ""
    error_description: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """A token and the monotonic instant at which it should be renewed."""

    value: str = field(repr=False)
    renew_at: float


def refused(status: int, body: bytes, host: str) -> SignInRefused:
    """Return what a 4xx of the login host means, and which variable to look at."""
    try:
        told = msgspec.json.decode(body, type=Refusal)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        told = Refusal()
    why = told.error_description or told.description or told.error or f"HTTP {status}"
    variable = "GENESYS_CLIENT_SECRET"
    if "not found" in why or told.error == "unauthorized_client":
        variable = "GENESYS_CLIENT_ID"
    return SignInRefused(
        f"{host} refused to sign in: {why[:200]}",
        advice=(
            f"Look at {variable} (and at the region: each has its own OAuth clients); the client's"
            " grant type must be Client Credentials."
        ),
    )


class Tokens:
    """The one token that all threads share."""

    def __init__(self, fetch: Callable[[], Token], monotonic: Callable[[], float]) -> None:
        """Fetch nothing yet."""
        self._fetch = fetch
        self._monotonic = monotonic
        self._lock = Lock()
        self._token: Token | None = None

    def current(self) -> Token:
        """Return a token that lives; threads that ask meanwhile wait for the same one."""
        with self._lock:
            if self._token is None or self._monotonic() >= self._token.renew_at:
                self._token = self._fetch()
            return self._token

    def reject(self, token: Token) -> None:
        """Forget a token that got a 401, unless somebody has renewed it already."""
        with self._lock:
            if self._token is token:
                self._token = None


def token_from(body: bytes, now: float) -> Token:
    """Return the token of a 200; raises msgspec.MsgspecError for any other body."""
    answer = msgspec.json.decode(body, type=Answer)
    lifetime = max(answer.expires_in - _EARLY_S, answer.expires_in / 2)
    return Token(answer.access_token, now + lifetime)
