"""WRITE: where files go. A bucket or a folder, with the same promises; the only AWS knowledge."""

from __future__ import annotations

from collections.abc import Callable

from ..events import Observe, ignore
from ..model import Store
from .address import Bucket, located
from .conditions import honours_preconditions
from .folder import FolderStore
from .options import S3Options
from .single_writer import SingleWriter

__all__ = [
    "FolderStore",
    "S3Options",
    "SingleWriter",
    "honours_preconditions",
    "open_store",
]


def open_store(
    to: str,
    options: Callable[[str, str], S3Options],
    *,
    observe: Observe = ignore,
    network_folder: bool = False,
) -> Store:
    """Return the store `to` names: `s3://bucket/prefix`, `file:///dir`, or a path.

    `options` makes the S3 options of a bucket and a prefix. Nothing is asked or written yet. A
    folder on a network file system is refused at the first write, unless `network_folder`.
    """
    place = located(to)
    if isinstance(place, Bucket):
        from .s3 import S3Store  # noqa: PLC0415 - a folder does not wait for it

        return S3Store(options(place.name, place.prefix), observe=observe)
    return FolderStore(place, observe=observe, network_ok=network_folder)
