"""What one run makes of a day: decided before anything is asked or written.

Pure: names of files, and whether a day is ready, from values alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..datasets import Dataset
from ..days import Day, Slice, iso_ms
from ..encode import Newlines
from ..errors import TryAgainLater

SUFFIX = "csv.gz"
CONTENT_TYPE = "application/gzip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How days are exported."""

    dataset: Dataset
    tables: tuple[str, ...]  # in the declared order
    org: str = ""  # the first segment of every key; none for a single org
    slices: int = 1
    newlines: Newlines = Newlines.KEEP
    settle: timedelta = timedelta(days=4)
    wait: timedelta = timedelta(0)  # how long to wait for the data to become complete
    wait_step: timedelta = timedelta(minutes=5)  # how often to look meanwhile
    allow_partial: bool = False

    def key(self, table: str, part: Slice) -> str:
        """Return a table file's key: `conversations/2026-11-22.csv.gz`, or `….000.csv.gz`."""
        number = f".{part.index:03d}" if self.slices > 1 else ""
        return self.under_org(f"{table}/{part.day}{number}.{SUFFIX}")

    def home(self, day: Day) -> str:
        """Return where what belongs to the day but is no table's data lies."""
        return f"{self.homes}/{day}"

    @property
    def homes(self) -> str:
        """What the homes of all days begin with."""
        return self.under_org(f"_genesys_export/{self.dataset.name}")

    def under_org(self, key: str) -> str:
        """Return the key below the org's segment, if there is one."""
        return f"{self.org}/{key}" if self.org else key


@dataclass(frozen=True, slots=True)
class Ready:
    """The day can be read up to `until`; `partial` when that is not its whole length."""

    until: datetime
    partial: bool = False


@dataclass(frozen=True, slots=True)
class TooEarly:
    """The day is not complete at Genesys; `retry_at` is a guess from how far it lags now."""

    day: Day
    watermark: datetime | None
    retry_at: datetime

    def error(self) -> TryAgainLater:
        """Return this as the error that ends the run with 75."""
        reached = "nothing yet" if self.watermark is None else iso_ms(self.watermark)
        return TryAgainLater(
            f"{self.day} is not complete at Genesys: the day ends at "
            f"{iso_ms(self.day.interval.end)}, the data reaches {reached}; nothing was published",
            advice=f"Try again after {iso_ms(self.retry_at)}, or let --wait do that.",
        )


def readiness(
    day: Day, watermark: datetime | None, now: datetime, *, allow_partial: bool
) -> Ready | TooEarly:
    """Decide whether the day may be read, and up to when.

    A source that knows no watermark (None) is complete once the day has ended.
    """
    whole = day.interval
    reached = min(now, watermark) if watermark is not None else now
    if reached >= whole.end:
        return Ready(whole.end)
    if allow_partial and reached > whole.start:
        return Ready(reached, partial=True)
    lag = max(now - reached, timedelta(minutes=10))
    return TooEarly(day, watermark, max(whole.end + lag, now + timedelta(minutes=10)))


def state_of(plan: Plan, day: Day, ready: Ready, fetched: datetime) -> str:
    """Return `partial`, `provisional` or `final` for a day fetched at that instant (A4, C13)."""
    if ready.partial:
        return "partial"
    return "final" if fetched >= day.interval.end + plan.settle else "provisional"
