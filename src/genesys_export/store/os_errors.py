"""What the operating system says, as our errors: once, here, with the file and what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import DestinationFailed, NotPermitted, WrongSettings

_ELSEWHERE = {errno.ENOTDIR, errno.EISDIR, errno.EROFS}


@contextmanager
def translated_os(verb: str, key: str) -> Iterator[None]:
    """Turn the operating system's errors into ours."""
    try:
        yield
    except PermissionError as problem:
        raise NotPermitted(
            f"could not {verb} {key}: no permission for {problem.filename or 'it'}",
            advice="Give the user that runs the export write permission for the folder.",
        ) from problem
    except OSError as problem:
        if problem.errno == errno.EXDEV:
            raise WrongSettings(
                f"could not {verb} {key}: its folder is on another file system than"
                " _genesys_export/.staging, so files can't be renamed into place",
                advice="Keep the whole destination folder on one file system.",
            ) from problem
        if problem.errno in _ELSEWHERE:
            raise WrongSettings(
                f"could not {verb} {key}: {problem.strerror}: {problem.filename or 'the folder'}",
                advice="Check --to.",
            ) from problem
        raise DestinationFailed(f"could not {verb} {key}: {problem.strerror}") from problem
