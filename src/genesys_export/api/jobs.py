"""Asynchronous jobs: submit, poll, page to the end, release; again if one dies.

What a state means for whoever waits stands in job_life.py. A job just accepted may not be visible
yet: for its first minute a 404 means "wait". Only a missing cursor is the end of
the pages; a cursor that comes twice, or pages with nothing new, stop the fetch: an export must
end. Knows no HTTP, no token, no retry: the client sees to each single answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import Any, TypeVar

from .. import time_limit
from ..datasets import JobEndpoint
from ..days import Interval
from ..errors import ExportError, JobFailed, RequestRefused, WrongSettings
from ..events import JobChanged, JobSubmitted, Noticed, Observe, Waiting, ignore, wait
from ..model import Page
from . import wire
from .client import Call, Client
from .clock import Clock, trial_minute
from .filters import Filters
from .job_life import Dead, JobPolicy, Meaning, meaning_of
from .paging import Guard, by_token, likeness

Parsed = TypeVar("Parsed")
_RELEASE_S = 20.0  # a job left behind expires by itself: deleting it is worth no more
_UNSEEN = 404
_GONE = (_UNSEEN, 410)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSource:
    """Records from the data lake, complete up to its watermark: a model.Source."""

    endpoint: JobEndpoint
    client: Client
    clock: Clock
    rng: Random
    policy: JobPolicy = field(default_factory=JobPolicy)
    filters: Filters = field(default_factory=Filters)
    observe: Observe = ignore

    asks = "submit a job"
    is_bounded = True

    @property
    def needs(self) -> str:
        """The permission to submit and read jobs."""
        return self.endpoint.permission

    def watermark(self) -> datetime | None:
        """Return the instant up to which the lake is complete (dataAvailabilityDate)."""
        call = Call(method="GET", path=self.endpoint.availability)
        return self.client.request(call, wire.read_watermark)

    def fetch(self, interval: Interval, job_id: str | None = None) -> JobFetch:
        """Prepare reading the records active in `interval`; asks nothing yet.

        `job_id` is a job for that interval which an earlier run submitted.
        """
        return JobFetch(self, interval, job_id)

    def describe(self, interval: Interval) -> tuple[Mapping[str, Any], ...]:
        """Return the body of a job."""
        return ({"interval": str(interval), **self.endpoint.body, **self.filters.as_body()},)

    def try_out(self) -> str:
        """Submit a job, which alone proves that it may be, and delete it unread.

        A minute's job costs nothing; waiting for it would make everybody wait.
        """
        fetch = self.fetch(trial_minute(self.clock))
        fetch.submit(1)
        fetch.release()
        return "a test job was accepted, then deleted"


class JobFetch:
    """One interval on its way: a model.Fetch; used by one thread at a time."""

    def __init__(self, source: JobSource, interval: Interval, job_id: str | None = None) -> None:
        """Ask nothing yet."""
        self._source, self._interval = source, interval
        self._jobs = [job_id] if job_id else []
        self._held = [*self._jobs]  # not deleted yet
        self._accepted: dict[str, float] = {}  # when each job of ours got its 202
        self._submitted = 0  # jobs for this reading
        self._awaited = ""  # the job that was seen to be readable

    @property
    def job_ids(self) -> tuple[str, ...]:
        """Every job read or submitted, oldest first."""
        return tuple(self._jobs)

    @property
    def awaits_job(self) -> bool:
        """True: every page comes from a job."""
        return True

    def prepare(self) -> None:
        """Submit a job, unless one is left, and wait until it can be read; `pages` follows."""
        with suppress(Dead):  # which `pages` meets as well, and replaces it
            self._await(self._held[-1] if self._held else self._begin())
            self._awaited = self._held[-1]

    def pages(self) -> Iterator[Page]:
        """Yield every page; from the first one again if a job dies.

        A second call reads the job of the first again, while it lives. Raises JobFailed when no
        job of the allowed submissions came to its end, and what the client raises; WrongSettings
        where Genesys does not accept the filters.
        """
        source, job_id = self._source, self._held[-1] if self._held else ""
        while True:
            job_id = job_id or self._begin()
            try:
                self._await(job_id)
                yield from self._read(job_id)
            except Dead as dead:
                why = f"job {job_id} {dead}"
            else:
                self._submitted = 0
                return
            source.observe(Noticed(message=why))
            if self._submitted == source.policy.submissions:
                raise JobFailed(
                    f"no job for {self._interval} succeeded, {self._submitted} submitted; "
                    f"the last one {why}"
                )
            if self._submitted:
                detail = f"{job_id} is replaced by a new one"
                self._rest("job", source.policy.wait_s(self._submitted), detail)
            job_id = ""

    def _begin(self) -> str:
        """Submit a job, and leave it alone for a moment; return its id."""
        self._submitted += 1
        job_id = self.submit(self._submitted)
        self._rest("job", self._source.policy.wait_s(1), f"{job_id} is submitted")
        return job_id

    def release(self) -> None:
        """Delete the jobs; failures are only noticed, a second call does nothing."""
        while self._held:
            job_id = self._held.pop()
            try:
                if not self._delete(job_id) and self._is_young(job_id):
                    self._rest(
                        "job", self._source.policy.wait_s(1), f"{job_id} is not visible yet"
                    )
                    self._delete(job_id)
            except ExportError as problem:
                self._source.observe(Noticed(message=f"job {job_id} was not deleted: {problem}"))

    def _delete(self, job_id: str) -> bool:
        """Delete a job; return whether it was there."""
        within_s = time_limit.left_s(self._source.clock, _RELEASE_S)
        call = replace(self._call("DELETE", job_id), deadline_s=within_s)
        try:
            self._source.client.request(call, bytes)
        except RequestRefused as refused:
            if refused.http_status in _GONE:
                return False
            raise
        return True

    def submit(self, attempt: int) -> str:
        """Submit a job and return its id; raises what `pages` raises of it."""
        (body,) = self._source.describe(self._interval)
        call = Call(method="POST", path=self._source.endpoint.path, body=body)
        try:
            job = self._source.client.request(call, wire.read_job)
        except RequestRefused as refused:
            if refused.http_status in (400, 413) and not self._source.filters.is_empty:
                raise WrongSettings(
                    f"Genesys does not accept the query: {refused.message}",
                    advice="Check the filters.",
                ) from refused
            raise
        self._jobs.append(job.job_id)
        self._held.append(job.job_id)
        self._accepted[job.job_id] = self._source.clock.monotonic()
        self._source.observe(
            JobSubmitted(job_id=job.job_id, interval=self._interval, attempt=attempt)
        )
        return job.job_id

    def _await(self, job_id: str) -> None:
        """Look at the job until it can be read; raises Dead, JobFailed."""
        awaited, self._awaited = self._awaited, ""
        if awaited == job_id:
            return
        clock, policy = self._source.clock, self._source.policy
        began, look, last = clock.monotonic(), 1, "not visible"
        while True:
            status = self._status(job_id)
            if status is not None and status.state != last:
                last = status.state
                self._source.observe(JobChanged(job_id=job_id, state=last))
            if status is not None and meaning_of(status) is Meaning.READ:
                return
            look += 1
            wait_s = policy.wait_s(look)
            if clock.monotonic() - began + wait_s > policy.deadline_s:
                raise JobFailed(
                    f"job {job_id} for {self._interval} was still {last} after "
                    f"{policy.deadline_s:.0f} s",
                    advice="Run the same command again later, with a longer deadline for jobs or "
                    "with more slices.",
                )
            self._rest("job", wait_s, f"{job_id} is {last}")

    def _status(self, job_id: str) -> wire.Status | None:
        """Return the job's status, None while it is not visible yet; raises Dead."""
        return self._seen(job_id, self._call("GET", job_id), wire.read_status)

    def _read(self, job_id: str) -> Iterator[Page]:
        """Yield the pages of a job that is fulfilled; raises Dead, JobFailed."""
        size = str(self._source.policy.page_size)
        asked: dict[str, Any] | None = {"pageSize": size} if self._sizes_pages else {}
        guard = Guard(most_vain=self._source.policy.empty_pages, link="cursor")
        while asked is not None:
            self._source.clock.sleep(0)  # where nothing else waits, an interrupt comes in here
            found = self._page(job_id, asked)
            yield found.page
            records = found.page.records
            is_new = bool(records) and guard.is_new(likeness(records))
            asked = by_token(asked, found.told, len(records))
            if asked and (why := guard.why_endless(asked, is_new=is_new)):
                raise JobFailed(
                    f"the results of job {job_id} for {self._interval} have no end: {why}"
                )

    @property
    def _sizes_pages(self) -> bool:
        return self._source.endpoint.sizes_pages

    def _page(self, job_id: str, asked: Mapping[str, str]) -> wire.Answer:
        call = self._call("GET", job_id, "/results", asked)
        read = wire.results(self._source.endpoint.records_key).read
        while True:
            try:
                page = self._seen(job_id, call, read)
            except RequestRefused as refused:
                # A job can end while it is read. How Genesys refuses its pages then is not known
                # (2026-11), so the job itself is asked; it may also have taken its cursors back.
                self._check(job_id)
                if "cursor" in asked and refused.http_status == 400:
                    raise Dead(f"no longer accepts its own cursor: {refused.message}") from refused
                raise
            if page is not None:
                return page
            self._check(job_id)
            self._rest("job", self._source.policy.first_s, f"{job_id} has no results yet")

    def _call(
        self, method: str, job_id: str, part: str = "", query: Mapping[str, str] | None = None
    ) -> Call:
        path = self._source.endpoint.path + "/{jobId}" + part
        return Call(method=method, path=path, values={"jobId": job_id}, query=query or {})

    def _check(self, job_id: str) -> None:
        """Raise Dead if the job itself says that it has ended."""
        if status := self._status(job_id):
            meaning_of(status)

    def _seen(self, job_id: str, call: Call, parse: Callable[[bytes], Parsed]) -> Parsed | None:
        """Make a request for a job; None while it is not visible yet, Dead if it is gone."""
        try:
            return self._source.client.request(call, parse)
        except RequestRefused as refused:
            if refused.http_status == _UNSEEN and self._is_young(job_id):
                return None
            if refused.http_status in _GONE:
                raise Dead(f"no longer exists: {refused.message}") from refused
            raise

    def _is_young(self, job_id: str) -> bool:
        """Whether Genesys accepted the job so recently that it may not be visible yet."""
        accepted = self._accepted.get(job_id)
        now = self._source.clock.monotonic()
        return accepted is not None and now - accepted < self._source.policy.unseen_s

    def _rest(self, reason: str, wait_s: float, detail: str) -> None:
        """Wait, up to a tenth longer than said, so that slices don't keep in step."""
        wait_s *= self._source.rng.uniform(1.0, 1.1)
        told = Waiting(reason=reason, wait_s=wait_s, detail=detail)
        wait(self._source.observe, self._source.clock, told)
