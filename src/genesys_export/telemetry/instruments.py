"""The metrics that go out by OTLP, and which event is counted by which."""

from __future__ import annotations

from opentelemetry.metrics import Meter

from ..events import DayEnded, DayPublished, Event, Requested, SliceStaged, Uploaded, Waited
from .figures import Figures

_NAME = "genesys_export"


def names_of(event: Event, *more: str) -> dict[str, str]:
    """Return the attributes that name organisation and dataset, and whatever else is wanted."""
    found = {name: getattr(event, name) for name in ("org", "dataset", *more)}
    return {f"{_NAME}.{name}": value for name, value in found.items() if value}


class Instruments:
    """Counts events; safe from several threads."""

    def __init__(self, meter: Meter) -> None:
        """Declare them."""
        self._requests = meter.create_counter(
            f"{_NAME}.requests", "{request}", "Requests to Genesys."
        )
        self._received = meter.create_counter(
            f"{_NAME}.received", "By", "Bytes of Genesys's answers."
        )
        self._uploaded = meter.create_counter(f"{_NAME}.uploaded", "By", "Bytes uploaded.")
        self._records = meter.create_counter(
            f"{_NAME}.records", "{record}", "Conversations and other records read."
        )
        self._waits = meter.create_counter(
            f"{_NAME}.waits", "s", "Time waited, all threads together."
        )
        self._days = meter.create_counter(f"{_NAME}.days", "{day}", "Days, by how they ended.")
        self._lateness = meter.create_gauge(
            f"{_NAME}.lateness", "s", "From the end of the last published day to its publishing."
        )
        self._failed = meter.create_gauge(
            f"{_NAME}.failed_days", "{day}", "Days of a run that failed."
        )

    def add(self, event: Event) -> None:
        """Count an event."""
        match event:
            case Requested():
                status = {"http.response.status_code": event.status}
                self._requests.add(1, {**names_of(event), **status})
                self._received.add(event.received_bytes, names_of(event))
            case Waited():
                reason = {f"{_NAME}.reason": event.reason}
                self._waits.add(max(0.0, event.waited_s), {**names_of(event), **reason})
            case Uploaded():
                self._uploaded.add(event.size_bytes, names_of(event))
            case SliceStaged():
                self._records.add(event.conversations, names_of(event))
            case DayEnded():
                self._days.add(1, {**names_of(event), f"{_NAME}.status": event.status})

    def late(self, event: DayPublished, late_s: float | None) -> None:
        """Tell how late a day was published."""
        if late_s is not None:
            self._lateness.set(late_s, names_of(event))

    def ended(self, figures: Figures) -> None:
        """Tell what stands at the end of a call."""
        for (org, dataset), sums in figures.of_datasets():
            whose = names_of(Event(org=org, dataset=dataset))
            self._failed.set(sums.failed, whose)
