"""The contract of a bucket or folder, and its values. Knows nothing of AWS."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Tag:
    """What a store says identifies an object's bytes; opaque, compared for equality only."""

    etag: str
    version_id: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A small object, read whole."""

    body: bytes
    tag: Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a HEAD of an object returns."""

    key: str
    size_bytes: int
    tag: Tag
    metadata: Mapping[str, str]
    modified: datetime  # by the store's own clock
    now: datetime  # what that clock showed when it was looked at


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a listing shows it."""

    key: str
    size_bytes: int
    etag: str = ""  # what `Tag.etag` would be; "" where the listing doesn't tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An upload in progress, of this run or any other."""

    key: str
    upload_id: str
    began: datetime  # by the store's own clock


@dataclass(frozen=True, slots=True)
class IfAbsent:
    """Write only where no object is."""


@dataclass(frozen=True, slots=True)
class IfUnchanged:
    """Write only over exactly these bytes."""

    tag: Tag


@dataclass(frozen=True, slots=True)
class Always:
    """Write unconditionally."""


Condition = IfAbsent | IfUnchanged | Always


@dataclass(frozen=True, slots=True)
class Part:
    """An uploaded part of a file: its tag, and its checksum where the store wants it back."""

    etag: str
    crc32: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedFile:
    """An uploaded file that nobody can see yet: all that is needed to complete it, anywhere."""

    key: str
    upload_id: str
    parts: tuple[Part, ...]  # in order
    token: str  # what the object is recognised by once it is visible
    size_bytes: int
    sha256: str


class Upload(Protocol):
    """A file being staged; used by one thread."""

    def write(self, data: bytes | memoryview) -> None:
        """Take the next bytes; sends whole parts as they fill. Raises DestinationFailed."""
        ...

    def seal(self) -> StagedFile:
        """Send the rest; nothing is visible yet. Raises DestinationFailed."""
        ...

    def discard(self) -> None:
        """Throw everything away (idempotent)."""
        ...


class Store(Protocol):
    """A bucket or folder. Keys are relative to it, with `/` between segments.

    Nothing staged is visible until `complete`; one object is always whole. Safe from several
    threads. Raises DestinationFailed, NotPermitted, WrongSettings (no such bucket, no
    credentials).
    """

    def url(self, key: str) -> str:
        """Return where a person finds the object: `s3://bucket/prefix/key` or a path."""
        ...

    def read(self, key: str) -> Stored | None:
        """Return a small object whole, or None."""
        ...

    def put(self, key: str, body: bytes, condition: Condition, content_type: str) -> Tag:
        """Write a small object atomically under the condition.

        Raises ChangedMeanwhile when the condition does not hold, UnknownOutcome when the answer
        does not tell; conditional writes are never repeated on their own.
        """
        ...

    def stage(self, key: str, token: str, content_type: str) -> Upload:
        """Begin an upload of any size in bounded memory; `token` goes into its metadata."""
        ...

    def complete(self, staged: StagedFile) -> Tag:
        """Make a staged file visible, atomically, replacing what was there. Works once."""
        ...

    def discard(self, upload: StagedFile | Pending) -> None:
        """Discard a staged file, sealed or not (idempotent)."""
        ...

    def check_replaceable(self, keys: Collection[str]) -> None:
        """Raise what completing, looking at or deleting files at these keys would raise.

        As far as that can be tried without changing anything that a reader can see.
        """
        ...

    def holds(self, staged: StagedFile) -> bool:
        """Whether the staged file is still there, unseen, as it was sealed."""
        ...

    def uploads(self, prefix: str) -> Iterator[Pending]:
        """Yield the uploads in progress, of any process, whose keys begin with `prefix`."""
        ...

    def look(self, key: str) -> Seen | None:
        """Return what is at the key without reading it, or None."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object (idempotent)."""
        ...

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with `prefix`, in order."""
        ...

    def scan(self, prefix: str, after: str = "") -> Iterator[Listed]:
        """Yield the keys that begin with `prefix` and follow `after`, in order, with sizes.

        Asks for one page at a time: whoever stops early saves the rest.
        """
        ...

    def chunks(self, key: str, tag: Tag) -> Iterator[bytes]:
        """Yield an object's bytes in order, in pieces of bounded size.

        Raises ChangedMeanwhile if what is there is not what `tag` names, or nothing is.
        """
        ...
