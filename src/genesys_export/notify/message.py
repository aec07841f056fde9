"""The message about a day: made of its manifest, so that telling it again gives the same one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Any

import msgspec

from ..manifest import File, Manifest

VERSION = 1


class Outcome(StrEnum):
    """What a message says of its day."""

    PUBLISHED = "published"  # for the first time
    REPLACED = "replaced"  # its files or its state are others than announced before
    DAMAGED = "damaged"  # some of its files are missing or not what the manifest says
    FAILED = "failed"  # its export ended with an error


TROUBLES = (Outcome.DAMAGED, Outcome.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What the last replacement of a day's files changed."""

    total: int  # records that are new, changed or gone
    list: str  # where each of them is listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What other programs are told of a day; see docs/reference/notify.md."""

    id: str  # the same whenever the same event is told again
    org: str  # "" for the only organisation
    dataset: str
    day: str
    state: str  # missing, partial, provisional, final or damaged
    outcome: Outcome
    manifest: str | None  # where it lies; None: nothing is published
    changes: Changes | None = None
    problem: str | None = None  # the error, in a sentence

    def body(self) -> bytes:
        """Return the JSON text."""
        told: dict[str, Any] = {"version": VERSION, **asdict(self)}
        return msgspec.json.encode(told)

    @property
    def title(self) -> str:
        """The message in a line."""
        whose = " ".join(filter(None, (self.org, self.dataset, self.day)))
        return f"{whose}: {self.outcome}"


def hashed(*parts: str) -> str:
    """Return 32 hex digits that stand for these texts, in this order."""
    return blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


def content_of(made: Manifest) -> str:
    """Return what stands for the files that readers take, whichever attempt made them."""
    return hashed(made.digest, *(f"{one.key} {one.sha256}" for one in _data(made)))[:16]


def version_of(made: Manifest) -> str:
    """Return what stands for one publication: reading the day again unchanged keeps it."""
    files = sorted(f"{one.key} {one.token} {one.sha256}" for one in made.files)
    own = files or [made.nonce]  # a damaged day names no files
    return hashed(made.state, made.recipe.fingerprint, content_of(made), *own)


def _data(made: Manifest) -> tuple[File, ...]:
    """Return the files of tables and rejects, in order of key."""
    data = (file for table in made.tables.values() for file in table)
    return tuple(sorted((*data, *made.reject_files), key=lambda one: one.key))
