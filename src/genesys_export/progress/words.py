"""Figures and events in words for people: the same wherever they are shown.

Pure: from values to text. What came from a server is shown without control characters and
secrets (`clean`), so that no answer can write to the terminal or forge a log line.
"""

from __future__ import annotations

from ..events import BackfillProgress, DayPublished, DaySkipped, Waiting
from ..redaction import clean
from .totals import Totals

__all__ = ["clean", "duration", "left", "size", "summary", "waiting"]

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def size(count: int) -> str:
    """Return `48.1 MB` (decimal, as bills and disks count)."""
    shown = float(count)
    for unit in _UNITS:
        if shown < 999.95 or unit == _UNITS[-1]:
            break
        shown /= 1000
    return f"{count} bytes" if unit == _UNITS[0] else f"{shown:.1f} {unit}"


def duration(seconds: float) -> str:
    """Return `0.4 s`, `12 s`, `3 min 12 s` or `2 h 05 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def waiting(event: Waiting, left_s: float) -> str:
    """Return `rate limit: 12 s` or `job PENDING: next look in 3 s`."""
    detail = clean(event.detail)
    if event.reason == "job":
        return f"job {detail}".rstrip() + f": next look in {duration(left_s)}"
    return f"{event.reason}: {duration(left_s)}" + (f" ({detail})" if detail else "")


def left(eta_s: float | None) -> str:
    """Return `2 h 05 min left`; nothing where that is not known."""
    return "" if eta_s is None else f"{duration(eta_s)} left"


def summary(totals: Totals, *, elapsed_s: float, backfill: BackfillProgress | None = None) -> str:
    """Return what a run did, in a few lines: a line a day, or one for a range; what it took."""
    days = [_published(day) for day in totals.published]
    days += [f"{_who(day)} skipped: {clean(day.reason)}" for day in totals.skipped]
    if backfill:
        days = [_range(totals, backfill)]
    extra = (
        f"{_many(totals.retries, 'retry', 'retries')}" if totals.retries else "",
        f"{totals.throttled:,} answered 429" if totals.throttled else "",
    )
    aside = ", ".join(part for part in extra if part)
    work = (
        f"{_many(totals.requests, 'request')}{f' ({aside})' if aside else ''} in "
        f"{duration(elapsed_s)}, {size(totals.received_bytes)} received, "
        f"{size(totals.uploaded_bytes)} uploaded"
    )
    waits = sorted(totals.waits_s.items(), key=lambda wait: -wait[1])
    waited = ", ".join(f"{reason} {duration(wait_s)}" for reason, wait_s in waits)
    return "\n".join([*days, work, *([f"waited: {waited}"] if waited else [])])


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def _published(day: DayPublished) -> str:
    same = " (unchanged)" if day.outcome == "unchanged" else ""
    told = (
        _many(day.conversations, "conversation"),
        _many(day.rows, "row"),
        _many(day.files, "file"),
        size(day.size_bytes),
        clean(day.manifest),
    )
    return f"{_who(day)} {day.state}{same}: {', '.join(filter(None, told))}"


def _range(totals: Totals, of: BackfillProgress) -> str:
    unchanged = sum(day.outcome == "unchanged" for day in totals.published)
    not_done = of.total - of.done - of.skipped - of.failed
    told = (
        f"{of.done:,} exported" + (f" ({unchanged:,} of them unchanged)" if unchanged else ""),
        f"{of.skipped:,} skipped (nothing was to be done)" if of.skipped else "",
        f"{of.failed:,} failed" if of.failed else "",
        f"{not_done:,} not done" if not_done else "",
    )
    figures = ", ".join(filter(None, told))
    return f"{_many(of.total, 'day')}: {figures}; {_many(of.conversations, 'conversation')}"


def _who(day: DayPublished | DaySkipped) -> str:
    return f"{clean(day.org)} {day.day}" if day.org else day.day
