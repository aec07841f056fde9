"""Signing in with client credentials: one token for all threads, renewed once when it expires.

What is sent and what is read are values; `Tokens` keeps the current token and sees to it that one
thread fetches while the others wait. Sends nothing itself. The secret is in no repr, no error, no
event.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from threading import Lock
from typing import Annotated

import msgspec

from ..errors import ExportError, RequestRefused, SignInRefused
from ..odd_input import UNREADABLE
from ..setback import set_back
from .setting_names import USUAL, SettingNames
from .splitting import Garbled

BODY = b"grant_type=client_credentials"
BODY_TYPE = "application/x-www-form-urlencoded"
_EARLY_S = 60.0  # a token is renewed this long before it expires, so that no request meets its end
_SOON_S = 1.0
_LONGEST = 200
_TOKEN = re.compile("[!-~]+").fullmatch


@dataclass(frozen=True, slots=True)
class Credentials:
    """An OAuth client of the grant type client credentials."""

    client_id: str
    client_secret: str = field(repr=False)

    def header(self) -> str:
        """Return the Basic authorization of the token request."""
        pair = f"{self.client_id}:{self.client_secret}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


@dataclass(frozen=True, slots=True)
class Token:
    """A token, how long it lives, and the monotonic instant at which it should be renewed."""

    value: str = field(repr=False)
    expires_in_s: int
    renew_at: float


class Grant(msgspec.Struct):
    """The login host's 200."""

    access_token: str
    expires_in: Annotated[int, msgspec.Meta(ge=0, le=10**9)]


class Refusal(msgspec.Struct):
    """The login host's error body (not the API's shape)."""

    error: str | None = None
    description: str | None = None
    error_description: str | None = None


def token_from(body: bytes, asked_at: float) -> Token:
    """Return the token of a 200 to a request sent at `asked_at`; raises Garbled."""
    try:
        grant = msgspec.json.decode(body, type=Grant)
    except UNREADABLE as problem:
        raise Garbled("the answer has no token") from problem
    if not _TOKEN(grant.access_token):
        raise Garbled("the token can't be sent in a header")
    lifetime_s = max(grant.expires_in - _EARLY_S, grant.expires_in / 2)
    return Token(grant.access_token, grant.expires_in, asked_at + lifetime_s)


def refused(status: int, body: bytes, host: str, names: SettingNames = USUAL) -> ExportError:
    """Return what the login host's refusal means, and which variable to look at."""
    told = _told(body)
    why = told.error_description or told.description or told.error
    if why is None and status not in (400, 401, 403):
        return RequestRefused(
            f"{host} refused the sign-in with HTTP {status}",
            http_status=status,
            advice=f"Check {names.region}, {names.base_url} and {names.login_url}: "
            "this does not look like a login host of Genesys Cloud.",
        )
    why = why or f"HTTP {status}"
    return SignInRefused(
        f"{host} refused to sign in: {' '.join(why.split())[:_LONGEST]}",
        advice=f"Check {_variable(why, names)}, and {names.host}: each region has its own OAuth "
        "clients. The client's grant type must be Client Credentials.",
    )


class Tokens:
    """The one token that all threads share."""

    def __init__(self, fetch: Callable[[], Token], monotonic: Callable[[], float]) -> None:
        """Fetch nothing yet."""
        self._fetch = fetch
        self._monotonic = monotonic
        self._lock = Lock()
        self._token: Token | None = None
        self._coming: Future[Token] | None = None
        self._refused: SignInRefused | None = None

    def current(self) -> Token:
        """Return a valid token.

        Threads that ask while one of them fetches get the same token, or the same error; refused
        credentials are not tried again.
        """
        with self._lock:
            if self._refused is not None:
                raise SignInRefused(self._refused.message, advice=self._refused.advice)
            if self._token is not None and self._monotonic() < self._token.renew_at:
                return self._token
            coming, mine = self._coming, self._coming is None
            if coming is None:
                coming = self._coming = Future()
        if mine:
            self._bring(coming)
        elif wait([coming], timeout=_SOON_S).not_done:
            set_back()
        return coming.result()

    def reject(self, token: Token) -> None:
        """Forget a token that got a 401, unless another thread has renewed it."""
        with self._lock:
            if self._token is token:
                self._token = None

    def _bring(self, coming: Future[Token]) -> None:
        """Fetch a token, or an error, for all waiting threads."""
        try:
            token = self._fetch()
        except BaseException as problem:
            with self._lock:
                self._coming = None
                self._refused = problem if isinstance(problem, SignInRefused) else None
            coming.set_exception(problem)
            raise
        with self._lock:
            self._token, self._coming = token, None
        coming.set_result(token)


def _told(body: bytes) -> Refusal:
    try:
        return msgspec.json.decode(body, type=Refusal)
    except UNREADABLE:
        return Refusal()


def _variable(why: str, names: SettingNames) -> str:
    """Return which variable is wrong, by the login host's message."""
    match why:
        case "client not found":
            return names.client_id
        case "authentication failed":
            return names.client_secret
        case _:
            return f"{names.client_id} and {names.client_secret}"
