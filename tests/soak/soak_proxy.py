"""A bad road to a bucket: a proxy on loopback that refuses, breaks off, and can tell a later time.

Knows HTTP only. A request that is broken off after it was forwarded has happened: its answer is
what is lost.
"""

from __future__ import annotations

import http.client
import socket
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Lock, Thread

_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
_TIMEOUT_S = 30
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "expect"})


@dataclass
class Road:
    """How bad the road is just now; safe to change while requests are under way."""

    upstream: tuple[str, int]
    share: float = 0.0  # of the requests that meet a fault
    later: timedelta = timedelta(0)  # how much later the server's clock seems to be
    rng: Random = field(default_factory=Random)
    met: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    _ambush: tuple[int, bool, Callable[[], None]] | None = None
    _lock: Lock = field(default_factory=Lock)

    def calm(self) -> None:
        self.share, self.later, self._ambush = 0.0, timedelta(0), None

    def ambush(self, request: int, done: bool, strike: Callable[[], None]) -> None:  # noqa: FBT001
        """Strike at the so manieth request from now: before it, or after it was `done`."""
        with self._lock:
            self._ambush = (self.requests + request, done, strike)

    def next(self) -> tuple[str, Callable[[], None] | None, bool]:
        """Return the fault that the next request meets, and who strikes before or after it."""
        with self._lock:
            self.requests += 1
            strike, done = None, False
            if self._ambush and self.requests >= self._ambush[0]:
                _, done, strike = self._ambush
                self._ambush = None
            if self.rng.random() >= self.share:
                return "", strike, done
            fault = self.rng.choice(["slow down", "cut before", "cut after"])
            self.met[fault] += 1
            return fault, strike, done


@contextmanager
def running(upstream: tuple[str, int]) -> Iterator[tuple[Road, str]]:
    """Give the road and the URL at its near end."""
    road = Road(upstream)
    handler = type("Handler", (_Handler,), {"road": road})
    server = _Server(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, name="road", daemon=True)
    thread.start()
    try:
        yield road, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address) -> None:
        """Say nothing: whoever called is dead, or was cut off on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    road: Road

    def log_message(self, *_told) -> None:
        """Say nothing."""

    def do_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault, strike, done = self.road.next()
        if strike and not done:
            strike()
        if fault == "slow down":
            self._answer(503, "Slow Down", [("Content-Type", "application/xml")], _SLOW_DOWN)
            return
        if fault == "cut before":
            self._cut()
            return
        status, reason, headers, answer = self._forwarded(body)
        if strike and done:
            strike()
        if fault == "cut after":
            self._cut()
            return
        self._answer(status, reason, headers, answer)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_any  # noqa: N815 - names of http.server

    def _forwarded(self, body: bytes) -> tuple[int, str, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(*self.road.upstream, timeout=_TIMEOUT_S)
        try:
            connection.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    connection.putheader(name, value)
            connection.endheaders(body or None)
            answer = connection.getresponse()
            return answer.status, answer.reason, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _answer(
        self, status: int, reason: str, headers: list[tuple[str, str]], body: bytes
    ) -> None:
        self.send_response_only(status, reason)
        length = str(len(body))
        for name, value in headers:
            if name.lower() == "content-length":
                length = value
            elif name.lower() == "date":
                told = parsedate_to_datetime(value) + self.road.later
                self.send_header(name, format_datetime(told, usegmt=True))
            elif name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _cut(self) -> None:
        """Reset the connection."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RD)
        self.connection.close()
