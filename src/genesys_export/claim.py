"""The claim: who works on a day, and what is already done.

A JSON object at `_genesys_export/<dataset>/<day>/claim.json`, written by whoever exports the day
and overwritten, never deleted, when that ends. Values only: the ledger reads and writes it. It
saves work and keeps two runs out of each other's way; no day's correctness hangs on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from . import document
from .days import Interval
from .manifest import File
from .model import Counts, StagedFile

_LONGEST_LEASE_S = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process that holds a claim, so that its machine can check whether it is alive."""

    host: str = ""
    pid: int = 0
    process: str = ""  # the same for a pid that came to mean another process: never


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """A staged file of a table, as the claim keeps it."""

    table: str
    rows: int
    file: StagedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSlice:
    """A slice whose files are all staged; a later attempt may adopt it."""

    interval: Interval
    attempt: str  # whose token the files carry
    files: tuple[SealedFile, ...]
    index: File | None
    counts: Counts
    digest: str  # hex, as in the manifest
    watermark: datetime | None
    fetched: datetime
    job_ids: tuple[str, ...]
    sealed: datetime
    rejects: tuple[SealedFile, ...] = ()
    names: str = ""  # the digest of the lookup tables that its rows have names from

    @property
    def uploads(self) -> tuple[SealedFile, ...]:
        """Every file that is staged and not visible yet."""
        return (*self.files, *self.rejects)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenJob:
    """A job whose results are not completely read yet."""

    interval: Interval
    job_id: str
    fetched: datetime  # when the reading of the slice began


@dataclass(frozen=True, slots=True, kw_only=True)
class Slicing:
    """How a day is cut, so that a later attempt cuts it alike; written where that may change."""

    intervals: tuple[Interval, ...]  # by the number of the slice, which its files carry
    at_once: int  # as many are read side by side
    vain: int = 0  # attempts that were reading at their deadline and had sealed no slice
    # What the attempt was reading at its deadline; None: it has not ended, or was killed.
    reading: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse what no attempt can continue."""
        known = range(len(self.intervals))
        if (
            self.at_once < 1
            or self.vain < 0
            or any(one not in known for one in self.reading or ())
        ):
            raise ValueError("a slicing names its own slices, and reads at least one at once")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How the last attempt failed, if it did."""

    status: int
    message: str
    advice: str
    at: datetime
    published: str = ""  # what it left of the day (Aftermath); "": an earlier version wrote it


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One attempt at a day."""

    day: str
    attempt: str
    recipe: str  # its signature
    manifest: str  # the nonce of the day's manifest when the claim was made; "" for none
    holder: Holder
    began: datetime
    lease_s: float  # from the object's last writing, by the store's own clock
    released: bool = False
    slices: tuple[SealedSlice, ...] = ()
    jobs: tuple[OpenJob, ...] = ()
    failure: Failure | None = None
    slicing: Slicing | None = None
    nonce: str = ""

    def __post_init__(self) -> None:
        """Refuse a lease that no calendar can add up."""
        if not 0 <= self.lease_s <= _LONGEST_LEASE_S:
            raise ValueError("a lease lasts up to thirty years")

    def signed(self, nonce: str) -> Claim:
        """Return it with a new nonce."""
        return replace(self, nonce=nonce)

    def encode(self) -> bytes:
        """Return the JSON text."""
        return document.encode(self)


def decode(body: bytes, where: str) -> Claim:
    """Read a claim; raises WrongSettings for a later format, DestinationFailed for none."""
    return document.decode(body, Claim, where=where, advice="Remove it, then run again.")
