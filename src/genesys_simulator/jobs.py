"""Asynchronous jobs: their states, their cursors, their end.

Knows the life of a job as the API shows it. A job moves on when it is looked at, whatever time
passes; only a fault can hide a new job for some seconds. A cursor stays good as long as its job,
so that a page can be asked for again.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from . import faults
from .faults import JobEnds, JobUnseen, Kind
from .org import new_id
from .replies import bad_request, not_found
from .selection import Found
from .templates import Json, dumped
from .times import text, to_ms

_KEPT = timedelta(days=7)


@dataclass(slots=True)
class Job:
    """A job and how far it is."""

    ident: str
    found: Found
    submitted: datetime
    polls: int  # looks still needed
    ends: JobEnds | None
    unseen_until: datetime
    completed: datetime | None = None
    looks: int = 0
    pages: int = 0
    endless: bool = False
    cursors: dict[str, tuple[int, int]] = field(default_factory=dict)  # to where the rows stand

    @property
    def state(self) -> str:
        """What a look at the job shows."""
        if self.looks < self.polls:
            return "QUEUED" if self.looks == 1 and self.polls > 2 else "PENDING"
        if self.ends is not None and self.pages >= (self.ends.after_pages or 0):
            return self.ends.state
        return "FULFILLED"


class Jobs:
    """The jobs that were submitted and not deleted."""

    def __init__(self, polls: int, seed: str, now: Callable[[], datetime]) -> None:
        """Begin without any; a job needs so many looks until it is done."""
        self._polls = polls
        self._now = now
        self._rng = Random(seed)
        self._jobs: dict[str, Job] = {}
        self._cursors = 0

    def states(self) -> dict[str, str]:
        """Return the state of every job that was not deleted."""
        return {job.ident: job.state for job in list(self._jobs.values())}

    def submit(self, found: Found, fault: Kind | None) -> Json:
        """Take a job."""
        now = self._now()
        ends = fault if isinstance(fault, JobEnds) else None
        hidden_s = fault.for_s if isinstance(fault, JobUnseen) else 0.0
        seen = now + timedelta(seconds=hidden_s)
        job = Job(new_id(self._rng), found, now, self._polls, ends, seen)
        self._jobs[job.ident] = job
        return {"jobId": job.ident}

    def status(self, ident: str) -> Json:
        """Look at a job, which moves it on; raises Refused."""
        job = self._job(ident)
        job.looks += 1
        state = job.state
        status: Json = {"state": state, "submissionDate": text(to_ms(job.submitted))}
        status["expirationDate"] = text(to_ms(job.submitted + _KEPT))
        if state in ("QUEUED", "PENDING"):
            return status
        job.completed = job.completed or self._now()
        status["completionDate"] = text(to_ms(job.completed))
        if state == "FAILED" and job.ends is not None:
            status["errorMessage"] = job.ends.message
        return status

    def delete(self, ident: str) -> None:
        """Forget a job; raises Refused."""
        del self._jobs[self._job(ident).ident]

    def results(self, ident: str, cursor: str | None, size: int, fault: Kind | None) -> bytes:
        """Write a page of results except its last key; raises Refused."""
        job = self._job(ident)
        if job.state == "EXPIRED":
            raise not_found(f"the results of job {ident} are expired")
        if job.state != "FULFILLED":
            raise bad_request(f"Results are not available: the job is {job.state}.")
        start, before = self._start(job, cursor)
        rows, stop = _rows(job, fault, (start, before, size))
        job.pages += 1
        page = [b'{"%b":[' % job.found.key.encode(), b",".join(rows), b"]"]
        if isinstance(fault, faults.NoConversations):
            page = [b"{"]
        following = self._following(job, fault, cursor, (start, stop))
        if following is not None:
            comma = b"" if page == [b"{"] else b","
            page += [comma, dumped({"cursor": following})[1:-1]]
        return b"".join(page)

    def _job(self, ident: str) -> Job:
        job = self._jobs.get(ident)
        if job is None or self._now() < job.unseen_until:
            raise not_found(f"job {ident}")
        return job

    def _start(self, job: Job, cursor: str | None) -> tuple[int, int]:
        """Return where a page begins, and where the one before it began."""
        if not cursor:
            return 0, 0
        if cursor not in job.cursors:
            raise bad_request("The cursor is not valid for this job.", "invalid.value")
        return job.cursors[cursor]

    def _following(
        self, job: Job, fault: Kind | None, cursor: str | None, page: tuple[int, int]
    ) -> str | None:
        """Return the cursor of the next page; None after the last one."""
        start, stop = page
        if isinstance(fault, faults.RepeatedCursor):
            return cursor or self._cursor(job, (0, 0))
        if job.endless or stop < len(job.found):
            return self._cursor(job, (stop, start))
        return None

    def _cursor(self, job: Job, leads_to: tuple[int, int]) -> str:
        self._cursors += 1
        cursor = base64.b64encode(f"cursor_v2{self._cursors:09d}".encode()).decode()
        job.cursors[cursor] = leads_to
        return cursor


def _rows(job: Job, fault: Kind | None, where: tuple[int, int, int]) -> tuple[list[bytes], int]:
    """Return a page's rows and where the next page begins."""
    start, before, size = where
    first, stop = start, start + size
    match fault:
        case faults.RepeatedRows(rows=rows):
            first = max(before, start - rows)
        case faults.ShortPage(rows=rows):
            stop = start + min(rows, size)
        case faults.NoConversations():
            stop = start
        case faults.EndlessCursors():
            job.endless = True
        case _:
            pass
    if job.endless:
        return [], start
    stop = min(stop, len(job.found))
    return job.found.page(first, stop, attributes=True), stop
