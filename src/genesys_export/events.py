"""What can be observed of a run, as frozen values.

An observer is one callable that takes one event; it must be quick, must not raise, and may be
called from several threads at once. Events hold no secret, no token and no customer's data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from .days import Interval


@dataclass(frozen=True, slots=True)
class Event:
    """The root of all events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(Event):
    """A token was fetched."""

    login_host: str
    expires_in_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested(Event):
    """A request was answered, well or badly."""

    method: str
    path: str  # the template: /…/jobs/{jobId}/results
    status: int
    received_bytes: int
    elapsed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting(Event):
    """A thread waits before its next request."""

    reason: str  # "budget", "rate limit", "job", "retry", "availability"
    wait_s: float
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying(Event):
    """A request failed in a way that may pass, and is made again."""

    method: str
    path: str
    attempt: int
    wait_s: float
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayStarted(Event):
    """The work on one day begins."""

    org: str
    day: str
    interval: Interval
    slices: int
    watermark: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSubmitted(Event):
    """Genesys took a job."""

    job_id: str
    interval: Interval
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobChanged(Event):
    """A job is in another state than when last seen."""

    job_id: str
    state: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalHalved(Event):
    """A query has more hits than its pages can hold: it is asked in two halves."""

    interval: Interval
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReceived(Event):
    """A page's records are here."""

    records: int
    received_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PageExported(Event):
    """A page went through to the encoders."""

    slice: str
    conversations: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAgain(Event):
    """Conversations came in copies that differ: what a slice had written is thrown away."""

    slice: str
    contested: int  # such conversations
    conversations: int  # that had been exported, as PageExported told
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded(Event):
    """Bytes reached the destination (not visible yet)."""

    key: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceStaged(Event):
    """All files of a slice are staged."""

    slice: str
    conversations: int
    rows: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceAdopted(Event):
    """A slice that an earlier attempt had staged is used as it is."""

    slice: str
    attempt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayDue(Event):
    """A day is going to be exported that nobody asked for by name."""

    org: str
    day: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySkipped(Event):
    """Nothing is to be done for a day."""

    org: str
    day: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRecovered(Event):
    """What an earlier attempt had decided of a day is being finished."""

    org: str
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed(Event):
    """Something an operator should know, which stops nothing."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPublished(Event):
    """The day's manifest is in place."""

    org: str
    day: str
    state: str
    outcome: str  # published, or unchanged: read again, no object was touched
    manifest: str
    conversations: int
    rows: int
    files: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillProgress(Event):
    """How far a range of days is; told again from time to time, for the time that is left."""

    done: int  # exported: published, or read again and unchanged
    skipped: int  # nothing was to be done
    failed: int
    total: int  # what is none of these is under way, or still to come
    conversations: int  # of the days done
    eta_s: float | None  # None while nothing honest can be said


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack(Event):
    """A published object was read to its end, to be held against its manifest."""

    key: str
    rows: int
    size_bytes: int


Observe = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Observe nothing."""
    del event
