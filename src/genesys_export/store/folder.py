"""A folder as destination, with the promises of a bucket.

What is staged lies under `_genesys_export/.staging`, on the same file system, so completing is one
atomic rename. Conditional writes are a read, a compare and a rename under a lock (flock), which
holds on local file systems. A file's tag is its inode, size and time: it changes with every write.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from ..errors import ChangedMeanwhile, DestinationFailed, UnknownOutcome, WrongSettings
from ..events import Observe, ignore
from ..model import (
    Condition,
    IfAbsent,
    IfUnchanged,
    Listed,
    Pending,
    Seen,
    StagedFile,
    Stored,
    Tag,
)
from .folder_upload import FolderUpload, instant, pending_of
from .mounts import MOUNTINFO, network_type
from .os_errors import translated_os

_HOME = "_genesys_export"
_STAGING = f"{_HOME}/.staging"
_TOKENS = f"{_HOME}/.tokens"
_PIECE_BYTES = 1 << 20


def _machine() -> datetime:
    """Return the machine's time: asking the file system would be a write."""
    return datetime.now(UTC)


class FolderStore:
    """Files below one directory; safe from several threads and processes of one machine."""

    def __init__(
        self,
        root: Path,
        *,
        observe: Observe = ignore,
        now: Callable[[], datetime] = _machine,
        network_ok: bool = False,
        mountinfo: Path = MOUNTINFO,
    ) -> None:
        """Touch nothing yet; the directory is made at the first write.

        `now` is the clock of `Seen.now`; it should be the one the file system dates files by.
        Unless `network_ok`, the first write refuses a network file system (WrongSettings).
        """
        self._root = root.absolute()
        self._observe, self._now = observe, now
        self._unchecked = not network_ok
        self._mountinfo = mountinfo
        self._mode = 0o666 & ~_umask()

    def url(self, key: str) -> str:
        """Return the path."""
        return str(self._path(key))

    def read(self, key: str) -> Stored | None:
        """Return the file whole, or None."""
        with translated_os("read", key):
            try:
                with self._path(key).open("rb") as file:
                    return Stored(file.read(), _tag(os.fstat(file.fileno())))
            except (FileNotFoundError, NotADirectoryError):
                return None

    def put(self, key: str, body: bytes, condition: Condition, content_type: str) -> Tag:
        """Write the file atomically if the condition holds; raises ChangedMeanwhile."""
        del content_type  # a file has none
        with translated_os("write", key), self._locked():
            target = self._path(key)
            there = self.look(key)
            if isinstance(condition, IfAbsent) and there is not None:
                raise ChangedMeanwhile(f"{target} exists already")
            if isinstance(condition, IfUnchanged) and (
                there is None or there.tag != condition.tag
            ):
                raise ChangedMeanwhile(f"{target} is not what it was")
            temporary = self._temporary()
            try:
                with temporary.open("xb") as file:
                    file.write(body)
                    return self._place(temporary, target, file.fileno(), file.flush)
            finally:
                temporary.unlink(missing_ok=True)

    def stage(self, key: str, token: str, content_type: str) -> FolderUpload:
        """Begin a temporary file."""
        del content_type
        with translated_os("write", key):
            self._path(key)
            staging = self._temporary().parent
            return FolderUpload(staging, key, token, mode=self._mode, observe=self._observe)

    def complete(self, staged: StagedFile) -> Tag:
        """Rename the temporary file to its place, replacing what was there.

        Works once: raises UnknownOutcome where it is gone, whoever ended it.
        """
        with translated_os("write", staged.key), self._locked():
            source, target = self._staged(staged.upload_id), self._path(staged.key)
            try:
                file = source.open("rb")
            except FileNotFoundError as gone:
                raise UnknownOutcome(
                    f"what was staged for {target} is gone: completed or discarded by somebody"
                ) from gone
            with file:
                self._write_token(staged, _tag(os.fstat(file.fileno())))
                return self._place(source, target, file.fileno(), lambda: None)

    def discard(self, upload: StagedFile | Pending) -> None:
        """Remove the temporary file."""
        with translated_os("remove", upload.key):
            self._staged(upload.upload_id).unlink(missing_ok=True)

    def holds(self, staged: StagedFile) -> bool:
        """Whether the temporary file is there with the size it was sealed with."""
        with translated_os("read", staged.key):
            try:
                return self._staged(staged.upload_id).stat().st_size == staged.size_bytes
            except FileNotFoundError:
                return False

    def uploads(self, prefix: str) -> Iterator[Pending]:
        """Yield what is staged, by any process, for keys that begin with `prefix`."""
        staging = self._root / _STAGING
        with translated_os("list", _STAGING):
            if not staging.is_dir():
                return
            for folder, _, names in os.walk(staging, onerror=_raise):
                for name in names:
                    found = pending_of((Path(folder) / name).relative_to(staging).as_posix())
                    if found and found.key.startswith(prefix):
                        yield found

    def look(self, key: str) -> Seen | None:
        """Return what is at the key, or None; the token is that of the staged file it was.

        A file that was changed or copied by other means has none.
        """
        with translated_os("read", key):
            try:
                found = self._path(key).stat()
            except (FileNotFoundError, NotADirectoryError):
                return None
            tag = _tag(found)
            return Seen(
                key=key,
                size_bytes=found.st_size,
                tag=tag,
                metadata=self._metadata(key, tag),
                modified=instant(found.st_mtime_ns),
                now=self._now(),
            )

    def delete(self, key: str) -> None:
        """Remove the file."""
        with translated_os("remove", key):
            self._path(key).unlink(missing_ok=True)
            self._token_file(key).unlink(missing_ok=True)

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with `prefix`, in order; nothing staged."""
        with translated_os("list", prefix):
            yield from self._names(prefix)

    def scan(self, prefix: str, after: str = "") -> Iterator[Listed]:
        """Yield the keys that begin with `prefix` and follow `after`, in order, with sizes."""
        with translated_os("list", prefix):
            for name in self._names(prefix):
                if name <= after:
                    continue
                try:
                    found = (self._root / name).stat()  # foreign names, too
                except FileNotFoundError:  # gone since it was listed
                    continue
                yield Listed(name, found.st_size)

    def _names(self, prefix: str) -> Sequence[str]:
        folder = self._root / prefix.rpartition("/")[0]  # a whole lake takes long to walk
        paths = (path for path in folder.rglob("*") if path.is_file())
        names = (path.relative_to(self._root).as_posix() for path in paths)
        hidden = (f"{_STAGING}/", f"{_TOKENS}/")
        return sorted(
            name for name in names if name.startswith(prefix) and not name.startswith(hidden)
        )

    def chunks(self, key: str, tag: Tag) -> Iterator[bytes]:
        """Yield the file's bytes; what is renamed over it meanwhile does not disturb."""
        with translated_os("read", key):
            try:
                file = self._path(key).open("rb")
            except (FileNotFoundError, NotADirectoryError) as gone:
                raise ChangedMeanwhile(f"{self._path(key)} is not there") from gone
            with file:
                if _tag(os.fstat(file.fileno())) != tag:
                    raise ChangedMeanwhile(f"{self._path(key)} is not what it was")
                while piece := file.read(_PIECE_BYTES):
                    yield piece

    def _path(self, key: str) -> Path:
        """Return where a key lies; a key can't leave the folder."""
        segments = key.split("/")
        if "\\" in key or "\0" in key or any(part in {"", ".", ".."} for part in segments):
            raise DestinationFailed(f"{key!r} is no key of a folder")
        return self._root.joinpath(*segments)

    def _staged(self, upload_id: str) -> Path:
        return self._path(f"{_STAGING}/{upload_id}")

    def _token_file(self, key: str) -> Path:
        return self._path(f"{_TOKENS}/{sha256(key.encode()).hexdigest()[:32]}")

    def _temporary(self) -> Path:
        """Return a new name in the staging directory, which is made private where missing."""
        self._check_local()
        path = self._staged(secrets.token_hex(12))
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        return path

    def _check_local(self) -> None:
        if self._unchecked and (kind := network_type(self._root, self._mountinfo)):
            raise WrongSettings(
                f"{self._root} lies on a network file system ({kind}), where two runs could mix"
                " their files: locks may not hold there",
                advice="Write to a local folder or a bucket; or, if no two runs ever write there"
                " at the same time, set `network_folder = true` in [destination].",
            )
        self._unchecked = False

    def _place(self, source: Path, target: Path, handle: int, flush: Callable[[], None]) -> Tag:
        """Make the bytes durable, then visible."""
        flush()
        os.fsync(handle)
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
        directory = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        return _tag(os.fstat(handle))

    def _write_token(self, staged: StagedFile, tag: Tag) -> None:
        """Keep the token beside the tag that the file will have when it is visible.

        It is written first and believed only while the file has that tag, so that at no time a
        file shows a token that is not its own.
        """
        path = self._token_file(staged.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{tag.etag} {staged.token}")

    def _metadata(self, key: str, tag: Tag) -> dict[str, str]:
        try:
            etag, _, token = self._token_file(key).read_text().partition(" ")
        except FileNotFoundError:
            return {}
        return {"token": token} if etag == tag.etag else {}

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self._temporary().with_name("lock")
        with lock.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _tag(found: os.stat_result) -> Tag:
    return Tag(f"{found.st_ino:x}-{found.st_size:x}-{found.st_mtime_ns:x}")


def _umask() -> int:
    """Return the process's umask, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _raise(problem: OSError) -> None:
    if not isinstance(problem, FileNotFoundError):  # ended by somebody in the meantime
        raise problem
