"""A simulated Genesys Cloud on a loopback port.

Knows threads, sockets and signals; `serve` is for tests and for the demo, `run` for the command.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .app import App
from .options import Options
from .requests import Received
from .world import World

HOST = "127.0.0.1"
_STOP_WITHIN_S = 10.0


class Simulator:
    """A running simulator, seen from the outside; safe to use from any thread."""

    def __init__(self, app: App, world: World, options: Options, port: int) -> None:
        """Use `serve`."""
        self._app = app
        self.world = world
        self.base_url = f"http://{HOST}:{port}"
        self.client_id = options.client_id
        self.client_secret = options.client_secret

    @property
    def requests(self) -> list[Received]:
        """Every request received so far, oldest first; a copy."""
        return list(self._app.received)

    def asked(self, endpoint: str) -> list[Received]:
        """Return the requests to one endpoint, oldest first."""
        return [one for one in self.requests if one.endpoint == endpoint]

    @property
    def jobs(self) -> dict[str, str]:
        """The state of every job that was not deleted, by id."""
        return self._app.service.states()


@contextmanager
def serve(world: World, options: Options | None = None, *, port: int = 0) -> Iterator[Simulator]:
    """Serve a world from a thread of this process until the block ends; port 0 is a free one.

    Requests can be sent at once: they wait for the thread. Raises OSError if the port is taken.
    """
    options = options or Options()
    app = App(world, options)
    listener = socket.create_server((HOST, port))
    config = uvicorn.Config(
        app,
        http=_Protocol,
        loop="asyncio",
        lifespan="off",
        ws="none",
        log_config=None,
        log_level="critical",  # an answer cut on purpose is an error to the server
        access_log=False,
        server_header=False,
        date_header=False,  # `delivery` tells the time there
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="simulator", daemon=True
    )
    thread.start()
    try:
        yield Simulator(app, world, options, listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(_STOP_WITHIN_S)
        listener.close()


def run(
    world: World,
    options: Options | None = None,
    *,
    port: int = 0,
    on_ready: Callable[[Simulator], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> None:
    """Serve a world until SIGINT or SIGTERM comes, or until `stop` is set where it is given.

    Without `stop` it must be called from the main thread. Raises OSError if the port is taken.
    """
    with serve(world, options, port=port) as simulator:
        if stop is not None:
            on_ready(simulator)
            stop.wait()
            return
        with _signalled() as stopped:
            on_ready(simulator)
            stopped.wait()


@contextmanager
def _signalled() -> Iterator[threading.Event]:
    """Give an event that SIGINT and SIGTERM set; what they did before is put back at the end."""
    stopped = threading.Event()

    def stop(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        stopped.set()

    before = {one: signal.signal(one, stop) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


class _Protocol(H11Protocol):
    """HTTP as uvicorn speaks it, but the application can reach the connection to break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Leave the transport where the application finds it."""
        super().connection_made(transport)
        # Without it, head and body of a small answer lie 40 ms apart (delayed acknowledgement);
        # asyncio sets it only on sockets that were made with the protocol's number.
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        state: dict[str, Any] = {**self.app_state, "transport": transport}
        self.app_state = state
