"""Files of a folder: their names, regular ones only, a trial rename; empty directories removed."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ..errors import NotAFile

# An empty directory that exists for a moment: no reader takes it for data.
_TRIAL = ".genesys-export-trial"


def names_of(root: Path, prefix: str, hidden: tuple[str, ...]) -> list[str]:
    """Return the sorted names of the files that begin with `prefix`, without hidden ones.

    A pipe or a device counts: reading it says what is wrong.
    """
    folder = root / prefix.rpartition("/")[0]  # a whole lake takes long to walk
    paths = (path for path in folder.rglob("*") if path.exists() and not path.is_dir())
    names = (path.relative_to(root).as_posix() for path in paths)
    return sorted(
        name for name in names if name.startswith(prefix) and not name.startswith(hidden)
    )


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading; raises NotAFile for a pipe, a device or a directory.

    A pipe would otherwise be waited for without end.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        regular(path, os.fstat(handle))
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def regular(path: Path, found: os.stat_result) -> os.stat_result:
    """Return what stat found; raises NotAFile if it is not a regular file."""
    if not stat.S_ISREG(found.st_mode):
        raise NotAFile(
            f"{path} is not a regular file",
            advice="Move it away, or check --to; then run the same command again.",
        )
    return found


def try_rename(staging: Path, target: Path) -> None:
    """Raise the OSError that renaming a file from `staging` to `target` would raise.

    Where the target's folder is missing its nearest parent is tried: no folder is made before
    there is something to put into it.
    """
    if target.is_dir() and not target.is_symlink():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    folder = target.parent
    while not folder.exists():
        folder = folder.parent
    _check_sticky(folder, target)
    trial = staging / secrets.token_hex(12)
    trial.mkdir()
    try:
        trial.rename(folder / _TRIAL)
        (folder / _TRIAL).rmdir()
    finally:
        with suppress(FileNotFoundError):
            trial.rmdir()


def _check_sticky(folder: Path, target: Path) -> None:
    """Raise PermissionError if only the owner of the old file may replace it."""
    mine, there = os.geteuid(), folder.stat()
    if not there.st_mode & stat.S_ISVTX or mine in {0, there.st_uid}:
        return
    with suppress(FileNotFoundError):
        if target.lstat().st_uid != mine:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(target))


def remove_empty(folder: Path) -> None:
    """Remove every empty directory below the folder."""
    for inner, _, _ in os.walk(folder, topdown=False):
        if inner != str(folder):
            with suppress(OSError):
                Path(inner).rmdir()
