"""What stands in for the world in tests: time turned by hand, a memory for events, a bucket."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from threading import Lock
from typing import Any, TypeVar

from genesys_export.datasets import DEFAULT, NAMES, ListEndpoint, dataset_named
from genesys_export.days import Interval
from genesys_export.errors import (
    Bug,
    ChangedMeanwhile,
    DestinationFailed,
    ExportError,
    UnknownOutcome,
)
from genesys_export.events import ignore
from genesys_export.export import DayExporter, Org, Plan
from genesys_export.feeds.records import RecordsFeed
from genesys_export.model import (
    Always,
    Condition,
    IfAbsent,
    Listed,
    Part,
    Pending,
    Seen,
    StagedFile,
    Store,
    Stored,
    Tag,
)

T = TypeVar("T")
CONVERSATIONS = dataset_named(DEFAULT)
_MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)


class FakeClock:
    """A clock whose sleepers don't wait: time jumps to where they wake. Safe from many threads."""

    def __init__(self, start: datetime = datetime(2026, 11, 23, 6, tzinfo=UTC)) -> None:
        self._start = start
        self._passed_s = 0.0
        self._lock = Lock()
        self._error: ExportError | None = None
        self.slept: list[float] = []  # every wait longer than nothing

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed_s)

    def monotonic(self) -> float:
        return self._passed_s

    def sleep(self, seconds: float) -> None:
        if self._error is not None:
            raise self._error
        if seconds > 0:
            with self._lock:
                self.slept.append(seconds)
                self._passed_s += seconds

    def rest(self, seconds: float) -> None:
        if seconds > 0:
            with self._lock:
                self.slept.append(seconds)
                self._passed_s += seconds

    def interrupt(self, error: ExportError) -> None:
        self._error = error


class FakeSource:
    """What the sources of tests have in common: nobody looks at it there."""

    needs = "nothing"
    asks = "ask"
    is_bounded = True

    awaits_job = False

    def prepare(self) -> None:
        pass

    def describe(self, interval: Interval) -> tuple[Mapping[str, Any], ...]:
        return ({"interval": str(interval)},)

    def try_out(self) -> str:
        return "nothing was asked"


def feed_of(plan: Plan, source: Any, clock: Any, observe: Any = ignore) -> RecordsFeed:
    """Return the feed that a plan's slices are read through."""
    return RecordsFeed(
        dataset=plan.dataset,
        source=source,
        tables=plan.tables,
        raw=plan.raw,
        privacy=plan.privacy,
        observe=observe,
        clock=clock,
        page_by_page=plan.roll.rows is not None,
    )


class Events(list):
    """An observer that remembers."""

    def __call__(self, event: object) -> None:
        self.append(event)

    def of(self, kind: type) -> list:
        return [event for event in self if isinstance(event, kind)]


class MemoryStore:
    """A bucket in memory that honours conditions; equal bytes have equal tags, as in S3."""

    def __init__(self, now: Callable[[], datetime] = lambda: _MIDNIGHT) -> None:
        self.sealed: dict[str, bytes] = {}  # by upload id: sealed, not visible
        self.begun: dict[str, Pending] = {}  # by upload id: begun, sealed or not
        self.now = now  # what the store's own clock shows
        self._objects: dict[str, MemoryObject] = {}
        self._lock = Lock()

    def url(self, key: str) -> str:
        return f"memory://{key}"

    def read(self, key: str) -> Stored | None:
        found = self._objects.get(key)
        return Stored(found.body, _tag(found.body)) if found else None

    def put(self, key: str, body: bytes, condition: Condition, content_type: str) -> Tag:
        del content_type
        with self._lock:
            there = self.read(key)
            wanted = None if isinstance(condition, IfAbsent | Always) else condition.tag
            if not isinstance(condition, Always) and (there.tag if there else None) != wanted:
                raise ChangedMeanwhile(f"{key} has changed")
            self._objects[key] = MemoryObject(bytes(body), self.now())
        return _tag(body)

    def stage(self, key: str, token: str, content_type: str) -> MemoryUpload:
        del content_type
        upload_id = secrets.token_hex(8)
        self.begun[upload_id] = Pending(key=key, upload_id=upload_id, began=self.now())
        return MemoryUpload(self, key, token, upload_id)

    def complete(self, staged: StagedFile) -> Tag:
        with self._lock:
            body = self.sealed.pop(staged.upload_id, None)
            if body is None:
                raise UnknownOutcome(f"the upload of {staged.key} is gone")
            self.begun.pop(staged.upload_id, None)
            self._objects[staged.key] = MemoryObject(body, self.now(), {"token": staged.token})
        return _tag(body)

    def discard(self, upload: StagedFile | Pending) -> None:
        self.begun.pop(upload.upload_id, None)
        self.sealed.pop(upload.upload_id, None)

    def check_replaceable(self, keys: Collection[str]) -> None:
        del keys

    def holds(self, staged: StagedFile) -> bool:
        body = self.sealed.get(staged.upload_id)
        return body is not None and staged.parts == (Part(_tag(body).etag),)

    def uploads(self, prefix: str) -> Iterator[Pending]:
        yield from [one for one in [*self.begun.values()] if one.key.startswith(prefix)]

    def look(self, key: str) -> Seen | None:
        found = self._objects.get(key)
        if found is None:
            return None
        return Seen(
            key=key,
            size_bytes=len(found.body),
            tag=_tag(found.body),
            metadata=found.metadata,
            modified=found.modified,
            now=self.now(),
        )

    def delete(self, key: str) -> None:
        self._objects.pop(key, None)

    def list(self, prefix: str) -> Iterator[str]:
        yield from sorted(key for key in [*self._objects] if key.startswith(prefix))

    def scan(self, prefix: str, after: str = "") -> Iterator[Listed]:
        found = [(key, self._objects[key].body) for key in self.list(prefix) if key > after]
        yield from (Listed(key, len(body), _tag(body).etag) for key, body in found)

    def chunks(self, key: str, tag: Tag) -> Iterator[bytes]:
        found = self.read(key)
        if found is None or found.tag != tag:
            raise ChangedMeanwhile(f"{key} has changed")
        for start in range(0, len(found.body), 1 << 20):
            yield found.body[start : start + (1 << 20)]


@dataclass(frozen=True)
class MemoryObject:
    """What a bucket in memory keeps of an object."""

    body: bytes
    modified: datetime
    metadata: dict[str, str] = field(default_factory=dict)


class Careless:
    """A store in front of another one that takes conditions and silently ignores them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, key: str, body: bytes, condition: Condition, content_type: str) -> Tag:
        del condition
        return self._store.put(key, body, Always(), content_type)

    def __getattr__(self, name: str):
        return getattr(self._store, name)


class MemoryUpload:
    """A file being staged in memory."""

    def __init__(self, store: MemoryStore, key: str, token: str, upload_id: str) -> None:
        self._store, self._key, self._token = store, key, token
        self._upload_id = upload_id
        self._body = bytearray()
        self._open = True

    def write(self, data: bytes | memoryview) -> None:
        self._check_open()
        self._body += data

    def seal(self) -> StagedFile:
        self._check_open()
        self._open = False
        if self._upload_id not in self._store.begun:
            raise DestinationFailed(f"the upload of {self._key} was ended by somebody")
        self._store.sealed[self._upload_id] = bytes(self._body)
        digest = sha256(self._body).hexdigest()
        return StagedFile(
            key=self._key,
            upload_id=self._upload_id,
            parts=(Part(digest),),
            token=self._token,
            size_bytes=len(self._body),
            sha256=digest,
        )

    def discard(self) -> None:
        self._open = False
        self._store.begun.pop(self._upload_id, None)
        self._store.sealed.pop(self._upload_id, None)

    def _check_open(self) -> None:
        if not self._open:
            raise Bug(f"the upload of {self._key} is sealed or discarded already")


def some(found: T | None) -> T:
    """Return what must be there."""
    assert found is not None
    return found


def orgs_of(*exporters: DayExporter) -> list[Org]:
    """Return the exporters as organisations that a run opens."""
    grouped: dict[str, list[DayExporter]] = {}
    for one in exporters:
        grouped.setdefault(one.deps.plan.org, []).append(one)
    return [
        Org(
            name=name,
            datasets=tuple(one.deps.plan.dataset.name for one in mine),
            open=partial(tuple, mine),
        )
        for name, mine in grouped.items()
    ]


def listed(table: str) -> ListEndpoint:
    """Return the list that a lookup table is made of."""
    return some(dataset_named(NAMES).table(table).source)


def _tag(body: bytes) -> Tag:
    return Tag(sha256(body).hexdigest())
