"""One HTTP exchange with urllib3: whole bodies or a Failure, never half of one.

Knows no retry, no token, no meaning of a status. Redirects are not followed (a token must not
travel to another host); TLS is verified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import urllib3

from .. import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportOptions:
    """How to connect."""

    connect_timeout_s: float = 10.0
    read_timeout_s: float = 120.0
    threads: int = 8
    ca_bundle: str | None = None
    proxy: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Failure(Exception):
    """There was no whole answer; the text says what happened, in a few words."""


class Transport:
    """A pool of connections; safe from several threads."""

    def __init__(self, options: TransportOptions) -> None:
        """Connect to nothing yet."""
        settings: dict[str, Any] = {
            "maxsize": options.threads,
            "timeout": urllib3.Timeout(
                connect=options.connect_timeout_s, read=options.read_timeout_s
            ),
            "retries": False,
            "ca_certs": options.ca_bundle,
            "headers": {
                "User-Agent": f"genesys-export/{__version__}",
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
            },
        }
        self._pool = (
            urllib3.ProxyManager(options.proxy, **settings)
            if options.proxy
            else urllib3.PoolManager(**settings)
        )

    def exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        """Send one request and read its whole answer; raises Failure."""
        try:
            answer = self._pool.request(
                method,
                url,
                headers={**self._pool.headers, **headers},
                body=body,
                redirect=False,
                enforce_content_length=True,
            )
        except urllib3.exceptions.HTTPError as problem:
            raise Failure(_said(problem)) from problem
        return Answer(answer.status, answer.headers, answer.data)


def _said(problem: urllib3.exceptions.HTTPError) -> str:
    """Return the kind of trouble without addresses or object reprs."""
    names = {
        urllib3.exceptions.ConnectTimeoutError: "could not connect in time",
        urllib3.exceptions.ReadTimeoutError: "no answer in time",
        urllib3.exceptions.DecodeError: "the compressed body is damaged",
        urllib3.exceptions.IncompleteRead: "the body was cut",
        urllib3.exceptions.ProtocolError: "the connection broke",
        urllib3.exceptions.SSLError: "TLS failed",
        urllib3.exceptions.NewConnectionError: "could not connect",
        urllib3.exceptions.NameResolutionError: "the host name is unknown",
        urllib3.exceptions.ProxyError: "the proxy failed",
    }
    for kind, text in names.items():
        if isinstance(problem, kind):
            return text
    return type(problem).__name__
