"""Instants as local time: texts in, texts out, with the offset that holds at each instant.

`2026-11-22T08:00:00.123Z` → `2026-11-22T09:00:00.123+01:00`. The zone is asked once for each
distinct minute of a batch; where rows are many, minutes are few.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

_MINUTE = len("2026-11-22T08:00")


def local_times(instants: pa.StringArray, zone: ZoneInfo) -> pa.StringArray:
    """Return canonical UTC instants as local times; null stays null.

    Also null where no local time can be written: beyond the years 1 to 9999, and where an offset
    of long ago (before 1972) has seconds.
    """
    if instants.null_count == len(instants):
        return instants
    minutes = pc.utf8_slice_codeunits(instants, 0, _MINUTE).dictionary_encode()
    found = [_local(minute, zone) for minute in minutes.dictionary.to_pylist()]
    starts = pa.array([start for start, _ in found], pa.string()).take(minutes.indices)
    offsets = pa.array([offset for _, offset in found], pa.string()).take(minutes.indices)
    seconds = pc.utf8_slice_codeunits(instants, _MINUTE, -1)
    return pc.binary_join_element_wise(starts, seconds, offsets, "")


def _local(minute: str, zone: ZoneInfo) -> tuple[str | None, str | None]:
    """Return a UTC minute as local minute and offset."""
    try:
        local = datetime.fromisoformat(f"{minute}+00:00").astimezone(zone)
    except (OverflowError, ValueError):
        return None, None
    text = local.isoformat(timespec="minutes")
    is_whole = local.second == 0 and len(text) == _MINUTE + len("+01:00")
    return (text[:_MINUTE], text[_MINUTE:]) if is_whole else (None, None)
