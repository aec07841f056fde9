"""One HTTP exchange with urllib3: a whole answer or a Failure, never half of one.

Knows no retry, no token, no meaning of a status. Redirects are not followed (a token must not
travel to another host); TLS is verified; lengths, chunks and gzip checksums are checked, the last
of them here: urllib3 takes a gzip stream that ends too early for a whole one (2.8, tried 2026-11).
Answers are bounded: in time from their first byte to their last, in size packed and unpacked.
"""

from __future__ import annotations

import io
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import urllib3
from isal import igzip, isal_zlib
from urllib3 import exceptions

from .. import __version__
from ..errors import WrongSettings
from ..tls import is_distrust, is_plain
from .clock import Clock, SystemClock
from .deadline import deadline, timed
from .regions import is_loopback
from .setting_names import USUAL, SettingNames

_CHUNK_BYTES = 1 << 20
_GZIP = 31  # what zlib calls the format
_MOST_AT_ONCE = 64 << 20  # of memory, on an answer's own word
_UNREADABLE: tuple[type[Exception], ...] = (
    EOFError,
    OSError,
    isal_zlib.error,  # type: ignore[assignment]  # isal's stub takes the class for an instance
)
_HEADERS = {
    "User-Agent": f"genesys-export/{__version__}",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportOptions:
    """How to connect.

    `read_timeout_s` is the longest silence, `answer_timeout_s` bounds an answer that trickles,
    headers included. `answer_bytes` bounds what an answer holds, unpacked.
    `threads` sizes the pool of kept connections. `proxy` is for all but loopback addresses.
    """

    connect_timeout_s: float = 10.0
    read_timeout_s: float = 120.0
    answer_timeout_s: float = 600.0
    answer_bytes: int = 128 << 20
    threads: int = 8
    ca_bundle: str | None = None
    names: SettingNames = USUAL  # for the advice of errors
    proxy: str | None = field(default=None, repr=False)  # may hold a password


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: Mapping[str, str]  # names in any case
    body: bytes = field(repr=False)
    received_bytes: int = 0  # on the wire, before decompression


class Failure(Exception):
    """There was no complete answer; the text says what happened, in a few words."""


class TooLarge(Failure):
    """The answer is larger than allowed, and would be again."""

    def __init__(self, most: int) -> None:
        """Say how large an answer may be."""
        super().__init__(f"the answer is larger than {most / 2**20:.0f} MiB")


class Transport:
    """A pool of connections; safe from several threads. Close it, or use it in a `with`."""

    def __init__(self, options: TransportOptions, clock: Clock | None = None) -> None:
        """Connect to nothing yet; raises WrongSettings for a bad CA bundle or proxy."""
        self._options = options
        self._clock = clock or SystemClock()
        settings: dict[str, Any] = {
            "maxsize": options.threads,
            "retries": False,
            "headers": _HEADERS,
            "ssl_context": _trusting(options.ca_bundle),
        }
        self._direct = timed(urllib3.PoolManager(**settings))
        self._outside = _proxied(options.proxy, settings) if options.proxy else self._direct

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the kept connections (idempotent)."""
        self._direct.clear()
        self._outside.clear()

    def exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        within_s: float | None = None,
    ) -> Answer:
        """Send one request and read its whole answer; raises Failure, TooLarge.

        `within_s` shortens the longest silence and the time for the whole answer. Raises
        WrongSettings where the server's certificate is not trusted.
        """
        options = self._options
        silence_s = min(options.read_timeout_s, within_s or options.read_timeout_s)
        pool = self._direct if is_loopback(url) else self._outside
        end = self._clock.monotonic() + min(options.answer_timeout_s, within_s or float("inf"))
        try:
            with deadline(lambda: end - self._clock.monotonic()):
                answer = pool.request(
                    method,
                    url,
                    headers={**_HEADERS, **headers},
                    body=body,
                    timeout=urllib3.Timeout(connect=options.connect_timeout_s, read=silence_s),
                    redirect=False,
                    preload_content=False,
                    decode_content=False,
                )
                raw = self._whole(answer)
        except exceptions.HTTPError as problem:
            if self._clock.monotonic() >= end:
                raise Failure("the answer did not end in time") from problem
            raise _translated(problem, url, options.names) from problem
        held = _body(answer, raw, options.answer_bytes)
        return Answer(answer.status, answer.headers, held, len(raw))

    def _whole(self, answer: urllib3.BaseHTTPResponse) -> bytes:
        """Read to the end; a broken answer takes its connection with it."""
        chunks, most = [], self._options.answer_bytes
        while chunk := answer.read1(_CHUNK_BYTES, decode_content=False):
            chunks.append(chunk)
            most -= len(chunk)
            if most < 0:
                answer.close()
                raise TooLarge(self._options.answer_bytes)
        answer.release_conn()
        return b"".join(chunks)


def _body(answer: urllib3.BaseHTTPResponse, raw: bytes, most: int) -> bytes:
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "identity" or not raw:
        return raw
    if encoding != "gzip":
        raise Failure("the body has an unexpected compression")
    return unpacked(raw, most)


def unpacked(raw: bytes, most: int) -> bytes:
    """Return what a body of gzip holds, its checksums verified; raises Failure, TooLarge.

    Never holds more than `most` bytes of it, and a little.
    """
    try:
        return _in_one_go(raw, most) or _by_members(raw, most)
    except _UNREADABLE as problem:
        raise Failure("the compressed body is damaged") from problem


def _in_one_go(raw: bytes, most: int) -> bytes:
    """Unpack exactly one gzip member; return nothing for anything else.

    It says at its end how much it holds: a buffer of that size saves a third of the time.
    """
    told = int.from_bytes(raw[-4:], "little")
    member = isal_zlib.decompressobj(_GZIP)
    try:
        body = member.decompress(raw, min(told, most, _MOST_AT_ONCE) + 1)
    except _UNREADABLE:
        return b""  # the slower way tells why
    return body if member.eof and not member.unused_data and len(body) <= most else b""


def _by_members(raw: bytes, most: int) -> bytes:
    pieces, left = [], most
    with igzip.IGzipFile(fileobj=io.BytesIO(raw)) as members:  # type: ignore[no-untyped-call]
        while piece := members.read(_CHUNK_BYTES):
            pieces.append(piece)
            left -= len(piece)
            if left < 0:
                raise TooLarge(most)
    return b"".join(pieces)


def _trusting(ca_bundle: str | None) -> ssl.SSLContext | None:
    """Return what to trust; None: what this machine trusts."""
    if ca_bundle is None:
        return None
    try:
        if not Path(ca_bundle).is_file():
            raise WrongSettings(f"the CA bundle {ca_bundle} is not a file")
        return _context(ca_bundle, Path(ca_bundle).stat().st_mtime_ns)
    except ssl.SSLError as problem:
        raise WrongSettings(f"the CA bundle {ca_bundle} has no certificates") from problem
    except (OSError, ValueError) as problem:
        raise WrongSettings(f"the CA bundle {ca_bundle} can't be read") from problem


@lru_cache(maxsize=8)
def _context(ca_bundle: str, changed_ns: int) -> ssl.SSLContext:
    """Return one context for all who trust the same file: it takes 26 ms and 0.7 MiB."""
    del changed_ns  # a replaced file is read again
    return ssl.create_default_context(cafile=ca_bundle)


def _proxied(proxy: str, settings: Mapping[str, Any]) -> urllib3.PoolManager:
    try:
        parts = urllib3.util.parse_url(proxy)
        login = urllib3.make_headers(proxy_basic_auth=parts.auth) if parts.auth else None
        return timed(urllib3.ProxyManager(proxy, proxy_headers=login, **settings))
    except (exceptions.HTTPError, ValueError) as problem:
        raise WrongSettings(
            "the proxy's address can't be used",
            advice="Use http://host:port or http://user:password@host:port.",
        ) from problem


# The first row that fits counts: a kind stands before the kinds it is a kind of.
_TROUBLES: tuple[tuple[type[exceptions.HTTPError], str], ...] = (
    (exceptions.ProxyError, "the proxy failed"),
    (exceptions.NameResolutionError, "the host name is unknown"),
    (exceptions.NewConnectionError, "could not connect"),
    (exceptions.ConnectTimeoutError, "could not connect in time"),
    (exceptions.ReadTimeoutError, "no answer in time"),
    (exceptions.SSLError, "TLS failed"),
    (exceptions.ProtocolError, "the connection broke"),
)


def _translated(
    problem: exceptions.HTTPError, url: str, names: SettingNames
) -> Failure | WrongSettings:
    """Say the kind of trouble, without addresses that may hold a password or an id."""
    host = urlsplit(url).netloc.rpartition("@")[2]
    if is_distrust(problem):
        return WrongSettings(
            f"the certificate of {host} is not trusted",
            advice=f"If your own proxy inspects TLS, set ca_bundle in [{names.section}] to its CA"
            " file. If SSL_CERT_FILE or SSL_CERT_DIR is set, check that it exists.",
        )
    if is_plain(problem) and isinstance(problem, exceptions.ProxyError):
        return WrongSettings(
            "the proxy answers without TLS",
            advice=f"Write http:// instead of https:// in {names.proxy}, or proxy in"
            f" [{names.section}].",
        )
    if is_plain(problem):
        return WrongSettings(
            f"{host} answers without TLS, although its address begins with https://",
            advice=f"Check host and port of {names.base_url} and {names.login_url}.",
        )
    said = next((text for kind, text in _TROUBLES if isinstance(problem, kind)), None)
    return Failure(said or f"HTTP failed ({type(problem).__name__})")
