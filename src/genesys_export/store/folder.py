"""A folder as destination, with the promises of a bucket.

Staged files are in `_genesys_export/.staging`, on the same file system, so completing one is an
atomic rename. Conditional writes are a read, a compare and a rename under a lock (flock), which
holds on local file systems. A file's tag is its inode, size and time: it changes with every write
and survives the rename, so it is the file's token as well.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
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
from ..redaction import escaped
from .folder_files import names_of, open_regular, regular, remove_empty, try_rename
from .folder_tokens import OldTokens
from .folder_upload import FolderUpload, instant, pending_of, tag_of
from .mounts import MOUNTINFO, network_type
from .os_errors import translated_os

_HOME = "_genesys_export"
_STAGING = f"{_HOME}/.staging"
_PIECE_BYTES = 1 << 20
# Temporary files that are no uploads: they exist only while somebody holds the lock.
_TEMPORARY = re.compile(r"[0-9a-f]{24}")


def _machine() -> datetime:
    """Return the machine's time: asking the file system would be a write."""
    return datetime.now(UTC)


_HIDDEN = (f"{_STAGING}/", f"{_HOME}/{OldTokens.NAME}/")


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
        self._unchecked, self._unswept = not network_ok, True
        self._mountinfo = mountinfo
        self._old_tokens = OldTokens(self._root / _HOME)
        self._mode = 0o666 & ~_umask()

    def url(self, key: str) -> str:
        """Return the path; bytes of a name that are no UTF-8 are spelled out."""
        return escaped(str(self._path(key)))

    def read(self, key: str) -> Stored | None:
        """Return the file whole, or None."""
        with translated_os("read", key):
            try:
                with open_regular(self._path(key)) as file:
                    return Stored(file.read(), tag_of(os.fstat(file.fileno())))
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
                raise ChangedMeanwhile(f"{target} has changed")
            temporary = self._temporary()
            try:
                with temporary.open("xb") as file:
                    file.write(body)
                    return self._place(temporary, target, file.fileno(), file.flush)
            finally:
                temporary.unlink(missing_ok=True)

    def stage(self, key: str, token: str, content_type: str) -> FolderUpload:
        """Begin a temporary file; its token is its tag, not `token`."""
        del content_type, token
        with translated_os("write", key), self._locked() as staging:
            self._path(key)
            return FolderUpload(staging, key, mode=self._mode, observe=self._observe)

    def complete(self, staged: StagedFile) -> Tag:
        """Rename the temporary file to its place, replacing what was there.

        Works once: raises UnknownOutcome if it is gone, whoever ended it.
        """
        with translated_os("write", staged.key), self._locked():
            source, target = self._staged(staged.upload_id), self._path(staged.key)
            try:
                file = source.open("rb")
            except FileNotFoundError as gone:
                raise UnknownOutcome(
                    f"what was staged for {target} no longer exists: completed or discarded by "
                    f"something else"
                ) from gone
            with file:
                self._old_tokens.forget(staged.key)
                return self._place(source, target, file.fileno(), lambda: None)

    def discard(self, upload: StagedFile | Pending) -> None:
        """Remove the temporary file."""
        with translated_os("remove", upload.key):
            self._staged(upload.upload_id).unlink(missing_ok=True)

    def holds(self, staged: StagedFile) -> bool:
        """Whether the temporary file is there as it was sealed."""
        with translated_os("read", staged.key):
            try:
                found = self._staged(staged.upload_id).stat()
                return (found.st_size, tag_of(found).etag) == (staged.size_bytes, staged.token)
            except FileNotFoundError:
                return False

    def uploads(self, prefix: str) -> Iterator[Pending]:
        """Yield the staged files of any process for keys with this `prefix`."""
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
        """Return what is at the key, or None; a file that was changed has another token."""
        with translated_os("read", key):
            try:
                found = regular(self._path(key), self._path(key).stat())
            except (FileNotFoundError, NotADirectoryError):
                return None
            tag = tag_of(found)
            return Seen(
                key=key,
                size_bytes=found.st_size,
                tag=tag,
                metadata={"token": self._old_tokens.read(key, tag) or tag.etag},
                modified=instant(found.st_mtime_ns),
                now=self._now(),
            )

    def delete(self, key: str) -> None:
        """Remove the file."""
        with translated_os("remove", key):
            self._path(key).unlink(missing_ok=True)
            self._old_tokens.forget(key)

    def check_replaceable(self, keys: Collection[str]) -> None:
        """Try a rename from the staging directory into each key's folder; changes nothing."""
        targets = [self._path(key) for key in keys]
        with self._locked() as staging:
            for target in targets:
                key = target.relative_to(self._root).as_posix()
                with translated_os("write", key):
                    try_rename(staging, target)

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with `prefix`, in order; nothing staged."""
        with translated_os("list", prefix):
            yield from names_of(self._root, prefix, _HIDDEN)

    def scan(self, prefix: str, after: str = "") -> Iterator[Listed]:
        """Yield the keys that begin with `prefix` and follow `after`, in order, with sizes."""
        with translated_os("list", prefix):
            for name in names_of(self._root, prefix, _HIDDEN):
                if name <= after:
                    continue
                try:
                    found = (self._root / name).stat()  # foreign names, too
                except FileNotFoundError:  # gone since it was listed
                    continue
                yield Listed(name, found.st_size, tag_of(found).etag)

    def chunks(self, key: str, tag: Tag) -> Iterator[bytes]:
        """Yield the file's bytes; a file renamed over it meanwhile does not matter."""
        with translated_os("read", key):
            try:
                file = open_regular(self._path(key))
            except (FileNotFoundError, NotADirectoryError) as gone:
                raise ChangedMeanwhile(f"{self._path(key)} is not there") from gone
            with file:
                if tag_of(os.fstat(file.fileno())) != tag:
                    raise ChangedMeanwhile(f"{self._path(key)} has changed")
                while piece := file.read(_PIECE_BYTES):
                    yield piece

    def _path(self, key: str) -> Path:
        """Return the path of a key; a key can't leave the folder."""
        segments = key.split("/")
        if "\\" in key or "\0" in key or any(part in {"", ".", ".."} for part in segments):
            raise DestinationFailed(f"{key!r} is not a valid key for a folder")
        return self._root.joinpath(*segments)

    def _staged(self, upload_id: str) -> Path:
        return self._path(f"{_STAGING}/{upload_id}")

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
                f"{self._root} is on a network file system ({kind}), where locks may not work "
                f"and two runs could mix their files",
                advice="Use a local folder or a bucket; or, if two runs never write there at the "
                "same time, set `network_folder = true` in [destination].",
            )
        self._unchecked = False

    def _place(self, source: Path, target: Path, handle: int, flush: Callable[[], None]) -> Tag:
        """Make the bytes durable, then visible."""
        flush()
        os.fsync(handle)
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
        try:
            directory = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as problem:  # what is visible must not be taken for not written
            raise UnknownOutcome(
                f"{target} was written, but may be lost in a power failure: {problem.strerror}"
            ) from problem
        return tag_of(os.fstat(handle))

    @contextmanager
    def _locked(self) -> Iterator[Path]:
        """Hold the folder's lock inside; yields the staging directory."""
        staging = self._temporary().parent
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(staging / "lock", flags, 0o666), "r+b", 0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if self._unswept:
                self._sweep(staging)
            yield staging

    def _sweep(self, staging: Path) -> None:
        """Remove what a killed process left here: with the lock held nobody uses any of it."""
        for path in staging.iterdir():
            if _TEMPORARY.fullmatch(path.name) and not path.is_dir():
                path.unlink(missing_ok=True)
        remove_empty(staging)
        self._unswept = False


def _umask() -> int:
    """Return the process's umask, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _raise(problem: OSError) -> None:
    if not isinstance(problem, FileNotFoundError):  # ended by somebody in the meantime
        raise problem
