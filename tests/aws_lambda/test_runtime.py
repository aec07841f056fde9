"""The handler under AWS's own runtime client, with a runtime API of ours instead of Lambda's."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from threading import Thread
from typing import Any

import pytest
from lambda_day import DAY

pytest.importorskip("awslambdaric", reason="the extra [lambda], for Linux only")

PREFIX = "/2018-06-01/runtime/invocation"
HANDLER = "genesys_export.integrations.aws_lambda.handler"
WITHIN_S = 60


class Runtime(BaseHTTPRequestHandler):
    """Lambda's runtime API: the next event, and what became of it."""

    events: SimpleQueue[tuple[Any, float]]
    answers: SimpleQueue[tuple[str, Any]]

    def do_GET(self) -> None:
        event, limit_s = self.events.get()
        body = json.dumps(event).encode()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "1")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + limit_s) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:x:0:function:f")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.answers.put((self.path.rpartition("/")[2], json.loads(body)))

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def running(function) -> Iterator[Any]:
    """Run the function as its image does; give what invokes it."""

    class OfATest(Runtime):
        events = SimpleQueue()
        answers = SimpleQueue()

    with ThreadingHTTPServer(("127.0.0.1", 0), OfATest) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        child = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", HANDLER],
            cwd=function.folder,
            env={
                **function.environ,
                "PYTHONPATH": ":".join(path for path in sys.path if path),
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
                "AWS_LAMBDA_FUNCTION_NAME": "f",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

        def invoke(event: Any, limit_s: float = 300) -> tuple[str, Any]:
            OfATest.events.put((event, limit_s))
            return OfATest.answers.get(timeout=WITHIN_S)

        try:
            yield invoke
        finally:
            child.kill()
            child.wait(WITHIN_S)
            server.shutdown()


def test_one_process_answers_several_invocations(start, function):
    genesys = start()
    with running(function(genesys)) as invoke:
        path, failure = invoke({"date": DAY})
        assert (path, failure["errorType"]) == ("error", "WrongUse")
        assert "a key that means nothing here: date" in failure["errorMessage"]
        path, answer = invoke({"day": DAY})
        assert (path, answer["again"]) == ("response", False)
        assert [one["status"] for one in answer["days"]] == ["published"]
        path, answer = invoke({"day": DAY})
        assert [one["status"] for one in answer["days"]] == ["skipped"]


def test_the_runtimes_deadline_is_the_functions(start, function):
    genesys = start()
    slow = function(genesys, GENESYS_EXPORT_GENESYS__POLL_FIRST="30s")
    with running(slow) as invoke:
        path, answer = invoke({"day": DAY}, limit_s=26)
        assert (path, answer["again"]) == ("response", True)
        path, failure = invoke({"day": DAY}, limit_s=15)
        assert (path, failure["errorType"]) == ("error", "WrongUse")
