"""Instants and intervals as the API writes them.

Knows ISO 8601 in the forms Genesys takes and gives. Works in whole milliseconds since 1970,
because the API knows nothing finer; `None` stands for "can't be read", never an exception,
except where a request's interval must be refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of time, in ms since 1970."""

    start_ms: int
    end_ms: int


def to_ms(instant: datetime) -> int:
    """Return the instant as ms since 1970."""
    return (instant - _EPOCH) // _MILLISECOND


def text(instant_ms: int) -> str:
    """Write an instant the way the API does: `2026-11-22T08:00:00.123Z`."""
    when = (_EPOCH + instant_ms * _MILLISECOND).replace(tzinfo=None)
    return f"{when.isoformat(timespec='milliseconds')}Z"


def read(value: object) -> int | None:
    """Read an instant with a zone; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if instant.tzinfo is None else to_ms(instant)


def read_interval(value: object) -> Span | None:
    """Read `start/end`; None unless both can be read and the start is before the end."""
    start, slash, end = value.partition("/") if isinstance(value, str) else ("", "", "")
    start_ms, end_ms = read(start), read(end)
    if not slash or start_ms is None or end_ms is None or start_ms >= end_ms:
        return None
    return Span(start_ms, end_ms)


def midnight(instant_ms: int) -> int:
    """Return 00:00 UTC of the instant's day."""
    return instant_ms - instant_ms % DAY_MS
