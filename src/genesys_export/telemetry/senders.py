"""The SDK's OTLP exporters, and what they say of a collector that they can't reach.

They retry for seconds before they give up, and say so by logging only: their first warning
becomes the notice, and none reaches stderr.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Event as Flag
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics.export import MetricExportResult
from opentelemetry.sdk.trace.export import SpanExportResult

from ..redaction import clean

_PORTS = {"http": 80, "https": 443}


class Trouble:
    """Says once that telemetry is lost."""

    def __init__(self, tell: Callable[[str], None], met: Flag) -> None:
        """`tell` gets the sentence; `met` is set with every trouble."""
        self._tell: Callable[[str], None] | None = tell
        self._met = met

    def say(self, why: str) -> None:
        """Say it, unless it was said."""
        tell, self._tell = self._tell, None
        self._met.set()
        if tell:
            tell(f"telemetry by OTLP may be incomplete: {clean(why)}")

    def forget(self) -> None:
        """Say nothing from here on."""
        self._tell = None


_listening: ContextVar[Trouble | None] = ContextVar("listening", default=None)


@contextmanager
def listening(trouble: Trouble) -> Iterator[None]:
    """Tell what the SDK logs inside as a trouble."""
    token = _listening.set(trouble)
    try:
        yield
    finally:
        _listening.reset(token)


class _Warnings(logging.Handler):
    """Takes what the SDK logs; what nobody listens to goes nowhere."""

    def emit(self, record: logging.LogRecord) -> None:
        if trouble := _listening.get():
            trouble.say(_text(record))


def _text(record: logging.LogRecord) -> str:
    """Return what may be shown: variables and errors can hold a header with a credential.

    What the SDK says of a collector is put in our words; what it says of its variables is not.
    """
    told = record.args if isinstance(record.args, tuple) else ()
    kinds = [type(one).__name__ for one in told if isinstance(one, Exception)]
    codes = [f"HTTP {one}" for one in told if isinstance(one, int)]
    why = next((f" ({one})" for one in codes + kinds), "")
    message = str(record.msg)
    if message.startswith("Transient error"):
        return f"the collector can't be reached{why}" if kinds else "the collector is not ready"
    if message.startswith("Failed to export"):
        is_late = "due to timeout" in message
        return f"the collector did not answer in time{why}" if is_late else f"sending failed{why}"
    try:
        return str(record.msg) % tuple(map(_shown, told))
    except (TypeError, ValueError):
        return str(record.msg)


def _shown(value: object) -> object:
    if isinstance(value, int | float) or value in ("spans", "metrics"):
        return value
    return type(value).__name__ if isinstance(value, Exception) else "…"


logging.getLogger("opentelemetry").addHandler(_Warnings(logging.WARNING))


def senders(trouble: Trouble) -> tuple[OTLPSpanExporter, OTLPMetricExporter]:
    """Return the exporters of spans and of metrics."""
    return _Spans(trouble), _Metrics(trouble)


def endpoints() -> tuple[tuple[str, int], ...]:
    """Return host and port of where spans and metrics go; raises ValueError for none."""
    found: dict[tuple[str, int], None] = {}
    for one in (OTLPSpanExporter(), OTLPMetricExporter()):
        parts = urlsplit(one._endpoint)  # noqa: SLF001 - only the SDK knows all its variables
        if not parts.hostname:
            raise ValueError("no host in the endpoint")
        found[parts.hostname, parts.port or _PORTS.get(parts.scheme, 80)] = None
    return tuple(found)


class _Spans(OTLPSpanExporter):
    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self._trouble = trouble

    def export(self, *given: Any, **more: Any) -> SpanExportResult:
        with listening(self._trouble):
            return super().export(*given, **more)


class _Metrics(OTLPMetricExporter):
    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self._trouble = trouble

    def export(self, *given: Any, **more: Any) -> MetricExportResult:
        with listening(self._trouble):
            return super().export(*given, **more)
