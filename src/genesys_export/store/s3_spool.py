"""The part of an upload that is being filled: in memory while it is small, then in a file.

Fifteen tables in four slices fill sixty parts at once: in memory they would be most of what the
program needs. The file lies in the folder for temporary files, for this user alone and without a
name, so that it is gone with the process. Where no such folder is, or it is full, parts wait in
memory after all: an export does not fail for it. Knows no S3.
"""

from __future__ import annotations

from io import FileIO
from tempfile import TemporaryFile

_IN_MEMORY = 512 << 10


class Spool:
    """Bytes in order, until they are taken; used by one thread."""

    def __init__(self) -> None:
        """Begin empty."""
        self._memory = bytearray()
        self._file: FileIO | None = None
        self._disk_takes_more = True
        self._size = 0

    def __len__(self) -> int:
        """How many bytes wait."""
        return self._size

    def write(self, data: memoryview) -> None:
        """Add bytes."""
        if self._file or (self._disk_takes_more and self._size + len(data) > _IN_MEMORY):
            try:
                self._write_to_disk(data)
            except OSError:
                self._return_to_memory()
        if self._file is None:
            self._memory += data
        self._size += len(data)

    def take(self) -> bytes:
        """Return all that waits, and start again."""
        self._size = 0
        if self._file is None:
            body = bytes(self._memory)
            self._memory.clear()
            return body
        self._file.seek(0)
        body = self._file.readall()
        self._file.seek(0)
        self._file.truncate()
        return body

    def close(self) -> None:
        """Discard what waits."""
        self._memory.clear()
        if self._file is not None:
            self._file.close()

    def _write_to_disk(self, data: memoryview) -> None:
        if self._file is None:
            self._file = TemporaryFile(buffering=0)  # noqa: SIM115 - lives as long as this
            _write_all(self._file, memoryview(bytes(self._memory)))
            self._memory.clear()
        _write_all(self._file, data)

    def _return_to_memory(self) -> None:
        """Read back all that was written; nothing is written to the disk any more."""
        self._disk_takes_more = False
        if self._file is None:
            return
        if not self._memory:
            self._file.seek(0)
            self._memory += self._file.readall()[: self._size]
        self._file.close()
        self._file = None


def _write_all(file: FileIO, data: memoryview) -> None:
    while data:
        data = data[file.write(data) :]
