"""The day that ended last, by the machine's clock: no other can a snapshot be taken of."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

ONE = timedelta(days=1)
_NOW = datetime.now(UTC)
_EAST = 12 - _NOW.hour  # hours; POSIX counts them westwards

# Where that day ended about twelve hours ago, no midnight comes in the middle of a test.
ZONE = f"Etc/GMT{-_EAST:+d}" if _EAST else "UTC"
NEWEST: date = (_NOW + timedelta(hours=_EAST)).date() - ONE
