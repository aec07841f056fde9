"""WRITE: where files go. A bucket or a folder, with the same promises; the only AWS knowledge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..errors import WrongSettings
from ..events import Observe, ignore
from ..model import Store
from .folder import FolderStore
from .options import S3Options
from .s3 import S3Store

__all__ = ["FolderStore", "S3Options", "S3Store", "open_store"]


def open_store(
    to: str, options: Callable[[str, str], S3Options], *, observe: Observe = ignore
) -> Store:
    """Return the store `to` names: `s3://bucket/prefix`, `file:///dir`, or a path.

    `options` makes the S3 options of a bucket and a prefix. Nothing is asked or written yet.
    """
    if not to.strip():
        raise WrongSettings(
            "--to: it is empty", advice="s3://bucket/prefix, file:///dir or a path"
        )
    parts = urlsplit(to)
    if parts.scheme == "s3":
        if not parts.netloc:
            raise WrongSettings(f"--to: {to!r} names no bucket", advice="s3://bucket/prefix")
        prefix = to.removeprefix(f"s3://{parts.netloc}").strip("/")
        return S3Store(options(parts.netloc, prefix), observe=observe)
    if parts.scheme == "file":
        if parts.netloc not in {"", "localhost"} or not parts.path:
            raise WrongSettings(f"--to: {to!r} is no file:///directory")
        return FolderStore(Path(unquote(parts.path)), observe=observe)
    if "://" in to:
        raise WrongSettings(f"--to: {to!r}: this version writes to s3://… and to folders only")
    return FolderStore(Path(to), observe=observe)
