"""Signing in, and how often a token may ask.

Knows which tokens are alive and how many requests each made in the last minute, or all of them
together. The window is a sliding one: it is no stricter than a fixed one for whoever keeps the
limit in every 60 seconds.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from .options import Options
from .replies import Refused, SignInRefused, too_many
from .templates import Json

_WINDOW = timedelta(seconds=60)


@dataclass(slots=True)
class _Token:
    expires: datetime
    asked: deque[datetime] = field(default_factory=deque)


class Tokens:
    """The tokens that are alive."""

    def __init__(self, options: Options) -> None:
        """Begin without any."""
        self._options = options
        self._asked: deque[datetime] = deque()  # by the client, whatever the token
        self._alive: dict[str, _Token] = {}
        self._dead: set[str] = set()
        self._issued = 0
        self._revoked = False

    def sign_in(self, authorization: str, form: str, query: str) -> Json:
        """Give a token for the client's credentials; raises SignInRefused."""
        grant = {**parse_qs(query), **parse_qs(form)}.get("grant_type", [""])[0]
        if grant != "client_credentials":
            raise SignInRefused("unsupported_grant_type", f"unsupported grant type {grant}")
        client, secret = _basic(authorization)
        if client != self._options.client_id:
            raise SignInRefused("invalid_client", "client not found")
        if secret != self._options.client_secret or self._revoked:
            raise SignInRefused("invalid_client", "authentication failed", 401)
        self._issued += 1
        token = f"simulated-token-{self._issued:04d}"
        lifetime_s = self._options.token_lifetime_s
        self._alive[token] = _Token(self._options.now() + timedelta(seconds=lifetime_s))
        return {"access_token": token, "token_type": "bearer", "expires_in": lifetime_s}

    def check(self, authorization: str) -> None:
        """Let a request with a living token pass; raises Refused (401, 429)."""
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() != "bearer" or not text:
            raise Refused(
                401,
                "authentication.required",
                "No authentication bearer token specified in authorization header.",
            )
        token = self._alive.get(text)
        now = self._options.now()
        if text in self._dead or (token is not None and token.expires <= now):
            raise expired()
        if token is None:
            raise Refused(401, "bad.credentials", "Invalid login credentials.")
        self._count(token.asked if self._options.limit_by == "token" else self._asked, now)

    def kill(self, authorization: str) -> None:
        """Let the token of a request die."""
        self._dead.add(authorization.partition(" ")[2])

    def revoke(self) -> None:
        """Let every token die, and give no more."""
        self._dead |= set(self._alive)
        self._revoked = True

    def _count(self, asked: deque[datetime], now: datetime) -> None:
        limit = self._options.requests_per_minute
        if limit is None:
            return
        while asked and asked[0] <= now - _WINDOW:
            asked.popleft()
        if len(asked) >= limit:
            free = asked[0] + _WINDOW - now
            raise too_many(str(max(1, math.ceil(free.total_seconds()))))
        asked.append(now)


def expired() -> Refused:
    """Return the refusal of a token that was good once."""
    return Refused(
        401, "credentials.expired", "The supplied credentials are expired and cannot be used."
    )


def _basic(authorization: str) -> tuple[str, str]:
    """Read the client's credentials; raises SignInRefused."""
    scheme, _, text = authorization.partition(" ")
    try:
        client, colon, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise SignInRefused("invalid_request", "malformed authorization header") from error
    if scheme.lower() != "basic" or not colon:
        raise SignInRefused("invalid_request", "missing basic authorization")
    return client, secret
