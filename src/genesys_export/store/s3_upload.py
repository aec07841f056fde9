"""Multipart uploads: invisible parts, sent one after another, found again by any process.

Knows how an upload is filled, listed and aborted; it is begun and completed by S3Store.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from ..errors import Bug
from ..events import Observe, Uploaded
from ..model import Part, Pending, StagedFile
from .options import S3Options
from .s3_client import LOOKING_UP
from .s3_spool import Spool
from .translate import is_missing, translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """An upload that S3 has just begun for us."""

    key: str
    token: str
    upload_id: str


class S3Upload:
    """A multipart upload in progress; holds the part that is being filled."""

    def __init__(
        self, client: S3Client, options: S3Options, created: Created, observe: Observe
    ) -> None:
        """Begin without parts."""
        self._client, self._options, self._observe = client, options, observe
        self._created = created
        self._spool = Spool()
        self._parts: list[Part] = []
        self._digest = sha256()
        self._size = 0
        self._open = True

    def write(self, data: bytes | memoryview) -> None:
        """Take bytes; send whole parts."""
        self._check_open()
        self._digest.update(data)
        self._size += len(data)
        left = memoryview(data)
        while left:
            missing = self._options.size_of_part(len(self._parts)) - len(self._spool)
            self._spool.write(left[:missing])
            if len(left) >= missing:
                self._send()
            left = left[missing:]

    def seal(self) -> StagedFile:
        """Send the last part (an empty file has one, too)."""
        self._check_open()
        if len(self._spool) or not self._parts:
            self._send()
        self._end()
        return StagedFile(
            key=self._created.key,
            upload_id=self._created.upload_id,
            parts=tuple(self._parts),
            token=self._created.token,
            size_bytes=self._size,
            sha256=self._digest.hexdigest(),
        )

    def discard(self) -> None:
        """Abort the upload."""
        self._end()
        abort(self._client, self._options, self._created.key, self._created.upload_id)

    def _check_open(self) -> None:
        if not self._open:
            raise Bug(f"the upload of {self._created.key} is sealed or discarded already")

    def _end(self) -> None:
        self._open = False
        self._spool.close()

    def _send(self) -> None:
        """Send what waits as the next part; after a failure the upload can only be discarded."""
        key, body = self._created.key, self._spool.take()
        try:
            with translated("s3:PutObject", self._options.url(key)):
                sent = self._client.upload_part(
                    Key=self._options.key(key),
                    UploadId=self._created.upload_id,
                    PartNumber=len(self._parts) + 1,
                    Body=body,
                    **self._options.owner(),
                )
        except BaseException:
            self._end()
            raise
        self._observe(Uploaded(key=key, size_bytes=len(body)))
        self._parts.append(Part(sent["ETag"], sent.get("ChecksumCRC32")))


def abort(client: S3Client, options: S3Options, key: str, upload_id: str) -> None:
    """Abort an upload, if it is still there."""
    with translated("s3:AbortMultipartUpload", options.url(key)):
        try:
            client.abort_multipart_upload(
                Key=options.key(key), UploadId=upload_id, **options.owner()
            )
        except client.exceptions.ClientError as problem:
            if not is_missing(problem):
                raise


def holds(client: S3Client, options: S3Options, staged: StagedFile) -> bool:
    """Whether the upload is there with exactly the parts that were sealed."""
    there: list[tuple[int, str]] = []
    size = 0
    with translated("s3:ListMultipartUploadParts", options.url(staged.key)):
        with LOOKING_UP:
            pages = client.get_paginator("list_parts").paginate(
                Key=options.key(staged.key), UploadId=staged.upload_id, **options.owner()
            )
        try:
            for page in pages:
                for part in page.get("Parts", ()):
                    there.append((part["PartNumber"], part["ETag"].strip('"')))
                    size += part["Size"]
        except client.exceptions.ClientError as problem:
            if is_missing(problem):
                return False
            raise
    sealed = [(number, part.etag.strip('"')) for number, part in enumerate(staged.parts, 1)]
    return there == sealed and size == staged.size_bytes


def uploads(client: S3Client, options: S3Options, prefix: str) -> Iterator[Pending]:
    """Yield the uploads that are neither completed nor aborted."""
    base = options.key("")
    with translated("s3:ListBucketMultipartUploads", options.url(prefix)):
        with LOOKING_UP:
            pages = client.get_paginator("list_multipart_uploads").paginate(
                Prefix=options.key(prefix), **options.owner()
            )
        for page in pages:
            for found in page.get("Uploads", ()):
                yield Pending(
                    key=found["Key"].removeprefix(base),
                    upload_id=found["UploadId"],
                    began=found["Initiated"],
                )
