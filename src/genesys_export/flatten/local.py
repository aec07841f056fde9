"""Instants as local time: texts in, texts out, as a clock on the wall showed them.

`2026-11-22T08:00:00.123Z` → `2026-11-22T09:00:00.123`, without an offset: readers that guess types
would turn one into an instant again, and show it in a zone of their own. The zone is asked once
for each distinct minute of a batch; where rows are many, minutes are few.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

_MINUTE = len("2026-11-22T08:00")


def local_times(instants: pa.StringArray, zone: ZoneInfo) -> pa.StringArray:
    """Return canonical UTC instants as local times; null stays null.

    Also null where no local time can be written: beyond the years 1 to 9999, and where the zone's
    difference from UTC had seconds (before 1972).
    """
    if instants.null_count == len(instants):
        return instants
    minutes = pc.utf8_slice_codeunits(instants, 0, _MINUTE).dictionary_encode()
    found = pa.array((_local(one, zone) for one in minutes.dictionary.to_pylist()), pa.string())
    seconds = pc.utf8_slice_codeunits(instants, _MINUTE, -1)
    return pc.binary_join_element_wise(found.take(minutes.indices), seconds, "")


def _local(minute: str, zone: ZoneInfo) -> str | None:
    """Return a UTC minute as local minute."""
    try:
        local = datetime.fromisoformat(f"{minute}+00:00").astimezone(zone)
    except (OverflowError, ValueError):
        return None
    return local.isoformat(timespec="minutes")[:_MINUTE] if local.second == 0 else None
