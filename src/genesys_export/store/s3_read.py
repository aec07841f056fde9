"""Reading an object: whole where it is small, in pieces where it may be large.

botocore repeats calls, but not the reading of a body that breaks off: that is done here, a few
times, and never across two versions of an object.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from ..errors import ChangedMeanwhile, DestinationFailed
from ..model import Stored, Tag
from .options import S3Options
from .s3_client import broken_off
from .translate import is_missing, status_of, translated

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

_ATTEMPTS = 3  # in a row, none of which brought as much as a piece
_PIECE_BYTES = 1 << 20


def read_whole(client: S3Client, options: S3Options, key: str) -> Stored | None:
    """Return the object whole, or None."""
    with translated("s3:GetObject", options.url(key)):
        for _ in range(_ATTEMPTS - 1):
            try:
                return _read(client, options, key)
            except broken_off():
                continue
        return _read(client, options, key)


def _read(client: S3Client, options: S3Options, key: str) -> Stored | None:
    try:
        found = client.get_object(Key=options.key(key), **options.owner())
    except client.exceptions.ClientError as problem:
        if is_missing(problem):
            return None
        raise
    with closing(found["Body"]) as body:
        return Stored(body.read(), tag_of(found))


def read_chunks(client: S3Client, options: S3Options, key: str, tag: Tag) -> Iterator[bytes]:
    """Yield the bytes that `tag` names, continuing after the last byte if a body breaks off."""
    done, failures = 0, 0
    with translated("s3:GetObject", options.url(key)):
        while True:
            start = done
            try:
                with closing(_open(client, options, key, tag, start)) as body:
                    while piece := body.read(_PIECE_BYTES):
                        done += len(piece)
                        yield piece
            except broken_off():
                failures = failures + 1 if done - start < _PIECE_BYTES else 0
                if failures == _ATTEMPTS:
                    raise
            else:
                return


def _open(client: S3Client, options: S3Options, key: str, tag: Tag, start: int) -> StreamingBody:
    """Return the body from byte `start` on. Raises ChangedMeanwhile."""
    behind: dict[str, Any] = {"Range": f"bytes={start}-"} if start else {}
    try:
        found = client.get_object(
            Key=options.key(key), IfMatch=tag.etag, **behind, **options.owner()
        )
    except client.exceptions.ClientError as problem:
        if is_missing(problem) or status_of(problem) == 412:
            raise ChangedMeanwhile(f"{options.url(key)} has changed") from problem
        raise
    if start and not found.get("ContentRange", "").startswith(f"bytes {start}-"):
        found["Body"].close()
        raise DestinationFailed(f"{options.url(key)}: the store does not support range requests")
    return found["Body"]


def tag_of(found: Mapping[str, Any]) -> Tag:
    """Return how an answer identifies an object; some stores return neither on completion.

    The version "null" is none: where versioning is suspended, the next writing replaces it.
    """
    version = found.get("VersionId")
    return Tag(found.get("ETag", ""), None if version == "null" else version)
