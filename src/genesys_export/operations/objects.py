"""An object read back, byte by byte, and compared with what the manifest says about it.

Its bytes go once through here: they are counted and hashed on their way to whoever understands
the format. Knows no format; memory is a piece of the object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from ..events import Observe, ReadBack
from ..manifest import File
from ..model import Seen, Store
from ..plural import plural
from .hashes import Pulse
from .mismatches import Mismatches, Unreadable

Pieces = Iterator[bytes]
# Reads an object's pieces and returns its rows; None where nobody can tell. Raises Unreadable.
Take = Callable[[Pieces], int | None]


def unread(pieces: Pieces) -> None:
    """Leave an object's pieces to be counted and hashed."""
    del pieces


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects of one day at the destination."""

    store: Store
    mismatches: Mismatches
    observe: Observe
    pulse: Pulse
    read_back: list[ReadBack] = field(default_factory=list)

    def read(self, file: File, take: Take) -> bool:
        """Read one object to its end and return whether its rows could be taken.

        What is not as expected becomes a mismatch. Raises ChangedMeanwhile where it is replaced
        between the look and the reading, and what the store raises.
        """
        seen = self.store.look(file.key)
        if seen is None:
            self.mismatches.add(file.key, f"an object of {plural(file.bytes, 'byte')}", "none")
            return False
        self._identity(file, seen)
        meter = _Meter(self.store.chunks(file.key, seen.tag), self.pulse)
        pieces = meter.pieces()
        rows: int | None = None
        could = True
        try:
            rows = take(pieces)
        except Unreadable as problem:
            self.mismatches.add(file.key, "a file that can be read", f"one that {problem}")
            could = False
        for _ in pieces:
            pass  # a reader may stop early; size and hash are those of the whole
        self.mismatches.expect(
            file.key, plural(file.bytes, "byte"), plural(meter.size_bytes, "byte")
        )
        self.mismatches.expect(
            file.key, f"sha256 {file.sha256}", f"sha256 {meter.digest.hexdigest()}"
        )
        if rows is not None:
            self.mismatches.expect(file.key, plural(file.rows, "row"), plural(rows, "row"))
        told = ReadBack(key=file.key, rows=rows or 0, size_bytes=meter.size_bytes)
        self.read_back.append(told)
        self.observe(told)
        return could

    def _identity(self, file: File, seen: Seen) -> None:
        """Compare what exact readers ask for: they would be refused, whatever the bytes are."""
        if file.etag:
            self.mismatches.expect(file.key, f"ETag {file.etag}", f"ETag {seen.tag.etag}")
        if file.version_id is not None:
            found = f"version {seen.tag.version_id}"
            self.mismatches.expect(file.key, f"version {file.version_id}", found)
        if file.token:
            token = seen.metadata.get("token", "none")
            self.mismatches.expect(file.key, f"token {file.token}", f"token {token}")


class _Meter:
    """Counts and hashes what passes."""

    def __init__(self, chunks: Pieces, pulse: Pulse) -> None:
        self._chunks, self._pulse = chunks, pulse
        self.digest, self.size_bytes = sha256(), 0

    def pieces(self) -> Pieces:
        for piece in self._chunks:
            self._pulse()
            self.digest.update(piece)
            self.size_bytes += len(piece)
            yield piece
