"""A destination that ignores conditional writes, used by one writer at a time.

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
    """A store over another one that needs no conditional writes."""

    store: Store

    def put(self, key: str, body: bytes, condition: Condition, content_type: str) -> Tag:
        """Write the object if a look just before finds what the condition names.

        Raises ChangedMeanwhile if it does not, UnknownOutcome where no answer to the write
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
            raise ChangedMeanwhile(f"{self.url(key)} has changed")

    def url(self, key: str) -> str:
        """Pass through."""
        return self.store.url(key)

    def read(self, key: str) -> Stored | None:
        """Pass through."""
        return self.store.read(key)

    def stage(self, key: str, token: str, content_type: str) -> Upload:
        """Pass through."""
        return self.store.stage(key, token, content_type)

    def complete(self, staged: StagedFile) -> Tag:
        """Pass through."""
        return self.store.complete(staged)

    def discard(self, upload: StagedFile | Pending) -> None:
        """Pass through."""
        self.store.discard(upload)

    def check_replaceable(self, keys: Collection[str]) -> None:
        """Pass through."""
        self.store.check_replaceable(keys)

    def holds(self, staged: StagedFile) -> bool:
        """Pass through."""
        return self.store.holds(staged)

    def uploads(self, prefix: str) -> Iterator[Pending]:
        """Pass through."""
        return self.store.uploads(prefix)

    def look(self, key: str) -> Seen | None:
        """Pass through."""
        return self.store.look(key)

    def delete(self, key: str) -> None:
        """Pass through."""
        self.store.delete(key)

    def list(self, prefix: str) -> Iterator[str]:
        """Pass through."""
        return self.store.list(prefix)

    def scan(self, prefix: str, after: str = "") -> Iterator[Listed]:
        """Pass through."""
        return self.store.scan(prefix, after)

    def chunks(self, key: str, tag: Tag) -> Iterator[bytes]:
        """Pass through."""
        return self.store.chunks(key, tag)
