"""Everything an export asks of a folder, done once in a throw-away directory inside it.

What was made is removed again, the folder itself included where it was not there before. Linux
tells what file system it is on; elsewhere that stays unknown.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import suppress
from pathlib import Path

from ...errors import DestinationFailed, WrongSettings
from ...findings import Finding, doubtful, failed, fine, unseen, wrong
from ...store.mounts import MOUNTINFO, network_type, type_at
from ...store.os_errors import translated_os

_LEAST_BYTES = 1 << 30


class Folder:
    """One folder, examined by one thread."""

    def __init__(
        self, root: Path, token: str, *, network_ok: bool, mountinfo: Path = MOUNTINFO
    ) -> None:
        """Touch nothing yet."""
        self._root = root
        self._network_ok, self._mountinfo = network_ok, mountinfo
        self._own = root / f".doctor-{token}"
        self._made: list[Path] = []  # outermost first

    def made(self) -> Finding:
        """Make the folder where it is missing, and a directory of our own in it."""
        missing = [one for one in (self._root, *self._root.parents) if not one.exists()]
        if self._root.exists() and not self._root.is_dir():
            raise WrongSettings(f"{self._root} is not a folder", advice="Check --to.")
        with translated_os("write", str(self._root)):
            for path in (*reversed(missing), self._own):
                path.mkdir(mode=0o700 if path == self._own else 0o777)
                self._made.append(path)
        return fine(f"{self._root} " + ("can be created" if missing else "exists"))

    def write(self) -> Finding:
        """Write a file through to the disk."""
        with translated_os("write", self._own.name):
            _written(self._own / "old", b"old")
        return fine("a file was written")

    def replace(self) -> Finding:
        """Put a new file in an old one's place, under a reader's eyes."""
        with translated_os("write", self._own.name):
            _written(self._own / "new", b"new")
            with (self._own / "old").open("rb") as reader:
                (self._own / "new").replace(self._own / "old")
                whole = (reader.read(), (self._own / "old").read_bytes())
        if whole != (b"old", b"new"):
            return failed(DestinationFailed(f"{self._root}: files are not replaced atomically"))
        return fine("a file is replaced atomically")

    def lock(self) -> Finding:
        """Lock a file, and try to lock it again."""
        path = self._own / "lock"
        with translated_os("lock", self._own.name), path.open("w") as one, path.open("w") as other:
            fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return fine("file locks work")
        return wrong(f"{self._root}: locks don't work", "Use a folder on a local file system.")

    def space(self) -> Finding:
        """Check the free space."""
        free = shutil.disk_usage(self._root).free
        found = f"{free / 1e9:,.1f} GB"
        if free < _LEAST_BYTES:
            return doubtful(f"{found} only", "Free some space: a big day takes gigabytes.")
        return fine(found)

    def file_system(self) -> Finding:
        """Check the type of the file system."""
        if kind := network_type(self._root, self._mountinfo):
            found = f"{kind}: a network file system, on which locks and renames may not work"
            if self._network_ok:
                return doubtful(found, "Make sure that only one machine writes there.")
            return wrong(found, "Export to a folder on a local file system, or to a bucket.")
        try:
            table = self._mountinfo.read_text("utf-8", "surrogateescape")
        except OSError:
            return unseen("the type of file system is unknown")
        return fine(f"{type_at(self._root.resolve(), table) or 'local'}, on this machine")

    def clean_up(self) -> None:
        """Remove all that was made."""
        shutil.rmtree(self._own, ignore_errors=True)
        for path in reversed(self._made):
            with suppress(OSError):  # not empty: somebody else has begun to use it
                path.rmdir()


def _written(path: Path, body: bytes) -> None:
    with path.open("xb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
