"""A message, a Genesys to export from, and receivers of messages on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from genesys_export.notify import Message, Outcome
from genesys_export.notify.message import Changes
from genesys_simulator import Options, World, serve


@dataclass(frozen=True)
class Request:
    """What a webhook received."""

    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes


@dataclass
class Web:
    """A web server that remembers what was posted to it."""

    address: str = ""
    status: int = 204
    requests: list[Request] = field(default_factory=list)
    on_request: Callable[[], None] = lambda: None


@pytest.fixture
def web() -> Iterator[Web]:
    told = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            headers = {name.lower(): value for name, value in self.headers.items()}
            told.requests.append(Request(self.path, headers, self.rfile.read(length)))
            told.on_request()
            self.send_response(told.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.02,)).start()
        told.address = f"http://127.0.0.1:{server.server_port}"
        yield told
        server.shutdown()


@pytest.fixture
def message() -> Message:
    return Message(
        id="0" * 32,
        org="emea",
        dataset="conversation_details",
        day="2026-11-22",
        state="final",
        outcome=Outcome.REPLACED,
        manifest="s3://my-bucket/…/manifest.json",
        changes=Changes(total=2, list="s3://my-bucket/…/changes.jsonl.gz"),
    )


@pytest.fixture
def start():
    """Start a simulator; it ends with the test."""
    world = World.generated(seed=5, per_day=40)
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(serve(world, Options(**options)))
