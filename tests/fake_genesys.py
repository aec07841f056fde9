"""A Genesys in memory: conversations that come late, change and go; jobs that are lost.

A job's results are what there was when it was submitted, whenever they are read. So the job's id
in a manifest tells what a slice has to hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from fakes import FakeSource
from genesys_export.days import Interval, iso_ms
from genesys_export.model import Page

_PAGE = 16  # records


@dataclass(frozen=True)
class Job:
    """What there was when it was submitted: versions of conversations, by number."""

    interval: Interval
    versions: dict[int, int]
    watermark: datetime | None
    unreadable: tuple[bytes, ...] = ()


class FakeGenesys(FakeSource):
    """A Source; `first` is when the first of its conversations begins."""

    def __init__(self, first: datetime, *, count: int, every: timedelta) -> None:
        self._first, self._every = first, every
        self.versions = dict.fromkeys(range(count), 1)
        self.mark = first  # up to where it is complete
        self.behind = timedelta(0)  # how far its jobs are behind that
        self.unreadable: tuple[bytes, ...] = ()  # what every job gives as well
        self.jobs: dict[str, Job] = {}
        self.lost: set[str] = set()  # jobs that are gone
        self.released: set[str] = set()
        # What makes a record of a number, a version and a start.
        self.write: Callable[[int, int, datetime], bytes] = conversation

    def watermark(self) -> datetime:
        return self.mark

    def fetch(self, interval: Interval, job_id: str | None = None) -> FakeFetch:
        return FakeFetch(self, interval, job_id)

    def submit(self, interval: Interval) -> str:
        job_id = f"job-{len(self.jobs)}"
        mark = self.mark - self.behind
        self.jobs[job_id] = Job(interval, self.within(interval), mark, self.unreadable)
        return job_id

    def pages(self, job_id: str) -> Iterator[Page]:
        job = self.jobs[job_id]
        records = [self.record(*one) for one in sorted(job.versions.items())]
        records += job.unreadable
        for at in range(0, max(1, len(records)), _PAGE):
            yield Page(records=records[at : at + _PAGE], watermark=job.watermark, received_bytes=1)

    def within(self, interval: Interval) -> dict[int, int]:
        """Return what begins in the interval now."""
        return {
            number: version
            for number, version in self.versions.items()
            if interval.start <= self.start(number) < interval.end
        }

    def start(self, number: int) -> datetime:
        return self._first + number * self._every

    def record(self, number: int, version: int) -> bytes:
        return self.write(number, version, self.start(number))


def conversation(number: int, version: int, start: datetime) -> bytes:
    session = {"sessionId": session_of(number, version), "mediaType": "voice"}
    participant = {
        "participantId": participant_of(number, version),
        "purpose": "customer",
        "sessions": [session],
    }
    return json.dumps(
        {
            "conversationId": id_of(number),
            "conversationStart": iso_ms(start),
            "conversationEnd": iso_ms(start + timedelta(minutes=1)),
            "externalTag": tag_of(number, version),
            "participants": [participant],
        }
    ).encode()


def user_details(number: int, version: int, start: datetime) -> bytes:
    """Write a user whose presence and routing status tell the version."""
    times = {"startTime": iso_ms(start), "endTime": iso_ms(start + timedelta(minutes=1))}
    return json.dumps(
        {
            "userId": id_of(number),
            "primaryPresence": [{**times, "systemPresence": tag_of(number, version)}],
            "routingStatus": [{**times, "routingStatus": tag_of(number, version)}],
        }
    ).encode()


class FakeFetch:
    """A Fetch: reads the job that was left, else one of its own."""

    def __init__(self, genesys: FakeGenesys, interval: Interval, job_id: str | None) -> None:
        self._genesys, self._interval = genesys, interval
        self._jobs = [job_id] if job_id else []

    @property
    def job_ids(self) -> tuple[str, ...]:
        return tuple(self._jobs)

    awaits_job = False

    def prepare(self) -> None:
        pass

    def pages(self) -> Iterator[Page]:
        genesys = self._genesys
        if not self._jobs or self._jobs[-1] in genesys.lost | genesys.released:
            self._jobs.append(genesys.submit(self._interval))
        yield from genesys.pages(self._jobs[-1])

    def release(self) -> None:
        self._genesys.released.update(self._jobs)


def id_of(number: int) -> str:
    return str(UUID(int=number + 1))


def tag_of(number: int, version: int) -> str:
    return f"{number}/{version}"


def participant_of(number: int, version: int) -> str:
    return f"p-{number}-{version}"


def session_of(number: int, version: int) -> str:
    return f"s-{number}-{version}"
