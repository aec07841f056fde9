"""The manifest: what is published for a day, and what is about to be published.

A JSON object at `_genesys_export/<dataset>/<day>/manifest.json`. Values only: the ledger reads and
writes it. While `next` is there, a replacement is under way and readers must wait.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any, TypeVar

import msgspec

from . import document
from .datasets import Additions, owner, tables
from .days import Interval
from .model import Counts, NamesUsed, Organization, SliceRecord, StagedFile, Tag
from .source_count import SourceCount

Item = TypeVar("Item")


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
    added: Additions = field(default_factory=Additions)  # columns and tables that settings add
    organization: Organization | None = None  # None: version 0.1.0 did not know it

    def __post_init__(self) -> None:
        """Refuse what no settings can come to; raises ValueError, which decoding takes up."""
        if self.column_version < 1:
            raise ValueError("the first version of columns is 1")
        columns = self.privacy.get("columns", {})
        if not isinstance(columns, Mapping) or not all(map(_is_text, columns.values())):
            raise ValueError("privacy has an action for each column")
        if self.added:
            tuple(tables(self.added))  # they are declared, or can't be

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that two recipes share only when they are equal.

        Whatever the organisation: more may become known of it, and no file changes with that.
        """
        told = asdict(self.of_one_dataset)
        del told["organization"]
        if not self.added:  # versions that could not add anything did not say so
            del told["added"]
        canonical = msgspec.json.encode(told, order="deterministic")
        return blake2b(canonical, digest_size=8).hexdigest()

    @property
    def of_one_dataset(self) -> Recipe:
        """The recipe without tables of other datasets: 0.1.0 wrote lookup tables with each day."""
        mine = owner(self.tables[0]) if self.tables else None
        kept = tuple(table for table in self.tables if owner(table) in (mine, None))
        if kept == self.tables:
            return self
        return replace(self, tables=kept, privacy=self.privacy_of(kept))

    def privacy_of(self, tables: Sequence[str]) -> Mapping[str, Any]:
        """Return what of its privacy concerns these tables."""
        columns = {
            name: action
            for name, action in self.privacy.get("columns", {}).items()
            if name.partition(".")[0] in tables
        }
        rest = {name: one for name, one in self.privacy.items() if name != "columns"}
        return {"columns": columns, **rest} if columns else rest

    def as_of(self, version: int) -> Recipe:
        """Return the recipe with the columns of an older version."""
        if version >= self.column_version:
            return self
        there = {
            f"{table.name}.{name}"
            for table in tables(self.added)
            for name in table.as_of(version).names
        }
        columns = self.privacy.get("columns", {})
        older = {name: action for name, action in columns.items() if name in there}
        rest = {name: one for name, one in self.privacy.items() if name != "columns"}
        privacy = {"columns": older, **rest} if older else rest
        return replace(self, column_version=version, privacy=privacy)

    def is_kept_by(self, newer: Recipe) -> bool:
        """Whether days of this recipe can stay: the other has at most more columns."""
        return self.is_like(newer.as_of(self.column_version))

    @property
    def signature(self) -> str:
        """The fingerprint with the organisation, as far as it is known."""
        of = self.organization
        if of is None:
            return self.fingerprint
        owner = blake2b((of.id or "".join(of.clients[-1:])).encode(), digest_size=4)
        return f"{self.fingerprint}-{owner.hexdigest()}"

    def is_like(self, other: Recipe) -> bool:
        """Whether both make the same files, of the same organisation as far as is known."""
        return self.fingerprint == other.fingerprint and not self.is_of_another(other)

    def is_of_another(self, other: Recipe) -> bool:
        """Whether the organisations differ, or can't be seen to be the same."""
        mine, theirs = self.organization, other.organization
        return mine is not None and theirs is not None and not mine.may_be(theirs)

    def joined(self, old: Recipe) -> Recipe:
        """Return the recipe with what the old one knows of the same organisation."""
        if old.organization is None or self.is_of_another(old):
            return self
        mine = self.organization or Organization()
        return replace(self, organization=old.organization.joined(mine))


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A data file: where, how long, and how to recognise it once it is visible."""

    key: str
    rows: int
    bytes: int
    sha256: str
    token: str = ""  # in the object's metadata: which attempt made it
    etag: str = ""
    version_id: str | None = None

    def tagged(self, tag: Tag) -> File:
        """Return the file as the store names it."""
        return replace(self, etag=tag.etag, version_id=tag.version_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """A replacement in progress: the uploads still to complete, the keys still to delete."""

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
    state: str  # partial, provisional, final; damaged: nothing may be taken
    attempt: str
    attempts: tuple[str, ...]  # the last twenty, newest last
    tool_version: str
    slices: tuple[SliceRecord, ...]
    tables: Mapping[str, tuple[File, ...]]
    digest: str  # hex of the sum, modulo 2**256, of the hashes of the records' bytes
    counts: Counts
    rejects: File | tuple[File, ...] | None  # a file; or one for each slice that has any
    began: datetime
    ended: datetime
    index: tuple[File, ...] = ()  # one a slice: id and hash of every record, in order of id
    changes: File | None = None  # what this attempt changed of the day, by conversation
    deleted: Mapping[str, datetime] = field(default_factory=dict)  # lately, by the store's clock
    leftover: tuple[str, ...] = ()  # of a damaged day: keys at which something may lie
    notes: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()  # lookup tables whose lists were cut off
    names: NamesUsed | None = None  # with export.join_names: which names the rows have
    source_count: SourceCount | None = None  # what the source itself counted, beside ours
    nonce: str = ""
    next: Next | None = None

    @property
    def files(self) -> tuple[File, ...]:
        """Every file that `next` switches: the data, the rejects, the list of changes."""
        data = (file for table in self.tables.values() for file in table)
        return (*data, *self.reject_files, *filter(None, (self.changes,)))

    @property
    def reject_files(self) -> tuple[File, ...]:
        """The files of records that could not be read."""
        if isinstance(self.rejects, File):
            return (self.rejects,)
        return self.rejects or ()

    def keys(self) -> frozenset[str]:
        """Return every key of data or rejects that the manifest names, or knows to be taken.

        Lists of changes are not among them: they are kept.
        """
        named = {file.key for file in self.files} - ({self.changes.key} if self.changes else set())
        return frozenset(named | {*self.leftover})

    def signed(self, nonce: str) -> Manifest:
        """Return it with a new nonce."""
        return replace(self, nonce=nonce)

    def tagged(self, tags: Mapping[str, Tag]) -> Manifest:
        """Return it as it is when everything is visible: with tags, without `next`.

        A file without a new tag is kept as it is.
        """

        def told(file: File) -> File:
            return file.tagged(tags[file.key]) if file.key in tags else file

        return replace(
            self,
            tables={name: tuple(map(told, files)) for name, files in self.tables.items()},
            rejects=one_or_more([told(file) for file in self.reject_files]),
            changes=self.changes and told(self.changes),
            next=None,
        )

    def encode(self) -> bytes:
        """Return the JSON text; `next` is included only while there is one."""
        return document.encode(self, without=("next",) if self.next is None else ())


def decode(body: bytes, where: str) -> Manifest:
    """Read a manifest; raises WrongSettings for a later format, DestinationFailed for none."""
    advice = "Move it away (and its day's files), then export the day again."
    return document.decode(body, Manifest, where=where, advice=advice)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def file_of(staged: StagedFile, rows: int) -> File:
    """Return a staged file as the manifest names it, its tags not known yet."""
    return File(
        key=staged.key,
        rows=rows,
        bytes=staged.size_bytes,
        sha256=staged.sha256,
        token=staged.token,
    )


def one_or_more(items: Sequence[Item]) -> Item | tuple[Item, ...] | None:
    """Return what stands where a day has one or none, and a list where slices have several."""
    return tuple(items) if len(items) > 1 else next(iter(items), None)
