"""What telemetry costs: `python -m bench.telemetry` prints microseconds an event, off and on.

The events are those of a day of 1,000 pages, in one thread, whose CPU time counts. OTLP goes to a
server on loopback that takes everything.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from genesys_export.about import about
from genesys_export.days import Interval
from genesys_export.events import (
    DayEnded,
    DayPublished,
    DayStarted,
    Event,
    PageExported,
    PageReceived,
    Requested,
    SliceStaged,
    Uploaded,
    Waited,
    Waiting,
    ignore,
    named,
)
from genesys_export.telemetry import Telemetry, Wanted

PAGES = 1_000
ROUNDS = 3
DAY = datetime(2026, 11, 22, tzinfo=UTC)
WHOSE: Any = {"org": "emea", "dataset": "conversation_details"}
OF_DAY: Any = {**WHOSE, "day": "2026-11-22"}
SLICE = "2026-11-22#0"


def of_a_day() -> Iterator[Event]:
    """Yield the events of a day, without what `named` adds."""
    interval = Interval(DAY, DAY + timedelta(1))
    yield DayStarted(**OF_DAY, interval=interval, slices=1, watermark=None)
    for _ in range(PAGES):
        yield Waiting(reason="budget", wait_s=0.1)
        yield Waited(reason="budget", waited_s=0.1)
        yield Requested(
            method="GET", path="/jobs/{jobId}", status=200, received_bytes=9_000, elapsed_s=0.1
        )
        yield PageReceived(records=1_000, received_bytes=9_000)
        yield PageExported(**WHOSE, slice=SLICE, conversations=1_000, rows=28_000)
        yield Uploaded(key="conversations.csv.gz", size_bytes=9_000)
    sizes: Any = {"conversations": 1, "rows": 1, "size_bytes": 1}
    yield SliceStaged(**WHOSE, slice=SLICE, **sizes)
    yield DayPublished(**OF_DAY, state="final", outcome="published", manifest="", files=1, **sizes)
    yield DayEnded(**OF_DAY, status="published", message="", exit_status=0)


def microseconds(wanted: Wanted) -> float:
    """Return the CPU time that an event costs its thread, the best of several rounds."""
    telemetry = Telemetry(wanted, ignore, lambda: datetime.now(UTC))
    observe, given = named(telemetry), tuple(of_a_day())

    def observed() -> Iterator[float]:
        with about(**OF_DAY, slice=SLICE):
            began_s = time.thread_time()
            for event in given:
                observe(event)
            took_s = time.thread_time() - began_s
        yield took_s / len(given) * 1e6

    def call() -> float:
        [cost] = telemetry.called(observed())
        return cost

    costs = [copy_context().run(call) for _ in range(ROUNDS)]
    telemetry.close()
    return min(costs)


class _Takes(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_told: object) -> None:
        """Say nothing."""


def main() -> None:
    """Print a line for each way."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Takes)
    Thread(target=server.serve_forever, daemon=True).start()
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}"
    with tempfile.TemporaryDirectory() as folder:
        ways = {
            "off": Wanted(),
            "prometheus_file": Wanted(prometheus_file=Path(folder) / "bench.prom"),
            "otlp": Wanted(otlp=True),
        }
        for name, wanted in ways.items():
            sys.stdout.write(f"{name:<16}{microseconds(wanted):6.1f} µs an event\n")
    server.shutdown()


if __name__ == "__main__":
    main()
