"""What statistics are asked for, whatever the interval; asks nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..days import Interval

Json = dict[str, Any]
# P1D: one bucket for all of the day, however long it is.
GRANULARITIES: Mapping[str, timedelta | None] = {
    "PT15M": timedelta(minutes=15),
    "PT30M": timedelta(minutes=30),
    "PT1H": timedelta(hours=1),
    "P1D": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked for, whatever the interval; dimensions in the order of the table's key."""

    granularity: str
    timezone: str
    group_by: tuple[str, ...]
    metrics: tuple[str, ...]

    @property
    def bucket(self) -> timedelta | None:
        """How long a bucket is; None for one that is as long as the day."""
        return GRANULARITIES[self.granularity]

    def body(self, interval: Interval) -> Json:
        """Return the body that asks for an interval."""
        return {"interval": str(interval), **self.constant}

    @property
    def constant(self) -> Json:
        """What a body says beside the interval."""
        return {
            "granularity": self.granularity,
            "timeZone": self.timezone,
            "groupBy": [*self.group_by],
            "metrics": [*self.metrics],
        }

    def whole(self, interval: Interval, end: datetime) -> Interval:
        """Return the part of the interval that has whole buckets only; `end` is the day's."""
        if interval.end == end:
            return interval
        if self.bucket is None:
            return Interval(interval.start, interval.start)
        count = (interval.end - interval.start) // self.bucket
        return Interval(interval.start, interval.start + count * self.bucket)
