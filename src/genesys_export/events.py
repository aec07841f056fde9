"""What can be observed of a run, as frozen values.

An observer is one callable that takes one event; it must be quick, must not raise, and may be
called from several threads at once. Events hold no secret, no token and no customer's data.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from . import time_limit
from .about import known
from .days import Interval
from .model import Clock


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The root of all events, with what it is about where that is known."""

    org: str = ""  # "" also for the only organisation
    dataset: str = ""
    day: str = ""
    slice: str = ""


class OfDataset(Event, frozen=True, kw_only=True):
    """The root of what happens to a dataset of an organisation, "" for the only one."""

    org: str
    dataset: str


class ShardChosen(Event, frozen=True, kw_only=True):
    """This process exports one part of the organisations."""

    shard: str  # 2/4
    orgs: str  # their names


class SignedIn(Event, frozen=True, kw_only=True):
    """A token was fetched."""

    login_host: str
    expires_in_s: int


class Requested(Event, frozen=True, kw_only=True):
    """A request was answered, well or badly."""

    method: str
    path: str  # the template: /…/jobs/{jobId}/results
    status: int
    received_bytes: int
    elapsed_s: float


class Waiting(Event, frozen=True, kw_only=True):
    """A thread waits before its next request."""

    reason: str  # "budget", "rate limit", "job", "retry", "availability"
    wait_s: float
    detail: str = ""


class Waited(Event, frozen=True, kw_only=True):
    """A wait is over: it took its time, or a signal cut it short."""

    reason: str
    waited_s: float


class Retrying(Event, frozen=True, kw_only=True):
    """A request failed temporarily and is retried."""

    method: str
    path: str
    attempt: int
    wait_s: float
    problem: str


class DayStarted(OfDataset, frozen=True, kw_only=True):
    """The work on one day begins."""

    day: str
    interval: Interval
    slices: int  # 0: not known yet, DayCut follows
    watermark: datetime | None


class DayCut(OfDataset, frozen=True, kw_only=True):
    """The number of slices of a day that has begun, where it depends on the day."""

    day: str
    slices: int


class DayCounted(OfDataset, frozen=True, kw_only=True):
    """Genesys's own count of a day, asked before the day is read."""

    day: str
    conversations: int


class JobSubmitted(Event, frozen=True, kw_only=True):
    """Genesys took a job."""

    job_id: str
    interval: Interval
    attempt: int


class JobChanged(Event, frozen=True, kw_only=True):
    """A job is in another state than when last seen."""

    job_id: str
    state: str
    detail: str = ""


class IntervalHalved(Event, frozen=True, kw_only=True):
    """A query has more hits than its pages can hold: it is asked in two halves."""

    interval: Interval
    reason: str


class PageReceived(Event, frozen=True, kw_only=True):
    """A page's records are here."""

    records: int
    received_bytes: int


class PageExported(OfDataset, frozen=True, kw_only=True):
    """A page went through to the encoders."""

    slice: str
    conversations: int
    rows: int


class ReadAgain(OfDataset, frozen=True, kw_only=True):
    """What the slice has written is discarded: records came in differing copies, or a job died."""

    slice: str
    contested: int  # records with differing copies; 0: another job took the place of one that died
    conversations: int  # that had been exported, as PageExported told
    rows: int


class Uploaded(Event, frozen=True, kw_only=True):
    """Bytes reached the destination (not visible yet)."""

    key: str
    size_bytes: int


class SliceStaged(OfDataset, frozen=True, kw_only=True):
    """All files of a slice are staged."""

    slice: str
    conversations: int
    rows: int
    size_bytes: int


class SliceAdopted(OfDataset, frozen=True, kw_only=True):
    """A slice that an earlier attempt had staged is used as it is."""

    slice: str
    attempt: str
    conversations: int


class DayDue(OfDataset, frozen=True, kw_only=True):
    """A run without --date is about to export this day."""

    day: str
    reason: str


class DaySkipped(OfDataset, frozen=True, kw_only=True):
    """There is nothing to do for a day."""

    day: str
    reason: str


class DayRecovered(OfDataset, frozen=True, kw_only=True):
    """What an earlier attempt had decided of a day is being finished."""

    day: str


class Noticed(Event, frozen=True, kw_only=True):
    """Something an operator should know, which stops nothing."""

    message: str


class DayPublished(OfDataset, frozen=True, kw_only=True):
    """The day's manifest is in place."""

    day: str
    state: str
    outcome: str  # published, or unchanged: read again, no object was touched
    manifest: str
    conversations: int
    rows: int
    files: int
    size_bytes: int


class DayEnded(OfDataset, frozen=True, kw_only=True):
    """The work on a day is over, or the day was not tried: once for every day of a call."""

    day: str
    status: str  # published, unchanged, skipped, failed, unfinished, not tried
    message: str  # the error, or why it was skipped or not tried
    exit_status: int  # of this day alone
    retry_at: datetime | None = None  # from when on a new try may succeed, where that is known

    @property
    def is_failure(self) -> bool:
        """Whether it failed by itself: one that was ended from outside, or too early, did not."""
        return self.status == FAILED

    @property
    def is_too_early(self) -> bool:
        """Whether the same may succeed later: a signal is no such end."""
        return self.status == UNFINISHED and self.exit_status == _TRY_AGAIN


class BackfillProgress(Event, frozen=True, kw_only=True):
    """Progress of a range of days, repeated from time to time for the time left."""

    done: int  # exported: published, or read again and unchanged
    skipped: int  # nothing was to be done
    failed: int
    total: int  # what is none of these is under way, or still to come
    conversations: int  # of the days done
    eta_s: float | None  # None while nothing honest can be said


class OrgProgress(Event, frozen=True, kw_only=True):
    """Progress of one organisation of many, of its days of all datasets."""

    org: str
    ended: int  # those that failed among them
    failed: int
    total: int


class WorkerFigures(Event, frozen=True, kw_only=True):
    """What a worker of a cluster did for an organisation since it last told, in figures."""

    org: str
    requests: int
    retries: int
    throttled: int  # answers with status 429
    waits_s: dict[str, float]  # by reason
    jobs: int
    conversations: int
    rows: int
    received_bytes: int
    uploaded_bytes: int


class ReadBack(Event, frozen=True, kw_only=True):
    """A published object was read completely, to compare it with its manifest."""

    key: str
    rows: int
    size_bytes: int


UNCHANGED = "unchanged"  # an outcome of DayPublished
FAILED = "failed"  # a status of DayEnded
UNFINISHED = "unfinished"  # another: a signal or the deadline ended it, or it was too early
_TRY_AGAIN = 75

Observe = Callable[[Event], None]


def wait(observe: Observe, clock: Clock, told: Waiting) -> None:
    """Wait as `told` says; report the plan before and the actual time after.

    Raises what interrupts the clock, and DeadlineReached at once if it would end too late.
    """
    time_limit.check(clock, told.wait_s, reason=told.reason)
    observe(told)
    began_s = clock.monotonic()
    try:
        clock.sleep(told.wait_s)
    finally:
        observe(Waited(reason=told.reason, waited_s=clock.monotonic() - began_s))


def named(observe: Observe) -> Observe:
    """Return the observer; events come to it with the names of what their thread works on."""

    def observe_named(event: Event) -> None:
        names = {name: value for name, value in known().items() if not getattr(event, name)}
        observe(replace(event, **names) if names else event)

    return observe_named


def ignore(event: Event) -> None:
    """Observe nothing."""
    del event
