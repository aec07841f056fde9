"""The part of an upload that is being filled: in memory while it is small, then in a file.

Fifteen tables in four slices fill sixty parts at once: in memory they would be most of what the
program needs. The file lies in the folder for temporary files, for this user alone and without a
name, so that it is gone with the process. Knows no S3.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile

from ..errors import DestinationFailed

_IN_MEMORY = 512 << 10


class Spool:
    """Bytes in order, until they are taken; used by one thread."""

    def __init__(self) -> None:
        """Begin empty."""
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - lives as long
        self._size = 0

    def __len__(self) -> int:
        """How many bytes wait."""
        return self._size

    def write(self, data: memoryview) -> None:
        """Add bytes. Raises DestinationFailed where the disk takes no more."""
        with _disk():
            self._file.write(data)
        self._size += len(data)

    def take(self) -> bytes:
        """Return all that waits, and begin anew. Raises DestinationFailed."""
        with _disk():
            self._file.seek(0)
            body = self._file.read()
            self._file.seek(0)
            self._file.truncate()
        self._size = 0
        return body

    def close(self) -> None:
        """Throw away what waits."""
        self._file.close()


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise DestinationFailed(
            f"a part of an upload could not be held in a temporary file: {problem.strerror}",
            advice="Set TMPDIR to a folder with more room: part_size for each table and slice.",
        ) from problem
