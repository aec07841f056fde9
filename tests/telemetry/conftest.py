"""A collector of OTLP over HTTP on loopback, and an exporter that tells it everything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, NamedTuple

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from genesys_export import Exporter
from genesys_simulator import Options, Simulator, World, serve


class Seen(NamedTuple):
    """A span as a person looks at it."""

    name: str
    parent: str
    attributes: dict[str, Any]
    is_error: bool
    message: str
    start: int
    end: int


class Collector:
    """What was sent, decoded."""

    def __init__(self, address: str, go: Event) -> None:
        self.address, self.go = address, go
        self.paths: list[str] = []
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self._traces: list[ExportTraceServiceRequest] = []
        self._metrics: list[ExportMetricsServiceRequest] = []

    def take(self, path: str, body: bytes) -> None:
        self.paths.append(path)
        self.bodies.append(body)
        if path == "/v1/traces":
            self._traces.append(ExportTraceServiceRequest.FromString(body))
        else:
            self._metrics.append(ExportMetricsServiceRequest.FromString(body))

    @property
    def resource(self) -> dict[str, Any]:
        return values(self._traces[-1].resource_spans[0].resource.attributes)

    @property
    def spans(self) -> list[Seen]:
        raw = [
            span
            for request in self._traces
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        names = {span.span_id: span.name for span in raw}
        return [
            Seen(
                span.name,
                names.get(span.parent_span_id, ""),
                values(span.attributes),
                span.status.code == span.status.STATUS_CODE_ERROR,
                span.status.message,
                span.start_time_unix_nano,
                span.end_time_unix_nano,
            )
            for span in raw
        ]

    def named(self, name: str) -> list[Seen]:
        return [span for span in self.spans if span.name == name]

    @property
    def points(self) -> dict[str, list[tuple[dict[str, Any], float]]]:
        """Return the last value of each metric, with its attributes."""
        found: dict[str, list[tuple[dict[str, Any], float]]] = {}
        for resource in self._metrics[-1].resource_metrics:
            for scope in resource.scope_metrics:
                for one in scope.metrics:
                    data = one.sum if one.HasField("sum") else one.gauge
                    found[one.name] = [
                        (values(point.attributes), point.as_int or point.as_double)
                        for point in data.data_points
                    ]
        return found

    def total(self, name: str, **wanted: str) -> float:
        return sum(
            value
            for attributes, value in self.points[f"genesys_export.{name}"]
            if wanted.items()
            <= {key.rpartition(".")[2]: of for key, of in attributes.items()}.items()
        )


def values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


@contextmanager
def collecting(status: int = 200) -> Iterator[Collector]:
    go = Event()
    go.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            go.wait(30)
            taker.headers.append(dict(self.headers))
            taker.take(self.path, body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_told: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    taker = Collector(f"http://127.0.0.1:{server.server_port}", go)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield taker
    finally:
        go.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def collector(monkeypatch) -> Iterator[Collector]:
    """Return one that the standard variable names."""
    with collecting() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.address)
        yield found


@pytest.fixture(scope="session")
def world() -> World:
    return World.generated(seed=5, per_day=40)


@pytest.fixture(scope="session")
def genesys(world) -> Iterator[Simulator]:
    with serve(world) as simulator:
        yield simulator


@pytest.fixture
def start(world):
    """Start a simulator with options of its own; it ends with the test."""
    from contextlib import ExitStack  # noqa: PLC0415

    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(serve(world, Options(**options)))


@pytest.fixture
def make(genesys, tmp_path):
    """Make an exporter of the simulator, or another one."""

    def exporter(of: Simulator = genesys, **keywords: Any) -> Exporter:
        return Exporter.from_settings(
            **{
                "to": tmp_path / "lake",
                "environ": {
                    "GENESYS_CLOUD_BASE_URL": of.base_url,
                    "GENESYS_CLIENT_ID": of.client_id,
                    "GENESYS_CLIENT_SECRET": of.client_secret,
                },
                "genesys__poll_first": "0.05s",
                "tables": ["conversations"],
                **keywords,
            }
        )

    return exporter
