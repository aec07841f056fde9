"""Many keys in little memory: hashes of 16 bytes, in a temporary file, in parts.

A key's hash says which part it lies in, so equal keys meet in the same part, and a part can be
held in memory while the whole can't: of 300 million keys one part has 600,000. What two keys share
by chance in 128 bits is not to be expected in this universe. The file has no name, nobody else can
open it, and it is gone with the process.
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from struct import iter_unpack
from typing import IO, NamedTuple

from ...errors import DestinationFailed

PARTS = 512
_BLOCK = 2048  # bytes of a part that are written at once
_SIZE = 16

Pulse = Callable[[], None]  # called now and then, so that a signal can end the work


class Hashes:
    """Hashes of keys, spread over parts; used by one thread."""

    def __init__(self) -> None:
        """Hold nothing; the file is made when the first block is full."""
        self._pending = [bytearray() for _ in range(PARTS)]
        self._blocks: dict[int, array[int]] = {}
        self._file: IO[bytes] | None = None
        self._written = self.count = 0

    def add(self, keys: Iterable[bytes]) -> None:
        """Take keys; raises DestinationFailed if the disk takes no more."""
        for key in keys:
            one = blake2b(key, digest_size=_SIZE).digest()
            part = one[0] | (one[1] & 1) << 8
            block = self._pending[part]
            block += one
            self.count += 1
            if len(block) == _BLOCK:
                self._write(part, block)

    def part(self, number: int) -> list[bytes]:
        """Return the hashes of one part."""
        held = [bytes(self._pending[number])]
        if self._file is not None:
            for offset in self._blocks.get(number, ()):
                self._file.seek(offset)
                held.append(self._file.read(_BLOCK))
        return [one for (one,) in iter_unpack(f"{_SIZE}s", b"".join(held))]

    def close(self) -> None:
        """Give back memory and disk."""
        if self._file is not None:
            self._file.close()
        self._pending, self._blocks, self._file = [bytearray() for _ in range(PARTS)], {}, None

    def _write(self, part: int, block: bytearray) -> None:
        with disk():
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this
            self._file.write(block)
        self._blocks.setdefault(part, array("Q")).append(self._written)
        self._written += _BLOCK
        block.clear()


class Difference(NamedTuple):
    """How many different keys are on one side only."""

    left: int
    right: int


def doubled(keys: Hashes, pulse: Pulse) -> int:
    """Return how many keys are there that were there before."""
    extra = 0
    for number in _parts(pulse):
        part = keys.part(number)
        extra += len(part) - len(set(part))
    return extra


def difference(left: Hashes, right: Hashes, pulse: Pulse) -> Difference:
    """Compare the keys of two."""
    only_left = only_right = 0
    for number in _parts(pulse):
        ones, others = set(left.part(number)), set(right.part(number))
        only_left += len(ones - others)
        only_right += len(others - ones)
    return Difference(only_left, only_right)


def _parts(pulse: Pulse) -> Iterator[int]:
    for number in range(PARTS):
        pulse()
        yield number


@contextmanager
def disk() -> Iterator[None]:
    """Say it in our words when the temporary directory takes no more."""
    try:
        yield
    except OSError as problem:
        raise DestinationFailed(
            f"a temporary file could not be written: {problem.strerror}",
            advice="Set TMPDIR to a directory with more room: 16 to 48 bytes a row, and the "
            "largest Parquet file.",
        ) from problem
