"""What `--to` names: a bucket and a prefix, or a folder. Text only: nothing is looked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..errors import WrongSettings


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, and below which prefix of it."""

    name: str
    prefix: str


def located(to: str) -> Bucket | Path:
    """Return where `s3://bucket/prefix`, `file:///dir` or a path leads; raises WrongSettings."""
    if not to.strip():
        raise WrongSettings("--to is empty", advice="s3://bucket/prefix, file:///dir or a path")
    parts = urlsplit(to)
    if parts.scheme == "s3":
        if not parts.netloc:
            raise WrongSettings(f"--to: {to!r} has no bucket", advice="s3://bucket/prefix")
        return Bucket(parts.netloc, to.removeprefix(f"s3://{parts.netloc}").strip("/"))
    if parts.scheme == "file":
        if parts.netloc not in {"", "localhost"} or not parts.path:
            raise WrongSettings(f"--to: {to!r} is not file:///directory")
        return Path(unquote(parts.path))
    if "://" in to:
        raise WrongSettings(f"--to: {to!r}: only s3://… and folders are supported")
    return Path(to)
