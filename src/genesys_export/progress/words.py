"""Figures and events in words for people: the same wherever they are shown.

Pure: from values to text. What came from a server is shown without control characters and
secrets (`clean`), so that no answer can write to the terminal or forge a log line.
"""

from __future__ import annotations

from .. import events
from ..datasets import DEFAULT, dataset_named, known
from ..events import (
    UNCHANGED,
    BackfillProgress,
    DayPublished,
    Event,
    OfDataset,
    Waiting,
)
from ..plural import counted, plural
from ..redaction import clean
from .totals import Totals

__all__ = ["clean", "duration", "left", "size", "summary", "waiting"]

_EITHER = "records"  # where several datasets are counted together
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def size(count: int) -> str:
    """Return `48.1 MB` (decimal, as bills and disks count)."""
    shown = float(count)
    for unit in _UNITS:
        if shown < 999.95 or unit == _UNITS[-1]:
            break
        shown /= 1000
    return plural(count, "byte") if unit == _UNITS[0] else f"{shown:.1f} {unit}"


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
    """Return `rate limit: 12 s` or `job 4f2a is PENDING; checking again in 3 s`."""
    detail, whose = clean(event.detail), f"{clean(event.org)}: " if event.org else ""
    if event.reason == "job":
        return f"{whose}job {detail}".rstrip() + f"; checking again in {duration(left_s)}"
    return f"{whose}{event.reason}: {duration(left_s)}" + (f" ({detail})" if detail else "")


def left(eta_s: float | None) -> str:
    """Return `2 h 05 min left`; nothing if that is not known."""
    return "" if eta_s is None else f"{duration(eta_s)} left"


def summary(totals: Totals, *, elapsed_s: float, backfill: BackfillProgress | None = None) -> str:
    """Return what a run did, in a few lines: a line a day, or one for a range; what it took."""
    named = len(_datasets(totals)) > 1
    ended = (*totals.published, *totals.unchanged, *totals.skipped)
    days = [news(day, named=named) for day in ended]
    if backfill:
        days = [_range(totals, backfill)]
    if not totals.requests and not totals.retries and not totals.uploaded_bytes:
        return "\n".join(days)
    extra = (
        f"{plural(totals.retries, 'retry', 'retries')}" if totals.retries else "",
        f"{totals.throttled:,} answered 429" if totals.throttled else "",
    )
    aside = ", ".join(part for part in extra if part)
    work = (
        f"{plural(totals.requests, 'request')}{f' ({aside})' if aside else ''} in "
        f"{duration(elapsed_s)}, {size(totals.received_bytes)} received, "
        f"{_uploaded(totals)}"
    )
    waits = sorted(totals.waits_s.items(), key=lambda wait: -wait[1])
    waited = ", ".join(f"{reason} {duration(wait_s)}" for reason, wait_s in waits)
    if sum(totals.waits_s.values()) > elapsed_s:
        waited += " (summed over parallel threads)"
    return "\n".join([*days, work, *([f"waited for: {waited}"] if waited else [])])


def _uploaded(totals: Totals) -> str:
    """Return what was uploaded; what an unchanged day staged did not become visible."""
    if totals.unchanged and not totals.published:
        return f"{size(totals.uploaded_bytes)} staged and discarded"
    told = f"{size(totals.uploaded_bytes)} uploaded"
    return f"{told} (for unchanged days: staged and discarded)" if totals.unchanged else told


def records_of(dataset: str) -> str:
    """Return what the dataset calls its records, in the plural."""
    return dataset_named(dataset).records if dataset in known() else _EITHER


def counted_of(count: int, dataset: str) -> str:
    """Return the count with what the dataset calls its records."""
    return counted(count, records_of(dataset))


def _datasets(totals: Totals) -> frozenset[str]:
    ended = (*totals.published, *totals.unchanged, *totals.skipped)
    return frozenset(day.dataset for day in ended)


def _published(day: DayPublished) -> str:
    """Return what a day holds now."""
    same = " (unchanged)" if day.outcome == UNCHANGED else ""
    told = (
        counted_of(day.conversations, day.dataset),
        plural(day.rows, "row"),
        plural(day.files, "file"),
        size(day.size_bytes),
        clean(day.manifest),
    )
    return f"{day.state}{same}: {', '.join(filter(None, told))}"


def news(event: Event, *, named: bool = False) -> str:
    """Return a line for an event that people watch for; empty for any other.

    It names the dataset of a day only where it is to be `named`.
    """
    text = ""
    whose = ""
    if isinstance(event, OfDataset):
        name = getattr(event, "day", "") or getattr(event, "slice", "")
        whose = clean(" ".join(filter(None, (event.org, event.dataset if named else "", name))))
    match event:
        case events.Noticed():
            text = clean(f"{event.org}: {event.message}" if event.org else event.message)
        case events.ShardChosen():
            text = clean(f"shard {event.shard}: {event.orgs}")
        case events.DayDue() | events.DaySkipped():
            what = "is due" if isinstance(event, events.DayDue) else "skipped"
            text = f"{whose} {what}: {clean(event.reason)}"
        case events.DayRecovered():
            text = f"{whose}: finishing what an earlier run began to publish"
        case events.DayPublished():
            text = f"{whose} {_published(event)}"
        case events.DayEnded():
            text = _ended(event, whose)
        case events.SliceAdopted():
            taken = counted_of(event.conversations, event.dataset)
            text = f"{whose}: {taken} adopted from an earlier run"
        case events.ReadAgain():
            differ = counted_of(event.contested, event.dataset)
            why = f"{differ} came in differing copies" if event.contested else "a job was replaced"
            text = f"{whose}: {why}; reading again"
    return text


def _ended(event: events.DayEnded, whose: str) -> str:
    if event.is_failure:
        return f"{whose} failed: {clean(event.message)}"
    said = event.message.removeprefix(event.day)  # most say the day first
    colon = ": " if said == event.message else ""
    return f"{whose}{colon}{clean(said)}" if event.is_too_early else ""


def _range(totals: Totals, of: BackfillProgress) -> str:
    unchanged = len(totals.unchanged)
    not_done = of.total - of.done - of.skipped - of.failed
    told = (
        f"{of.done:,} exported" + (f" ({unchanged:,} of them unchanged)" if unchanged else ""),
        f"{of.skipped:,} skipped (nothing to do)" if of.skipped else "",
        f"{of.failed:,} failed" if of.failed else "",
        f"{not_done:,} not done" if not_done else "",
    )
    figures = ", ".join(filter(None, told))
    kinds = _datasets(totals) or {DEFAULT}
    records = counted_of(of.conversations, next(iter(kinds)) if len(kinds) == 1 else "")
    return f"{plural(of.total, 'day')}: {figures}; {records}"
