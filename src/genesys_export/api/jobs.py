"""The asynchronous details jobs: submit, poll, page to the end, release; again where one dies.

A job's life as a table: what a state means for whoever waits. A repeated cursor, or
pages without rows and without end, stop the fetch: an export must end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from random import Random
from typing import TypeVar

from ..days import Interval
from ..errors import ExportError, GenesysUnavailable, JobFailed, RequestRefused, WrongSettings
from ..events import JobChanged, JobSubmitted, Noticed, Observe, Waiting, ignore
from ..model import Page
from . import wire
from .client import Call, Client
from .clock import Clock
from .filters import Filters

Parsed = TypeVar("Parsed")
JOBS = "/api/v2/analytics/conversations/details/jobs"
JOB = JOBS + "/{jobId}"


class Meaning(Enum):
    """What a job's state means."""

    WAIT = auto()
    READ = auto()
    DEAD = auto()  # submit anew


STATES = {
    "QUEUED": Meaning.WAIT,
    "PENDING": Meaning.WAIT,
    "FULFILLED": Meaning.READ,
    "FAILED": Meaning.DEAD,
    "CANCELLED": Meaning.DEAD,
    "EXPIRED": Meaning.DEAD,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPolicy:
    """How jobs are used."""

    page_size: int = 1_000
    first_s: float = 3.0  # the shortest job takes about as long
    factor: float = 1.5
    most_s: float = 60.0
    deadline_s: float = 7_200.0
    submissions: int = 3
    empty_pages: int = 1_000  # so many in a row are taken for pages without end


class _Dead(Exception):
    """This job will give nothing more; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSource:
    """Conversations from the data lake, complete up to its watermark."""

    client: Client
    clock: Clock
    rng: Random
    policy: JobPolicy = field(default_factory=JobPolicy)
    filters: Filters = field(default_factory=Filters)
    observe: Observe = ignore

    def watermark(self) -> datetime | None:
        """Return the instant up to which the lake is complete (dataAvailabilityDate)."""
        call = Call(method="GET", path=JOBS + "/availability")
        answer = self.client.request(call, wire.reader(wire.Availability))
        return wire.instant(answer.data_availability_date)

    def fetch(self, interval: Interval) -> JobFetch:
        """Prepare reading the conversations that began in `interval`; asks nothing yet."""
        return JobFetch(self, interval)

    def body(self, interval: Interval) -> dict[str, object]:
        """Return the body of a job: what will be asked, exactly."""
        return {
            "interval": str(interval),
            "order": "asc",
            "orderBy": "conversationStart",
            "startOfDayIntervalMatching": True,
            **self.filters.as_body(),
        }


class JobFetch:
    """One interval on its way; used by one thread."""

    def __init__(self, source: JobSource, interval: Interval) -> None:
        """Ask nothing yet."""
        self._source, self._interval = source, interval
        self._jobs: list[str] = []

    @property
    def job_ids(self) -> tuple[str, ...]:
        """Every job submitted, oldest first."""
        return tuple(self._jobs)

    def pages(self) -> Iterator[Page]:
        """Yield every page; from the start again where a job dies half-way."""
        policy, why = self._source.policy, ""
        for attempt in range(1, policy.submissions + 1):
            job_id = self._submit(attempt)
            try:
                self._await(job_id)
                yield from self._read(job_id)
            except _Dead as dead:
                why = str(dead)
                self._source.observe(JobChanged(job_id=job_id, state="DEAD", detail=why))
                continue
            return
        raise JobFailed(
            f"no job for {self._interval} came to its end, {policy.submissions} were submitted;"
            f" the last, {self._jobs[-1]}, {why}"
        )

    def release(self) -> None:
        """Delete the jobs; a refusal is only noticed."""
        for job_id in self._jobs:
            call = Call(method="DELETE", path=JOB, values={"jobId": job_id})
            try:
                self._source.client.request(call, bytes)
            except ExportError as problem:
                self._source.observe(Noticed(message=f"job {job_id} was not deleted: {problem}"))

    def _submit(self, attempt: int) -> str:
        call = Call(method="POST", path=JOBS, body=self._source.body(self._interval))
        try:
            job = self._source.client.request(call, wire.reader(wire.Job))
        except RequestRefused as refused:
            if refused.http_status == 400 and not self._source.filters.is_empty:
                raise WrongSettings(
                    f"Genesys does not accept the query: {refused.message}",
                    advice="Look at the filters.",
                ) from refused
            raise
        self._jobs.append(job.job_id)
        self._source.observe(
            JobSubmitted(job_id=job.job_id, interval=self._interval, attempt=attempt)
        )
        return job.job_id

    def _await(self, job_id: str) -> None:
        source, policy = self._source, self._source.policy
        call = Call(method="GET", path=JOB, values={"jobId": job_id})
        began, wait_s, last = source.clock.monotonic(), policy.first_s, ""
        while True:
            status = _alive(source.client, call, wire.reader(wire.Status))
            if status.state != last:
                last = status.state
                source.observe(JobChanged(job_id=job_id, state=last))
            meaning = STATES.get(status.state, Meaning.WAIT)
            if meaning is Meaning.READ:
                return
            if meaning is Meaning.DEAD:
                raise _Dead(f"ended {status.state}: {(status.error_message or 'no reason')[:200]}")
            if source.clock.monotonic() - began + wait_s > policy.deadline_s:
                raise GenesysUnavailable(
                    f"job {job_id} for {self._interval} was still {last} after"
                    f" {policy.deadline_s:.0f} s"
                )
            source.observe(Waiting(reason="job", wait_s=wait_s, detail=last))
            source.clock.sleep(wait_s * source.rng.uniform(0.9, 1.1))
            wait_s = min(policy.most_s, wait_s * policy.factor)

    def _read(self, job_id: str) -> Iterator[Page]:
        query = {"pageSize": str(self._source.policy.page_size)}
        met: set[str] = set()
        empty = 0
        while True:
            call = Call(method="GET", path=JOB + "/results", values={"jobId": job_id}, query=query)
            results = _alive(self._source.client, call, wire.read_results)
            yield results.page
            if results.cursor is None:
                return
            empty = 0 if results.page.records else empty + 1
            if results.cursor in met or empty > self._source.policy.empty_pages:
                raise GenesysUnavailable(
                    f"the pages of job {job_id} for {self._interval} have no end: the same cursor"
                    " came twice, or nothing but empty pages"
                )
            met.add(results.cursor)
            query = {**query, "cursor": results.cursor}


def _alive(client: Client, call: Call, parse: Callable[[bytes], Parsed]) -> Parsed:
    """Make a request of a job; a job that is gone is dead."""
    try:
        return client.request(call, parse)
    except RequestRefused as refused:
        if refused.http_status in {404, 410}:
            raise _Dead(f"is gone: {refused.message}") from refused
        raise
