"""Events as log lines: plain `key=value` lines or JSON lines, if there is no terminal.

One line for what an operator would want to find later, a progress line now and then, nothing for
every page. Which event becomes which line is a value (`line`); writing it is apart. Lines carry an
ISO 8601 time in UTC from the given clock, and no colours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from functools import cache
from threading import Lock
from typing import Protocol, TextIO

from msgspec.structs import asdict

from .. import events
from ..datasets import DEFAULT
from ..days import Interval, iso_ms
from ..events import Event
from .days import Days
from .totals import Tally
from .words import clean, records_of

PROGRESS_EVERY_S = 10.0
SAME_WAIT_EVERY_S = 10.0
SAME_SCORE_EVERY_S = 60.0
# Of a range of days, these are told; how far the range is, once a minute.
RANGE_NEWS = (
    events.ShardChosen,
    events.DayPublished,
    events.DaySkipped,
    events.DayRecovered,
    events.DayEnded,
)


class Clock(Protocol):
    """What is needed of time."""

    def now(self) -> datetime:
        """Return this instant, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        ...


class Weight(IntEnum):
    """How much a line matters; the order of the levels of logging."""

    DEBUG = 10
    INFO = 20
    WARNING = 30


@dataclass(frozen=True, slots=True)
class Line:
    """The log line of an event."""

    weight: Weight
    title: str
    values: dict[str, object]


_LINES: dict[type[Event], tuple[Weight, str]] = {
    events.ShardChosen: (Weight.INFO, "shard"),
    events.SignedIn: (Weight.INFO, "signed in"),
    events.Requested: (Weight.DEBUG, "request"),
    events.Waiting: (Weight.INFO, "waiting"),
    events.Waited: (Weight.DEBUG, "waited"),
    events.Retrying: (Weight.INFO, "retrying"),
    events.DayStarted: (Weight.INFO, "day started"),
    events.DayDue: (Weight.INFO, "day due"),
    events.DaySkipped: (Weight.INFO, "day skipped"),
    events.DayRecovered: (Weight.INFO, "day recovered"),
    events.SliceAdopted: (Weight.INFO, "slice adopted"),
    events.DayCounted: (Weight.INFO, "counted by Genesys"),
    events.DayCut: (Weight.INFO, "slices chosen"),
    events.JobSubmitted: (Weight.INFO, "job submitted"),
    events.JobChanged: (Weight.INFO, "job changed"),
    events.IntervalHalved: (Weight.INFO, "interval halved"),
    events.PageReceived: (Weight.DEBUG, "page received"),
    events.PageExported: (Weight.DEBUG, "page exported"),
    events.ReadAgain: (Weight.INFO, "reading again"),
    events.Uploaded: (Weight.DEBUG, "uploaded"),
    events.SliceStaged: (Weight.INFO, "slice staged"),
    events.Noticed: (Weight.WARNING, "notice"),
    events.DayPublished: (Weight.INFO, "day published"),
    events.DayEnded: (Weight.DEBUG, "day ended"),
    events.BackfillProgress: (Weight.INFO, "backfill"),
    events.OrgProgress: (Weight.INFO, "organisation"),
    events.WorkerFigures: (Weight.DEBUG, "worker"),
    events.ReadBack: (Weight.INFO, "read back"),
}


def line(event: Event, *, named: bool = True, whole: bool = True) -> Line:
    """Return the line for an event; one of an unknown kind is worth a debug line by its name.

    It names the event's dataset where that is to be `named`, and unless it is the `whole` line,
    of dataset, day and slice only what this kind of event is never without.
    """
    weight, title = _LINES.get(type(event), (Weight.DEBUG, type(event).__name__))
    if isinstance(event, events.Waiting) and event.reason == "job":
        weight = Weight.DEBUG  # a job's states are told as they change, not every look
    if isinstance(event, events.DayPublished) and event.outcome == events.UNCHANGED:
        title = "day unchanged"
    if isinstance(event, events.DayEnded) and event.is_failure:
        weight, title = Weight.WARNING, "day failed"
    elif isinstance(event, events.DayEnded) and event.is_too_early:
        weight, title = Weight.INFO, "day unfinished"
    values = {name: _plain(value) for name, value in asdict(event).items()}
    if isinstance(event, events.OfDataset):
        records = {"conversations": records_of(event.dataset)}
        values = {records.get(name, name): value for name, value in values.items()}
    if not named:
        values["dataset"] = ""
    if not whole:
        values = {name: value for name, value in values.items() if name not in _extra(type(event))}
    return Line(weight, title, {name: value for name, value in values.items() if value != ""})


@cache
def _extra(kind: type[Event]) -> frozenset[str]:
    """Return the names that events of a kind only have by what their thread works on."""
    own = {name for each in kind.__mro__ for name in _declared(each) if each is not Event}
    return frozenset(Event.__struct_fields__) - own - {"org"}


def _declared(kind: type) -> Mapping[str, object]:
    found: Mapping[str, object] = vars(kind).get("__annotations__", {})
    return found


class Log:
    """Writes lines to a stream; safe from several threads, and silent once the stream fails.

    A log that can't be written must not end an export.
    """

    def __init__(self, stream: TextIO, *, as_json: bool, clock: Clock) -> None:
        """Write nothing yet."""
        self._stream, self._clock, self._lock = stream, clock, Lock()
        self._text = _json_line if as_json else _plain_line

    def write(self, told: Line) -> None:
        """Write one line."""
        text = self._text(iso_ms(self._clock.now()), told)
        with self._lock, suppress(OSError, ValueError):  # a closed or broken stream
            self._stream.write(f"{text}\n")
            self._stream.flush()


class Lines:
    """An observer that writes lines of a weight and above, and progress from time to time.

    With `brief`, a range of days has one line a day and one a minute for the whole of it: what
    happens inside a day is for the verbose log.
    """

    def __init__(
        self, log: Log, *, least: Weight, brief: bool, named: bool, tally: Tally, clock: Clock
    ) -> None:
        """Write nothing yet; the first progress line comes after its interval."""
        self._named = named
        self._log, self._least, self._brief = log, least, brief
        self._tally, self._clock = tally, clock
        self._lock = Lock()
        self._days = Days()
        self._in_range = False
        self._are_several = named  # days: of several datasets, or others are due as well
        self._progress_told = clock.monotonic()
        self._waits_told: dict[tuple[str, str], float] = {}
        self._score_told: tuple[int, float] | None = None

    def __call__(self, event: Event) -> None:
        """Write what the event is worth."""
        with self._lock:
            now = self._clock.monotonic()
            self._days.see(event, now)
            self._in_range = self._in_range or isinstance(event, events.BackfillProgress)
            self._are_several = self._are_several or isinstance(event, events.DayDue)
            whole = not self._brief or self._least <= Weight.DEBUG
            told = line(event, named=self._named, whole=whole)
            worth = told.weight >= self._least and self._is_news(event, told.weight, now)
            due = self._progress(now) if self._progress_is_due(now) else None
        if worth:
            self._log.write(told)
        if due is not None:
            self._log.write(Line(Weight.INFO, "progress", due))

    def _is_news(self, event: Event, weight: Weight, now: float) -> bool:
        """Whether it is worth a line: several threads wait for the same, scores are repeated."""
        if self._least <= Weight.DEBUG:
            return True
        if isinstance(event, events.BackfillProgress | events.OrgProgress):
            return self._is_new_score(event, now)
        if self._in_range and self._brief and weight < Weight.WARNING:
            return isinstance(event, RANGE_NEWS)
        if not isinstance(event, events.Waiting):
            is_alone = not (self._in_range or self._are_several or event.org)
            # An error of a day alone is told at the end.
            return not (self._brief and is_alone and isinstance(event, events.DayEnded))
        whose = (event.org, event.reason)
        told = self._waits_told.get(whose)
        if told is not None and now - told < SAME_WAIT_EVERY_S:
            return False
        self._waits_told[whose] = now
        return True

    def _is_new_score(
        self, event: events.BackfillProgress | events.OrgProgress, now: float
    ) -> bool:
        """Whether a minute has passed, the range ended or, unless `brief`, a day did.

        Of an organisation only its end is told.
        """
        if isinstance(event, events.OrgProgress):
            return bool(event.org) and event.ended == event.total
        ended, told = event.done + event.skipped + event.failed, self._score_told
        news = told and ended != told[0] and (ended == event.total or not self._brief)
        if told and not news and now - told[1] < SAME_SCORE_EVERY_S:
            return False
        self._score_told = (ended, now)
        return True

    def _progress_is_due(self, now: float) -> bool:
        if self._least > Weight.INFO or now - self._progress_told < PROGRESS_EVERY_S:
            return False
        self._progress_told = now
        return not (self._in_range and self._brief)  # its score is told instead

    def _progress(self, now: float) -> dict[str, object]:
        totals, days = self._tally.totals(), self._days.under_way
        counted = "records" if self._named else records_of(days[-1].dataset if days else DEFAULT)
        figures: dict[str, object] = {
            "requests": totals.requests,
            counted: totals.conversations,
            "rows": totals.rows,
            "received_bytes": totals.received_bytes,
            "uploaded_bytes": totals.uploaded_bytes,
        }
        if not days:
            return figures
        last = days[-1]
        left_s = last.left_s(now)
        known = {"percent": last.percent, "left_s": None if left_s is None else round(left_s)}
        known = {name: value for name, value in known.items() if value is not None}
        whose = {"dataset": last.dataset} if self._named else {}
        return {**whose, "day": last.day, "phase": last.phase.value, **known, **figures}


def _json_line(time: str, told: Line) -> str:
    head = {"time": time, "level": told.weight.name.lower(), "event": told.title}
    return json.dumps({**head, **told.values})


def _plain_line(time: str, told: Line) -> str:
    known = {name: value for name, value in told.values.items() if value is not None}
    pairs = (f"{name}={_quoted(value)}" for name, value in known.items())
    return " ".join((time, f"{told.weight.name.lower():<7}", told.title, *pairs))


def _quoted(value: object) -> str:
    """Return a value so that blanks and quotes in it can't be taken for the line's own."""
    text = str(value)
    if text and not set(text) & set(" =\"'\\"):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso_ms(value)
    if isinstance(value, float):
        return round(value, 3)
    if value is None or isinstance(value, int):
        return value
    return str(value) if isinstance(value, Interval) else clean(str(value))
