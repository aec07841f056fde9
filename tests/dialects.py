"""Servers that answer with what a test tells them, and one that speaks the tutorial's way.

The tutorial's dialect is written from its description alone: a body with `dateFrom`, `dateTo`,
`interval: "PT1H"`, `view: "conversationDetails"`, `groupBy`, `metrics` and `filters`; answers
`{"entities": […], "nextPageToken": "…"}`, without a token on the last page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Told = dict[str, Any] | bytes | tuple[int, Any]
TUTORIAL = {
    "dateFrom": "{start}",
    "dateTo": "{end}",
    "interval": "PT1H",
    "view": "conversationDetails",
    "groupBy": ["conversationId"],
    "metrics": ["tHandle", "tTalk"],
    "filters": {"type": "and", "predicates": []},
}


@dataclass
class Speaker:
    """A running server, seen from the outside."""

    base_url: str
    client_id: str = "someone"
    client_secret: str = "hush-hush"
    bodies: list[Any] = field(default_factory=list)  # of every request but the sign-in
    paths: list[str] = field(default_factory=list)


@contextmanager
def speaking(answer: Callable[[Any], Told]) -> Iterator[Speaker]:
    """Serve what `answer` makes of each body, from a thread, until the block ends.

    A GET has none: there it is the query.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else head and body of an answer lie 40 ms apart

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path.startswith("/oauth/token"):
                self._send(200, {"access_token": "t", "token_type": "bearer", "expires_in": 3600})
                return
            body = json.loads(text)
            speaker.bodies.append(body)
            speaker.paths.append(self.path)
            told = answer(body)
            self._send(*told if isinstance(told, tuple) else (200, told))

        def do_GET(self) -> None:
            query = dict(parse_qsl(urlsplit(self.path).query))
            speaker.bodies.append(query)
            speaker.paths.append(self.path)
            told = answer(query)
            self._send(*told if isinstance(told, tuple) else (200, told))

        def _send(self, status: int, told: Any) -> None:
            text = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response_only(status)  # no Date: tests have clocks of their own
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *told: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    speaker = Speaker(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield speaker
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def tutorial(records: list[dict[str, Any]], *, page_size: int = 100) -> Callable[[Any], Told]:
    """Return the answers of a server in the tutorial's dialect that holds those records."""

    def answer(body: Any) -> Told:
        if set(body) - {"nextPageToken"} != set(TUTORIAL) or body["interval"] != "PT1H":
            return 400, {"message": "That is no request of the tutorial.", "code": "bad.request"}
        begun = [
            record
            for record in records
            if body["dateFrom"] <= record["conversationStart"] < body["dateTo"]
        ]
        at = int(body.get("nextPageToken", "page-0").removeprefix("page-"))
        told: dict[str, Any] = {"entities": begun[at : at + page_size]}
        if at + page_size < len(begun):
            told["nextPageToken"] = f"page-{at + page_size}"
        return told

    return answer
