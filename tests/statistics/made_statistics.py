"""Conversations round a day, and a feed of their statistics that was read once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

from genesys_export.days import Day, split
from genesys_export.model import Again, Batch
from genesys_simulator import Simulator, World
from genesys_simulator.times import DAY_MS, Span

PER_DAY = 120


def around(day: str) -> World:
    """Return what began on the day, the day before and the day after, and nothing older."""
    begin = (date.fromisoformat(day) - date(1970, 1, 1)).days * DAY_MS
    holdings = World.generated(seed=17, per_day=PER_DAY).holdings
    found = holdings.positions(Span(begin - DAY_MS, begin + 2 * DAY_MS), begin - DAY_MS)
    return World.of(holdings.render([*found], attributes=True))


DAY = date(2026, 11, 17)
NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)


@dataclass
class Fed:
    """A feed of statistics, the server behind it, and what it gave."""

    dataset: str
    genesys: Simulator
    feed: Any
    reading: Any = None
    found: list[dict[str, Any]] | None = None

    def rows(self) -> list[dict[str, Any]]:
        """Read the day, once."""
        if self.found is None:
            (whole,) = split(Day(DAY, ZoneInfo("UTC")), 1)
            self.reading = self.feed.open(whole)
            self.found = []
            for item in self.reading.read(Event()):
                assert isinstance(item, Batch | Again)
                self.found = [] if isinstance(item, Again) else self.found + item.rows.to_pylist()
            self.reading.release()
        return self.found

    def rows_a_bucket(self) -> list[int]:
        return [*Counter(row["interval_start"] for row in self.rows()).values()]

    def bodies(self) -> list[dict[str, Any]]:
        return [one.body for one in self.genesys.asked("aggregates")]

    def asked(self) -> list[str]:
        return [str(body) for body in self.bodies()]
