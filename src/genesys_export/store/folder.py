"""A folder as destination, with the promises of a bucket.

What is staged lies under `_genesys_export/.staging`, on the same file system, so completing is one
atomic rename. Conditional writes are a read, a compare and a rename under a lock (flock), which
holds on local file systems. A file's tag is its inode, size and time: it changes with every write.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from ..errors import (
    Bug,
    ChangedMeanwhile,
    DestinationFailed,
    NotPermitted,
    UnknownOutcome,
    WrongSettings,
)
from ..events import Observe, Uploaded, ignore
from ..model import Condition, IfAbsent, IfUnchanged, Part, Seen, StagedFile, Stored, Tag

_HOME = "_genesys_export"
_STAGING = f"{_HOME}/.staging"
_TOKENS = f"{_HOME}/.tokens"


class FolderStore:
    """Files below one directory; safe from several threads and processes of one machine."""

    def __init__(self, root: Path, *, observe: Observe = ignore) -> None:
        """Touch nothing yet; the directory is made at the first write."""
        self._root = root.absolute()
        self._observe = observe
        self._mode = 0o666 & ~_umask()

    def url(self, key: str) -> str:
        """Return the path."""
        return str(self._path(key))

    def read(self, key: str) -> Stored | None:
        """Return the file whole, or None."""
        with _translated("read", key):
            try:
                with self._path(key).open("rb") as file:
                    return Stored(file.read(), _tag(os.fstat(file.fileno())))
            except (FileNotFoundError, NotADirectoryError):
                return None

    def put(self, key: str, body: bytes, condition: Condition, content_type: str) -> Tag:
        """Write the file atomically if the condition holds; raises ChangedMeanwhile."""
        del content_type  # a file has none
        with _translated("write", key), self._locked():
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
        with _translated("write", key):
            self._path(key)
            path = self._temporary()
            return FolderUpload(key, token, path, mode=self._mode, observe=self._observe)

    def complete(self, staged: StagedFile) -> Tag:
        """Rename the temporary file to its place, replacing what was there.

        Works once: raises UnknownOutcome where it is gone, whoever ended it.
        """
        with _translated("write", staged.key), self._locked():
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

    def discard(self, staged: StagedFile) -> None:
        """Remove the temporary file."""
        with _translated("remove", staged.key):
            self._staged(staged.upload_id).unlink(missing_ok=True)

    def look(self, key: str) -> Seen | None:
        """Return what is at the key, or None; the token is that of the staged file it was.

        A file that was changed or copied by other means has none.
        """
        with _translated("read", key):
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
                modified=datetime.fromtimestamp(found.st_mtime, UTC),
            )

    def delete(self, key: str) -> None:
        """Remove the file."""
        with _translated("remove", key):
            self._path(key).unlink(missing_ok=True)
            self._token_file(key).unlink(missing_ok=True)

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with `prefix`, in order; nothing staged."""
        with _translated("list", prefix):
            names = (
                path.relative_to(self._root).as_posix()
                for path in self._root.rglob("*")
                if path.is_file()
            )
            hidden = (f"{_STAGING}/", f"{_TOKENS}/")
            yield from sorted(
                name for name in names if name.startswith(prefix) and not name.startswith(hidden)
            )

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
        path = self._staged(secrets.token_hex(12))
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        return path

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


class FolderUpload:
    """A temporary file being written, readable by its owner only."""

    def __init__(self, key: str, token: str, path: Path, *, mode: int, observe: Observe) -> None:
        """Open it."""
        self._key, self._token, self._path = key, token, path
        self._mode, self._observe = mode, observe
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(handle, "wb")
        self._digest = sha256()
        self._size = 0

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes."""
        self._check_open()
        with _translated("write", self._key):
            self._file.write(data)
        self._digest.update(data)
        self._size += len(data)

    def seal(self) -> StagedFile:
        """Close the file; it can be completed by any process from now on."""
        self._check_open()
        with _translated("write", self._key):
            self._file.flush()
            os.fsync(self._file.fileno())  # a manifest may name it from now on
            self._file.close()
            self._path.chmod(self._mode)
        self._observe(Uploaded(key=self._key, size_bytes=self._size))
        return StagedFile(
            key=self._key,
            upload_id=self._path.name,
            parts=(Part(self._digest.hexdigest()),),
            token=self._token,
            size_bytes=self._size,
            sha256=self._digest.hexdigest(),
        )

    def discard(self) -> None:
        """Close and remove the file."""
        with _translated("remove", self._key):
            self._path.unlink(missing_ok=True)
        with suppress(OSError):  # what a full disk did not take is not wanted any more
            self._file.close()

    def _check_open(self) -> None:
        if self._file.closed:
            raise Bug(f"the upload of {self._key} is sealed or discarded already")


def _tag(found: os.stat_result) -> Tag:
    return Tag(f"{found.st_ino:x}-{found.st_size:x}-{found.st_mtime_ns:x}")


def _umask() -> int:
    """Return the process's umask, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


@contextmanager
def _translated(verb: str, key: str) -> Iterator[None]:
    """Turn the operating system's errors into ours."""
    try:
        yield
    except PermissionError as problem:
        raise NotPermitted(
            f"could not {verb} {key}: no permission for {problem.filename or 'it'}",
            advice="Give the user that runs the export write permission for the folder.",
        ) from problem
    except OSError as problem:
        if problem.errno in {errno.ENOTDIR, errno.EISDIR, errno.EROFS}:
            raise WrongSettings(
                f"could not {verb} {key}: {problem.strerror}: {problem.filename or 'the folder'}",
                advice="Check --to.",
            ) from problem
        raise DestinationFailed(f"could not {verb} {key}: {problem.strerror}") from problem
