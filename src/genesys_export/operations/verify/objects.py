"""An object read back, byte by byte, and compared with what the manifest says about it.

Its bytes go once through here: they are counted and hashed on their way to whoever understands
the format. Knows no format; memory is a piece of the object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from ...events import Observe, ReadBack
from ...manifest import File
from ...model import Seen, Store
from ...plural import plural
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
        differs = _Differences()
        meter = _Meter(self.store.chunks(file.key, seen.tag), self.pulse)
        pieces = meter.pieces()
        rows: int | None = None
        could = True
        try:
            rows = take(pieces)
        except Unreadable as problem:
            differs.add("a file that can be read", f"one that {problem}")
            could = False
        for _ in pieces:
            pass  # a reader may stop early; size and hash are those of the whole
        differs.expect(plural(file.bytes, "byte"), plural(meter.size_bytes, "byte"))
        if rows is not None:
            differs.expect(plural(file.rows, "row"), plural(rows, "row"))
        differs.expect(f"sha256 {file.sha256}", f"sha256 {meter.digest.hexdigest()}")
        self._identity(file, seen, differs)
        if differs.expected:
            self.mismatches.add(file.key, differs.expected, differs.found)
        told = ReadBack(key=file.key, rows=rows or 0, size_bytes=meter.size_bytes)
        self.read_back.append(told)
        self.observe(told)
        return could

    def _identity(self, file: File, seen: Seen, differs: _Differences) -> None:
        """Compare what exact readers ask for: they would be refused, whatever the bytes are.

        The token says who wrote it: where something else differs it is no news.
        """
        if file.etag:
            differs.expect(f"ETag {file.etag}", f"ETag {seen.tag.etag}")
        if file.version_id is not None:
            differs.expect(f"version {file.version_id}", f"version {seen.tag.version_id}")
        if file.token and not differs.expected:
            token = seen.metadata.get("token", "none")
            differs.expect(f"token {file.token}", f"token {token}")


@dataclass(slots=True)
class _Differences:
    """What differs about one file: a single mismatch, however many symptoms it has."""

    _pairs: list[tuple[str, str]] = field(default_factory=list)

    def add(self, expected: str, found: str) -> None:
        self._pairs.append((expected, found))

    def expect(self, expected: str, found: str) -> None:
        if expected != found:
            self.add(expected, found)

    @property
    def expected(self) -> str:
        return ", ".join(expected for expected, _ in self._pairs)

    @property
    def found(self) -> str:
        return ", ".join(found for _, found in self._pairs)


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
