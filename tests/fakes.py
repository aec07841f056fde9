"""What stands in for the world in tests: time turned by hand, a memory for events, a bucket."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import Lock

from genesys_export.errors import Bug, ChangedMeanwhile, ExportError, UnknownOutcome
from genesys_export.model import (
    Always,
    Condition,
    IfAbsent,
    Part,
    Seen,
    StagedFile,
    Stored,
    Tag,
)


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

    def interrupt(self, error: ExportError) -> None:
        self._error = error


class Events(list):
    """An observer that remembers."""

    def __call__(self, event: object) -> None:
        self.append(event)

    def of(self, kind: type) -> list:
        return [event for event in self if isinstance(event, kind)]


class MemoryStore:
    """A bucket in memory that honours conditions; equal bytes have equal tags, as in S3."""

    def __init__(self) -> None:
        self.uploads: dict[str, bytes] = {}  # by upload id: sealed, not visible
        self._objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        self._lock = Lock()

    def url(self, key: str) -> str:
        return f"memory://{key}"

    def read(self, key: str) -> Stored | None:
        found = self._objects.get(key)
        return Stored(found[0], _tag(found[0])) if found else None

    def put(self, key: str, body: bytes, condition: Condition, content_type: str) -> Tag:
        del content_type
        with self._lock:
            there = self.read(key)
            wanted = None if isinstance(condition, IfAbsent | Always) else condition.tag
            if not isinstance(condition, Always) and (there.tag if there else None) != wanted:
                raise ChangedMeanwhile(f"{key} is not what it was")
            self._objects[key] = (bytes(body), {})
        return _tag(body)

    def stage(self, key: str, token: str, content_type: str) -> MemoryUpload:
        del content_type
        return MemoryUpload(self, key, token)

    def complete(self, staged: StagedFile) -> Tag:
        with self._lock:
            body = self.uploads.pop(staged.upload_id, None)
            if body is None:
                raise UnknownOutcome(f"the upload of {staged.key} is gone")
            self._objects[staged.key] = (body, {"token": staged.token})
        return _tag(body)

    def discard(self, staged: StagedFile) -> None:
        self.uploads.pop(staged.upload_id, None)

    def look(self, key: str) -> Seen | None:
        found = self._objects.get(key)
        if found is None:
            return None
        body, metadata = found
        return Seen(
            key=key,
            size_bytes=len(body),
            tag=_tag(body),
            metadata=metadata,
            modified=datetime(2026, 11, 23, tzinfo=UTC),
        )

    def delete(self, key: str) -> None:
        self._objects.pop(key, None)

    def list(self, prefix: str) -> Iterator[str]:
        yield from sorted(key for key in [*self._objects] if key.startswith(prefix))


class MemoryUpload:
    """A file being staged in memory."""

    def __init__(self, store: MemoryStore, key: str, token: str) -> None:
        self._store, self._key, self._token = store, key, token
        self._upload_id = secrets.token_hex(8)
        self._body = bytearray()
        self._open = True

    def write(self, data: bytes | memoryview) -> None:
        self._check_open()
        self._body += data

    def seal(self) -> StagedFile:
        self._check_open()
        self._open = False
        self._store.uploads[self._upload_id] = bytes(self._body)
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
        self._store.uploads.pop(self._upload_id, None)

    def _check_open(self) -> None:
        if not self._open:
            raise Bug(f"the upload of {self._key} is sealed or discarded already")


def _tag(body: bytes) -> Tag:
    return Tag(sha256(body).hexdigest())
