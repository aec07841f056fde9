"""The manifest: what is published for a day, and what is about to be.

A JSON object at `_genesys_export/<dataset>/<day>/manifest.json`. Values only: the ledger reads and
writes it. While `next` is there, a replacement is under way and readers must wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec

from .days import Interval
from .errors import DestinationFailed, WrongSettings
from .model import Counts, SliceRecord, StagedFile, Tag

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What makes the files what they are: another recipe gives other bytes for the same day."""

    timezone: str
    engine: str
    filters: Mapping[str, Any]
    tables: tuple[str, ...]
    format: str
    layout: str
    csv: Mapping[str, str]
    column_version: int
    query_body: str | None = None
    privacy: Mapping[str, Any] = field(default_factory=dict)
    keep_raw: bool = False

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that two recipes share only when they are equal."""
        canonical = msgspec.json.encode(asdict(self), order="deterministic")
        return blake2b(canonical, digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A data file: where, how long, and how to recognise it once it is visible."""

    key: str
    rows: int
    bytes: int
    sha256: str
    etag: str = ""
    version_id: str | None = None

    def tagged(self, tag: Tag) -> File:
        """Return the file as the store names it."""
        return replace(self, etag=tag.etag, version_id=tag.version_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """A replacement under way: the uploads still to complete, the keys still to delete."""

    uploads: tuple[StagedFile, ...]
    deletes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One day as published (or, with `next`, as it is about to be)."""

    dataset: str
    day: str
    interval: Interval
    timezone: str
    recipe: Recipe
    state: str  # partial, provisional, final
    attempt: str
    attempts: tuple[str, ...]  # the last twenty, newest last
    tool_version: str
    slices: tuple[SliceRecord, ...]
    tables: Mapping[str, tuple[File, ...]]
    digest: str  # hex of the sum, modulo 2**256, of the hashes of the records' bytes
    counts: Counts
    rejects: File | None
    began: datetime
    ended: datetime
    notes: tuple[str, ...] = ()
    source_count: Mapping[str, Any] | None = None
    nonce: str = ""
    next: Next | None = None

    def keys(self) -> frozenset[str]:
        """Return every key the manifest names."""
        files = [file for table in self.tables.values() for file in table]
        return frozenset(f.key for f in files) | ({self.rejects.key} if self.rejects else set())

    def tagged(self, tags: Mapping[str, Tag]) -> Manifest:
        """Return it as it is when everything is visible: with tags, without `next`."""
        return replace(
            self,
            tables={
                name: tuple(file.tagged(tags[file.key]) for file in files)
                for name, files in self.tables.items()
            },
            rejects=self.rejects and self.rejects.tagged(tags[self.rejects.key]),
            next=None,
        )

    def encode(self) -> bytes:
        """Return the JSON text, indented, so that people can read it in the bucket's console."""
        body = {"format": FORMAT, **{f.name: getattr(self, f.name) for f in fields(self)}}
        if self.next is None:
            del body["next"]
        return bytes(msgspec.json.format(msgspec.json.encode(body), indent=2)) + b"\n"


def decode(body: bytes, where: str) -> Manifest:
    """Read a manifest; raises WrongSettings for a later format, DestinationFailed for none.

    Keys that this version does not know are left alone.
    """
    try:
        found = msgspec.json.decode(body)
        if found["format"] > FORMAT:
            raise WrongSettings(
                f"{where} is of format {found['format']}, written by a newer genesys-export",
                advice="Update genesys-export.",
            )
        return msgspec.convert(found, Manifest)
    except (msgspec.MsgspecError, LookupError, TypeError, ValueError) as problem:
        raise DestinationFailed(
            f"{where} is no manifest of genesys-export: {type(problem).__name__}",
            advice="Move it away (and its day's files), then export the day again.",
        ) from problem


def file_of(staged: StagedFile, rows: int) -> File:
    """Return a staged file as the manifest names it, its tags not known yet."""
    return File(key=staged.key, rows=rows, bytes=staged.size_bytes, sha256=staged.sha256)
