"""The nouns that travel between the parts, and what a source and a store promise.

Knows no HTTP, no AWS, no file format. Everything here is a frozen value or a protocol.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from .days import Interval

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One API answer; each record is the API's own bytes, not parsed."""

    records: Sequence[bytes | memoryview]
    watermark: datetime | None  # dataAvailabilityDate of the answer
    received_bytes: int  # size of the body after decompression


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one table, in the declared columns and order."""

    table: str
    rows: pa.RecordBatch
    starts: pa.TimestampArray  # when each row's conversation began, whatever its columns


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that can't be exported, whole, and why."""

    reason: str
    record: bytes


@dataclass(frozen=True, slots=True)
class Attributes:
    """The participants' attributes of a block, one a row, as parallel Arrow arrays."""

    rows: pa.Int64Array  # the conversation's row in the block
    ordinals: pa.Int64Array  # the participant's position in the conversation
    participant_ids: pa.StringArray
    keys: pa.StringArray
    values: pa.StringArray


@dataclass(frozen=True, slots=True)
class Block:
    """Conversations decoded together: nested Arrow, one row each, fields by their API names.

    Fields that have not occurred are missing; instants are texts, all `2026-11-22T08:00:00.123Z`.
    """

    conversations: pa.RecordBatch
    attributes: Attributes | None
    rejected: tuple[Rejected, ...]
    records: tuple[bytes, ...] = ()  # the conversations as the API wrote them, row by row


class Fetch(Protocol):
    """One slice's records on their way."""

    @property
    def job_ids(self) -> tuple[str, ...]:
        """Every job this fetch has submitted, oldest first (none for a synchronous query)."""
        ...

    def pages(self) -> Iterator[Page]:
        """Yield every page of the slice, at least once each, in the API's order.

        A record may come twice (a job that expired half-way is read again from its start): who
        reads must de-duplicate. Raises GenesysUnavailable, NotPermitted, RequestRefused.
        """
        ...

    def release(self) -> None:
        """Give back what the server holds for this fetch; never raises for a server's refusal."""
        ...


class Source(Protocol):
    """Where conversations come from; safe to use from several threads."""

    def watermark(self) -> datetime | None:
        """Return the instant up to which the source is complete; None where it can't say."""
        ...

    def fetch(self, interval: Interval) -> Fetch:
        """Prepare reading what may belong to `interval`; asks nothing before `pages` is read.

        More than that may come (conversations that began earlier): who reads must filter.
        """
        ...


class Names(Protocol):
    """Where the names beside the ids come from; safe to use from several threads."""

    def pages(self, table: str) -> Iterator[Sequence[Mapping[str, Any]]]:
        """Yield what a lookup table is made of, as the API has it, each entity once.

        Raises NotPermitted, with the permissions that would help, where it may not be read, and
        what a source raises.
        """
        ...


# --- the destination -------------------------------------------------------------------------


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
    """What a look (HEAD) at an object tells."""

    key: str
    size_bytes: int
    tag: Tag
    metadata: Mapping[str, str]
    modified: datetime


@dataclass(frozen=True, slots=True)
class IfAbsent:
    """Write only where no object is."""


@dataclass(frozen=True, slots=True)
class IfUnchanged:
    """Write only over exactly these bytes."""

    tag: Tag


@dataclass(frozen=True, slots=True)
class Always:
    """Write whatever is there."""


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
    token: str  # written into the object's metadata: which attempt made it
    size_bytes: int
    sha256: str


class Upload(Protocol):
    """A file being staged; used by one thread."""

    def write(self, data: bytes | memoryview) -> None:
        """Take the next bytes; sends whole parts as they fill. Raises DestinationFailed."""
        ...

    def seal(self) -> StagedFile:
        """Send what is left; nothing is visible yet. Raises DestinationFailed."""
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

    def discard(self, staged: StagedFile) -> None:
        """Throw a staged file away (idempotent)."""
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


# --- the manifest ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceRecord:
    """What the manifest keeps of a slice."""

    interval: Interval
    watermark: datetime | None
    fetched: datetime
    job_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many records came, and what became of them."""

    received: int = 0
    exported: int = 0
    duplicates: int = 0
    differing_duplicates: int = 0
    of_other_days: int = 0
    open: int = 0
    rejected: int = 0
    drift: int = 0
    unknown_fields: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Counts) -> Counts:
        """Add up two slices."""
        fields = dict(self.unknown_fields)
        for name, count in other.unknown_fields.items():
            fields[name] = fields.get(name, 0) + count
        return Counts(
            received=self.received + other.received,
            exported=self.exported + other.exported,
            duplicates=self.duplicates + other.duplicates,
            differing_duplicates=self.differing_duplicates + other.differing_duplicates,
            of_other_days=self.of_other_days + other.of_other_days,
            open=self.open + other.open,
            rejected=self.rejected + other.rejected,
            drift=self.drift + other.drift,
            unknown_fields=fields,
        )
