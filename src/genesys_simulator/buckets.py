"""The intervals that statistics are told by: from the start on, as long as the granularity says.

Knows ISO 8601 periods of days, hours, minutes and seconds. Days are the calendar's of a zone, so
that a day has 23 or 25 hours where clocks change; the last bucket ends where the interval does.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from .replies import bad_request
from .times import SECOND_MS, Span, to_ms

_PERIOD = re.compile(r"P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_MOST = 10_000


def buckets(interval: Span, granularity: object, zone: object) -> list[Span]:
    """Cut an interval; raises Refused for a period or a zone that there is not."""
    where = _zone(zone)
    if granularity is None:
        return [interval]
    found = _PERIOD.fullmatch(granularity) if isinstance(granularity, str) else None
    days, hours, minutes, seconds = (int(one or 0) for one in found.groups()) if found else [0] * 4
    step_ms = (hours * 3_600 + minutes * 60 + seconds) * SECOND_MS
    if not days and not step_ms:
        raise bad_request(f"Invalid granularity [{granularity}].", "invalid.value")
    edges = [interval.start_ms]
    while edges[-1] < interval.end_ms:
        edges.append(_later(edges[-1], days, where) + step_ms)
        if len(edges) > _MOST:
            raise bad_request(f"Granularity [{granularity}] is too fine.", "invalid.value")
    edges[-1] = interval.end_ms
    return [Span(start, end) for start, end in pairwise(edges)]


def _later(at_ms: int, days: int, zone: ZoneInfo) -> int:
    """Return the instant at which the zone's clocks show the same so many days later."""
    if not days:
        return at_ms
    local = datetime.fromtimestamp(at_ms / SECOND_MS, UTC).astimezone(zone)
    wall = local.replace(tzinfo=None, fold=0) + timedelta(days)
    return to_ms(wall.replace(tzinfo=zone).astimezone(UTC))


def _zone(name: object) -> ZoneInfo:
    try:
        return ZoneInfo(name if isinstance(name, str) else "" if name else "UTC")
    except (ValueError, OSError, KeyError):
        raise bad_request(f"Invalid time zone [{name}].", "invalid.value") from None
