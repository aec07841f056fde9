"""The contract of a feed: what a slice of a dataset is read through.

Which rows belong to a day, what a record's identity and hash are, and which of two copies counts
is the feed's decision; staging knows only batches of rows and what stands in the summary.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Any, Protocol

from ..days import Interval, Slice
from .counts import Counts
from .data import Batch, Rejected


@dataclass(frozen=True, slots=True)
class Again:
    """All rows yielded so far are void: the slice is read once more. Rejects stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A table that does not hold its whole list, and why."""

    table: str
    why: str
    entries: int = 0  # how many came before the list was cut off; none: there is no table
    permissions: tuple[str, ...] | None = None  # any of which would help; None: it is not that
    is_lasting: bool = False  # whether Genesys does not have the list at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What is known of a slice once all of it has been read."""

    counts: Counts
    digest: int  # of the records, whatever their order: to be added up, modulo 2**256
    watermark: datetime | None = None  # the lowest that any answer told
    gaps: tuple[Gap, ...] = ()


class Reading(Protocol):
    """One slice on its way; used by one thread, once."""

    @property
    def job_ids(self) -> tuple[str, ...]:
        """Every job that was submitted for it, oldest first."""
        ...

    @property
    def awaits_job(self) -> bool:
        """Whether `prepare` waits: for a job at the source."""
        ...

    def prepare(self, abandon: Event) -> None:
        """Wait until there is something to read, holding nothing; raises what `read` raises."""
        ...

    def read(self, abandon: Event) -> Iterator[Batch | Rejected | Again]:
        """Yield the rows of all tables, and once what could not be read; ends early if abandoned.

        Raises GenesysUnavailable, NotPermitted, RequestRefused, SignInRefused, WrongSettings.
        """
        ...

    def summary(self) -> Summary:
        """Return what is known at the end; to be called after `read` has ended."""
        ...

    def index(self) -> Iterator[bytes] | None:
        """Yield the index, 32 bytes a record, in order of id; None for none.

        To be called after `read` has ended.
        """
        ...

    def release(self) -> None:
        """Give back what the server holds for it; never raises for a server's refusal."""
        ...


class Feed(Protocol):
    """Where a dataset's rows come from; safe to use from several threads."""

    @property
    def asks(self) -> str:
        """What it would do with what `describe` returns, in words: `submit a job`, `ask`."""
        ...

    def watermark(self) -> datetime | None:
        """Return the instant up to which the source is complete; None if it can't say."""
        ...

    def open(self, slice_: Slice, resume: str | None = None) -> Reading:
        """Prepare reading a slice; asks nothing before it is read.

        `resume` is a job for the same interval that an earlier run left behind.
        """
        ...

    def describe(self, interval: Interval) -> tuple[Mapping[str, Any], ...]:
        """Return what would be asked for the interval: the first request of each kind."""
        ...

    def spell(self, key: bytes) -> str:
        """Return the id that a record goes by in the index, as the tables have it."""
        ...

    def identifies_alike(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        """Whether indexes made under both descriptions of privacy can be compared."""
        ...
