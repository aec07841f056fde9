"""A destination whose conditional writes are not honest, used by one writer at a time.

Conditions are checked by reading before writing. That is no lock: of two writers who check at the
same moment both come through, the later one unnoticed. It promises what a store promises as long
as whoever runs the export sees to it that no second run is at the same destination; it notices a
second run that came and went in between, and nothing more. Everything else is handed through.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ..errors import ChangedMeanwhile, DestinationFailed, UnknownOutcome
from ..model import (
    Always,
    Condition,
    IfAbsent,
    IfUnchanged,
    Listed,
    Pending,
    Seen,
    StagedFile,
    Store,
    Stored,
    Tag,
    Upload,
)


@dataclass(frozen=True, slots=True)
class SingleWriter:
    """A store over another one that asks no condition of it."""

    store: Store

    def put(self, key: str, body: bytes, condition: Condition, content_type: str) -> Tag:
        """Write the object if a look just before finds what the condition names.

        Raises ChangedMeanwhile where it does not, UnknownOutcome where no answer to the write
        came.
        """
        if isinstance(condition, Always):
            return self.store.put(key, body, condition, content_type)
        self._check(key, condition)
        try:
            return self.store.put(key, body, Always(), content_type)
        except DestinationFailed as problem:  # it may stand there all the same
            raise UnknownOutcome(problem.message, advice=problem.advice) from problem

    def _check(self, key: str, condition: IfAbsent | IfUnchanged) -> None:
        there = self.store.look(key)
        if isinstance(condition, IfAbsent):
            if there is not None:
                raise ChangedMeanwhile(f"{self.url(key)} exists already")
        elif there is None or there.tag.etag != condition.tag.etag:
            raise ChangedMeanwhile(f"{self.url(key)} is not what it was")

    def url(self, key: str) -> str:
        """Hand through."""
        return self.store.url(key)

    def read(self, key: str) -> Stored | None:
        """Hand through."""
        return self.store.read(key)

    def stage(self, key: str, token: str, content_type: str) -> Upload:
        """Hand through."""
        return self.store.stage(key, token, content_type)

    def complete(self, staged: StagedFile) -> Tag:
        """Hand through."""
        return self.store.complete(staged)

    def discard(self, upload: StagedFile | Pending) -> None:
        """Hand through."""
        self.store.discard(upload)

    def check_replaceable(self, keys: Collection[str]) -> None:
        """Hand through."""
        self.store.check_replaceable(keys)

    def holds(self, staged: StagedFile) -> bool:
        """Hand through."""
        return self.store.holds(staged)

    def uploads(self, prefix: str) -> Iterator[Pending]:
        """Hand through."""
        return self.store.uploads(prefix)

    def look(self, key: str) -> Seen | None:
        """Hand through."""
        return self.store.look(key)

    def delete(self, key: str) -> None:
        """Hand through."""
        self.store.delete(key)

    def list(self, prefix: str) -> Iterator[str]:
        """Hand through."""
        return self.store.list(prefix)

    def scan(self, prefix: str, after: str = "") -> Iterator[Listed]:
        """Hand through."""
        return self.store.scan(prefix, after)

    def chunks(self, key: str, tag: Tag) -> Iterator[bytes]:
        """Hand through."""
        return self.store.chunks(key, tag)
