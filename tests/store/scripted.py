"""An S3 that answers from a script: for what no real server does on request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import botocore.session

from genesys_export.store import S3Options
from genesys_export.store.s3 import S3Store


@dataclass(frozen=True)
class Answer:
    """One answer; `cut` bytes of the body are promised and never sent, `hangs` never answers.

    The server adds the time, unless the answer is `dated`: then it has the date it was given.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    hangs: bool = False
    dated: bool = False


def error(status: int, code: str, message: str = "", **headers: str) -> Answer:
    """Return S3's way to say no."""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, body, {"Content-Type": "application/xml", **named})


@dataclass
class Script:
    """The server's answers, the last one for ever, and what it was asked."""

    answers: list[Answer]
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    endpoint_url: str = ""
    over: Event = field(default_factory=Event)

    def next(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def scripted(*answers: Answer) -> Iterator[Script]:
    """Serve the answers on a loopback port."""
    script = Script(list(answers))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            script.asked.append((self.command, self.path, dict(self.headers)))
            answer = script.next()
            if answer.hangs:
                script.over.wait(30)
                self.close_connection = True
                return
            if answer.dated:
                self.send_response_only(answer.status)
            else:
                self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body) + answer.cut))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)
            self.close_connection = bool(answer.cut)

        do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = _serve  # noqa: N815 - as it calls them

        def log_message(self, *_args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script.endpoint_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield script
    finally:
        script.over.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


def keys(secret: str = "canary-secret-7Q") -> botocore.session.Session:
    """Return a session with made-up credentials."""
    session = botocore.session.Session()
    session.set_credentials("AKIDCANARY", secret)
    session.set_config_variable("region", "us-east-1")
    return session


@contextmanager
def store_of(script: Script, **options) -> Iterator[S3Store]:
    """Open a store that asks the script."""
    told: dict[str, Any] = {"bucket": "b", "endpoint_url": script.endpoint_url, "max_attempts": 2}
    told |= options
    store = S3Store(S3Options(**told), session=keys())
    try:
        yield store
    finally:
        store.close()
