"""Whether the source's own count of a day agrees with ours: values and policy, nothing else.

The details query tells how many conversations it would find (`totalHits`), out of another store
than the one jobs read. It reaches exactly those that began on the UTC days its interval touches,
so the number means what ours means for a whole UTC day only. It is approximate, and Genesys may
be at work on the day: the verdict allows for both. Knows no HTTP; who counts is a SourceCounter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from .days import Interval
from .plural import plural

_MIDNIGHT = (0, 0, 0, 0)


class Verdict(StrEnum):
    """The result of comparing the source's count with ours."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    NOT_COMPARABLE = "not comparable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """By how much the counts may differ: by the larger of a share of ours and a number."""

    share: float = 0.01
    floor: int = 20  # conversations

    def allows(self, gap: int, ours: int) -> bool:
        """Whether a difference of this many conversations is tolerated."""
        return gap <= max(self.share * ours, self.floor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the source counts in an interval; a failed reading is None, with the reason."""

    asked: datetime
    hits: int | None  # totalHits of the details query
    by_media: Mapping[str, int] | None  # nConversations of the aggregates, by mediaType
    missing: tuple[str, ...] = ()


class SourceCounter(Protocol):
    """Who asks the source to count."""

    def count(self, interval: Interval) -> Counted:
        """Ask for the counts of an interval; a refusal is a missing reading, not an error."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OurCounts:
    """What we have of a day, and how we asked for it."""

    interval: Interval
    exported: int
    rejected: int = 0
    partial: bool = False
    own_body: bool = False  # a query body of the user's own told what to ask for

    def obstacle(self) -> str:
        """Return why no count of the source's can be compared; empty if one can."""
        if self.own_body:
            return "the count can't repeat a custom query body"
        if self.partial:
            return "only part of the day was read"
        if not _is_utc_day(self.interval):
            return f"{self.interval} is not a whole UTC day"
        return ""

    def gap(self, hits: int) -> int:
        """Return how far the source's number is off what we can account for.

        A record that was rejected came and is kept: it explains a hit, but need not be one (its
        start may be what can't be read).
        """
        return max(self.exported - hits, hits - self.exported - self.rejected, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCount:
    """The source's own count of a day and ours, as in the manifest."""

    asked: datetime | None  # None: it was not asked
    query_hits: int | None
    by_media: Mapping[str, int] | None  # for information: a conversation of two media is in both
    ours: int
    rejected: int
    tolerance: float
    floor: int
    verdict: Verdict
    note: str

    def __str__(self) -> str:
        """Return the sentence an operator reads."""
        if self.verdict is Verdict.NOT_COMPARABLE:
            return f"Genesys's own count is not comparable: {self.note}"
        also = f" and {self.rejected:,} rejected" if self.rejected else ""
        theirs = plural(self.query_hits or 0, "conversation")
        where = "within" if self.verdict is Verdict.AGREES else "beyond"
        return (
            f"Genesys counts {theirs}, {self.ours:,} were exported{also}: {where} tolerance "
            f"({100 * self.tolerance:.4g} % or {plural(self.floor, 'conversation')})"
        )


def judge(counted: Counted, ours: OurCounts, tolerance: Tolerance) -> SourceCount:
    """Compare what the source counted with what we have."""
    if why := ours.obstacle():
        return _verdict(Verdict.NOT_COMPARABLE, ours, tolerance, counted, why)
    note = "; ".join(counted.missing)
    if counted.hits is None:
        return _verdict(Verdict.NOT_COMPARABLE, ours, tolerance, counted, note)
    agrees = tolerance.allows(ours.gap(counted.hits), ours.exported)
    verdict = Verdict.AGREES if agrees else Verdict.DISAGREES
    return _verdict(verdict, ours, tolerance, counted, note)


def prove(counter: SourceCounter, ours: OurCounts, tolerance: Tolerance) -> SourceCount:
    """Let the source count, where that can be compared, and judge."""
    if why := ours.obstacle():
        return _verdict(Verdict.NOT_COMPARABLE, ours, tolerance, None, why)
    return judge(counter.count(ours.interval), ours, tolerance)


def _verdict(
    verdict: Verdict, ours: OurCounts, tolerance: Tolerance, counted: Counted | None, note: str
) -> SourceCount:
    return SourceCount(
        asked=counted.asked if counted else None,
        query_hits=counted.hits if counted else None,
        by_media=counted.by_media if counted else None,
        ours=ours.exported,
        rejected=ours.rejected,
        tolerance=tolerance.share,
        floor=tolerance.floor,
        verdict=verdict,
        note=note,
    )


def _is_utc_day(interval: Interval) -> bool:
    start = interval.start
    begins = (start.hour, start.minute, start.second, start.microsecond) == _MIDNIGHT
    return begins and interval.end - start == timedelta(days=1)
