"""A file being staged in a folder: a temporary file whose name says what it will become.

The name holds the key and when the file was made, by the file system's clock, so that any process
finds what a killed one left. Knows nothing of how a file becomes visible.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from ..errors import Bug
from ..events import Observe, Uploaded
from ..model import Part, Pending, StagedFile, Tag
from .os_errors import translated_os

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 200  # bytes; file systems take names of 255, and time and randomness come behind
_PIECE = 50  # characters, none longer than four bytes


class FolderUpload:
    """A temporary file being written, readable by its owner only."""

    def __init__(self, staging: Path, key: str, *, mode: int, observe: Observe) -> None:
        """Make the file below `staging`, whose lock is held; sealed, it will have the `mode`."""
        self._key = key
        self._mode, self._observe = mode, observe
        fresh = staging / secrets.token_hex(12)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(handle, "wb")
        self._upload_id = upload_id_of(key, os.fstat(handle).st_mtime_ns)
        self._path = staging / self._upload_id
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh.rename(self._path)
        self._digest = sha256()
        self._size = 0

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes."""
        self._check_open()
        with translated_os("write", self._key):
            self._file.write(data)
        self._digest.update(data)
        self._size += len(data)

    def seal(self) -> StagedFile:
        """Close the file; it can be completed by any process from now on."""
        self._check_open()
        with translated_os("write", self._key):
            self._file.flush()
            os.fsync(self._file.fileno())  # a manifest may name it from now on
            token = tag_of(os.fstat(self._file.fileno())).etag
            self._file.close()
            self._path.chmod(self._mode)
        self._observe(Uploaded(key=self._key, size_bytes=self._size))
        return StagedFile(
            key=self._key,
            upload_id=self._upload_id,
            parts=(Part(self._digest.hexdigest()),),
            token=token,
            size_bytes=self._size,
            sha256=self._digest.hexdigest(),
        )

    def discard(self) -> None:
        """Close and remove the file."""
        with translated_os("remove", self._key):
            self._path.unlink(missing_ok=True)
        with suppress(OSError):  # what a full disk did not take is not wanted any more
            self._file.close()

    def _check_open(self) -> None:
        if self._file.closed:
            raise Bug(f"the upload of {self._key} is sealed or discarded already")


def upload_id_of(key: str, began_ns: int) -> str:
    """Return a new name below the staging directory: key, start time, randomness.

    A key too long for one name is cut into pieces, each a directory.
    """
    name = key.replace("%", "%25").replace("/", "%2F").replace("@", "%40")
    if len(name.encode()) > _LONGEST:
        name = "/".join(name[at : at + _PIECE] for at in range(0, len(name), _PIECE))
    return f"{name}@{began_ns:x}-{secrets.token_hex(8)}"


def pending_of(upload_id: str) -> Pending | None:
    """Return what a name below the staging directory says; None if it is not an upload."""
    name, _, suffix = upload_id.replace("/", "").partition("@")
    began_ns, _, random = suffix.partition("-")
    try:
        began = instant(int(began_ns, 16))
    except (ValueError, OverflowError):
        return None
    key = name.replace("%40", "@").replace("%2F", "/").replace("%25", "%")
    return Pending(key=key, upload_id=upload_id, began=began) if key and random else None


def tag_of(found: os.stat_result) -> Tag:
    """Return what a file is recognised by: it changes with every write, not with a rename."""
    return Tag(f"{found.st_ino:x}-{found.st_size:x}-{found.st_mtime_ns:x}")


def instant(time_ns: int) -> datetime:
    """Return a file's time, truncated to microseconds in the same way for every comparison."""
    return _EPOCH + timedelta(microseconds=time_ns // 1000)
