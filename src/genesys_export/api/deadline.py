"""One deadline over a whole HTTP answer: its status line, its headers, its body.

A socket's own timeout bounds one silence, so a server that sends a byte a second would never meet
it. Here each read gets what is left until the deadline, on both roads (http, https) and through a
proxy. Inherits from urllib3's and the standard library's classes: it is how both take a part.
"""

from __future__ import annotations

import http.client
import io
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

from urllib3 import PoolManager, connection, connectionpool

# The seconds left for the answer that this thread waits for; None: no deadline.
_left: ContextVar[Callable[[], float] | None] = ContextVar("left", default=None)


@contextmanager
def deadline(left_s: Callable[[], float]) -> Iterator[None]:
    """Let every read of an answer inside end, by TimeoutError, when nothing is left."""
    token = _left.set(left_s)
    try:
        yield
    finally:
        _left.reset(token)


def timed(manager: PoolManager) -> PoolManager:
    """Return the manager, its connections under `deadline` from now on."""
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return manager


class _TimedReader(io.RawIOBase):
    """The bytes of a socket, each read of them with no more time than is left."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw: io.RawIOBase = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = _left.get()
        if left is None:
            return self._into(buffer)
        left_s, silence_s = left(), self._sock.gettimeout()
        if left_s <= 0:
            raise TimeoutError("the deadline of the answer has passed")
        if silence_s is not None and silence_s <= left_s:
            return self._into(buffer)
        self._sock.settimeout(left_s)
        try:
            return self._into(buffer)
        finally:
            self._sock.settimeout(silence_s)

    def _into(self, buffer: Any) -> int | None:
        return cast("int | None", self._raw.readinto(buffer))

    def fileno(self) -> int:
        return self._raw.fileno()

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedSocket:
    """What http.client's answer needs of a socket: a file to read from."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, mode: str) -> io.BufferedReader:
        del mode  # "rb"
        return io.BufferedReader(_TimedReader(self._sock))


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *told: Any, **more: Any) -> None:
        super().__init__(cast("socket.socket", _TimedSocket(sock)), *told, **more)


class _Connection(connection.HTTPConnection):
    response_class = _Response


class _SecureConnection(connection.HTTPSConnection):
    response_class = _Response


class _Pool(connectionpool.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(connectionpool.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection
