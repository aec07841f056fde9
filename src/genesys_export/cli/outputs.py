"""The files that a person names: `--report FILE`, `--html FILE`.

Rule: a regular file is replaced whole, by rename, and keeps its permissions; a symlink is followed
and stays; a pipe or a device is written to, as `cp` and shell redirections do.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ..errors import DestinationFailed

# Where no file may be made beside it, or none renamed over it (a file mounted into a container),
# the file itself may still be written.
_IN_PLACE = {errno.EACCES, errno.EBUSY, errno.EPERM, errno.EROFS, errno.EXDEV}


def write_output(path: Path, body: bytes, *, flag: str, advice: str) -> None:
    """Write a file that `flag` names; raises DestinationFailed, and leaves no half of it."""
    try:
        _write(path, body)
    except OSError as problem:
        raise DestinationFailed(
            f"{flag} {path} could not be written: {problem.strerror}", advice=advice
        ) from problem


def _write(path: Path, body: bytes) -> None:
    there = _look(path)
    if there is not None and (stream := _standard_stream(there)):
        stream.write(body)
        stream.flush()
    elif there is None or stat.S_ISREG(there.st_mode):
        _replace(os.path.realpath(path), there, body)
    else:
        path.write_bytes(body)


def _look(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _standard_stream(there: os.stat_result) -> BinaryIO | None:
    """Return stdout or stderr where that is the file (`/dev/stdout`, however redirected)."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # a stream without a descriptor
            if os.path.samestat(os.fstat(stream.fileno()), there):
                stream.flush()
                return stream.buffer
    return None


def _replace(target: str, there: os.stat_result | None, body: bytes) -> None:
    part = Path(target).parent / f".{secrets.token_hex(8)}.part"
    try:
        try:
            with part.open("xb") as file:
                if there is not None:
                    os.fchmod(file.fileno(), stat.S_IMODE(there.st_mode))
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
    except OSError as problem:
        if there is None or problem.errno not in _IN_PLACE:
            raise
        Path(target).write_bytes(body)
