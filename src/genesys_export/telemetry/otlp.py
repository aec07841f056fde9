"""Traces and metrics by OTLP over HTTP, as the OTEL_… variables say: run, day, slice, request.

Spans are put together from events: a day's begins with the first event that names it and ends
with DayEnded. The run's span is a child of whatever span the caller is in. Batches go out in
threads of the SDK's own, which retries; nobody waits for them but `close`, for a moment.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event as Flag
from threading import Lock, Thread

from opentelemetry.context import attach
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Span,
    SpanKind,
    Status,
    StatusCode,
    set_span_in_context,
)

from .. import __version__
from ..events import (
    DayDue,
    DayEnded,
    DayPublished,
    DaySkipped,
    Event,
    Noticed,
    ReadAgain,
    Requested,
    Retrying,
    SliceAdopted,
    SliceStaged,
    Uploaded,
    Waited,
)
from ..redaction import clean
from .figures import Figures
from .instruments import Instruments, names_of
from .senders import Trouble, listening, senders

_NAME = "genesys_export"
_WAIT_S, _SHORT_S = 2.0, 0.2  # at most, at the end
_UNKNOWN = "unknown_service"
_BAD = 400  # HTTP statuses from here on

Place = tuple[str, str, str, str]  # organisation, dataset, day, slice ("": the day itself)


@dataclass(slots=True)
class _Call:
    run: Span
    open: dict[Place, Span] = field(default_factory=dict)
    figures: Figures = field(default_factory=Figures)
    failed: int = 0
    lock: Lock = field(default_factory=Lock)


_call: ContextVar[_Call | None] = ContextVar("otlp", default=None)


class Otlp:
    """Sends what happens to a collector, until it is closed."""

    def __init__(self, tell: Callable[[str], None], now: Callable[[], datetime]) -> None:
        """Start the SDK; `tell` gets the one notice if the collector can't be reached."""
        self._now = now
        self._over = Flag()  # nothing more can be delivered, or all was
        self._trouble = Trouble(tell, self._over)
        with listening(self._trouble):  # to what it thinks of its variables
            self._start()
        self._over.clear()
        atexit.register(self.close)

    def _start(self) -> None:
        resource = _resource()
        self._traces = TracerProvider(resource=resource, shutdown_on_exit=False)
        spans, metrics = self._exporters = senders(self._trouble)
        self._traces.add_span_processor(BatchSpanProcessor(spans))
        reader = PeriodicExportingMetricReader(metrics)
        self._metrics = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
        self._tracer = self._traces.get_tracer(_NAME, __version__)
        self._instruments = Instruments(self._metrics.get_meter(_NAME, __version__))

    def __call__(self, event: Event) -> None:
        """Add an event to its call."""
        call = _call.get()
        if call is None:
            return
        now = self._now()
        with call.lock:
            call.figures.add(event, now)
            self._instruments.add(event)
            if isinstance(event, DayPublished):
                self._instruments.late(event, call.figures.lateness_of(event, now))
            self._trace(call, event, now)

    def begin(self) -> None:
        """Begin the span of a run, which is this context's from here on."""
        run = self._tracer.start_span("run", start_time=_ns(self._now()))
        attach(set_span_in_context(run))
        _call.set(_Call(run))

    def end(self) -> None:
        """End the run's span, and those of days that nobody waited for."""
        if call := _call.get():
            _call.set(None)
            with call.lock:
                self._end(call)

    def close(self) -> None:
        """Send what is left; waits for a moment, and hardly at all for one known to be down."""
        atexit.unregister(self.close)
        wait_s = _SHORT_S if self._over.is_set() else _WAIT_S
        self._over.clear()
        last = Thread(target=self._shut_down, name="otlp", daemon=True)
        last.start()
        if not self._over.wait(wait_s):
            self._trouble.say(f"the collector took longer than {wait_s:g} s")
        self._trouble.forget()
        if last.is_alive():
            for each in self._exporters:  # they would try again for seconds
                each.shutdown()

    def _shut_down(self) -> None:
        try:
            self._traces.shutdown()
            self._metrics.shutdown()
        finally:
            self._over.set()

    # --- spans ---

    def _trace(self, call: _Call, event: Event, now: datetime) -> None:
        match event:
            case Requested():
                self._request(call, event, now)
            case DayEnded():
                self._day_ended(call, event, now)
            case SliceStaged():
                if span := call.open.pop(_place(event), None):
                    span.set_attribute(f"{_NAME}.records", event.conversations)
                    span.end(_ns(now))
            case SliceAdopted():
                self._day(call, event, _ns(now)).add_event("slice adopted", timestamp=_ns(now))
            case Retrying() | ReadAgain():
                what = "retrying" if isinstance(event, Retrying) else "reading again"
                self._slice(call, event, _ns(now)).add_event(what, timestamp=_ns(now))
            case Waited() | Uploaded() | DayDue() | DaySkipped() | Noticed():
                pass  # of these there are figures, or nothing has begun
            case _:
                self._slice(call, event, _ns(now))

    def _slice(self, call: _Call, event: Event, start: int) -> Span:
        """Return the span of the slice that an event is about, else that of the day or run."""
        day = self._day(call, event, start)
        return self._opened(call, _place(event), day, start) if event.slice else day

    def _day(self, call: _Call, event: Event, start: int) -> Span:
        """Return the span of the day that an event is about, else that of the run."""
        whose = (event.org, event.dataset, event.day, "")
        return self._opened(call, whose, call.run, start) if event.day else call.run

    def _opened(self, call: _Call, place: Place, parent: Span, start: int) -> Span:
        if place not in call.open:
            org, dataset, day, slice_ = place
            about = Event(org=org, dataset=dataset, day=day, slice=slice_)
            call.open[place] = self._tracer.start_span(
                "slice" if slice_ else "day",
                set_span_in_context(parent),
                attributes=names_of(about, "day", "slice"),
                start_time=start,
            )
        return call.open[place]

    def _request(self, call: _Call, event: Requested, now: datetime) -> None:
        start = _ns(now) - round(event.elapsed_s * 1e9)
        parent = self._slice(call, event, start)
        span = self._tracer.start_span(
            f"{event.method} {event.path}",
            set_span_in_context(parent),
            kind=SpanKind.CLIENT,
            attributes={
                "http.request.method": event.method,
                "url.template": event.path,
                "http.response.status_code": event.status,
                "http.response.body.size": event.received_bytes,
            },
            start_time=start,
        )
        if event.status >= _BAD:
            span.set_status(Status(StatusCode.ERROR))
        span.end(_ns(now))

    def _day_ended(self, call: _Call, event: DayEnded, now: datetime) -> None:
        day = (event.org, event.dataset, event.day)
        call.failed += event.is_failure
        if event.is_failure:
            self._day(call, event, _ns(now))  # one that failed before anything was asked
        for place in [one for one in call.open if one[:3] == day]:
            span = call.open.pop(place)
            if not place[3]:
                span.set_attribute(f"{_NAME}.status", event.status)
                span.set_attribute(f"{_NAME}.exit_status", event.exit_status)
            if event.exit_status:
                span.set_status(Status(StatusCode.ERROR, clean(event.message)))
            span.end(_ns(now))

    def _end(self, call: _Call) -> None:
        now = _ns(self._now())
        for span in call.open.values():  # of days that nobody waited for
            span.end(now)
        self._instruments.ended(call.figures)
        if call.failed:
            call.run.set_status(Status(StatusCode.ERROR))
        call.run.end(now)


def _resource() -> Resource:
    """Return what OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say, with our defaults."""
    found = Resource.create({SERVICE_VERSION: __version__})
    if str(found.attributes[SERVICE_NAME]).startswith(_UNKNOWN):
        found = found.merge(Resource({SERVICE_NAME: "genesys-export"}))
    return found


def _place(event: Event) -> Place:
    return event.org, event.dataset, event.day, event.slice


def _ns(at: datetime) -> int:
    return round(at.timestamp() * 1e6) * 1000
