"""A bucket as destination: multipart uploads that nobody sees until they are completed.

The only module that knows AWS, with translate.py beside it. boto3 finds the credentials its usual
ways. Conditional writes go through a client that never repeats a call: whoever got no clear answer
must look, not guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ..events import Observe, Uploaded, ignore
from ..model import Always, Condition, IfAbsent, IfUnchanged, Part, Seen, StagedFile, Stored, Tag
from .translate import is_missing, translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_GROW_EVERY = 1_000  # parts; S3 allows 10,000 of them


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Options:
    """Where and how to write."""

    bucket: str
    prefix: str = ""
    endpoint_url: str | None = None
    region: str | None = None
    profile: str | None = None
    storage_class: str | None = None
    sse: str | None = None  # AES256 or aws:kms
    kms_key_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    expected_bucket_owner: str | None = None
    part_bytes: int = 8 << 20
    max_attempts: int = 10

    def key(self, key: str) -> str:
        """Return the key in the bucket."""
        return self.prefix.strip("/") + "/" + key if self.prefix.strip("/") else key

    def owner(self) -> dict[str, Any]:
        """Return what every request carries."""
        owner = self.expected_bucket_owner
        return {"Bucket": self.bucket, **({"ExpectedBucketOwner": owner} if owner else {})}

    def encryption(self) -> dict[str, Any]:
        """Return what every new object carries."""
        asked = {"ServerSideEncryption": self.sse, "SSEKMSKeyId": self.kms_key_id}
        return {name: value for name, value in asked.items() if value}

    def data(self) -> dict[str, Any]:
        """Return what new data files carry beside that."""
        asked = {"StorageClass": self.storage_class, "Tagging": urlencode(self.tags)}
        return {name: value for name, value in asked.items() if value} | self.encryption()


class S3Store:
    """Objects below one prefix of one bucket; safe from several threads."""

    def __init__(self, options: S3Options, *, observe: Observe = ignore) -> None:
        """Make the clients; asks nothing yet. Raises WrongSettings for an unknown profile."""
        self._options, self._observe = options, observe
        with translated("s3:ListBucket", self.url("")):
            self._s3 = _client(options, options.max_attempts)
            self._once = _client(options, 1)

    def url(self, key: str) -> str:
        """Return `s3://bucket/prefix/key`."""
        return f"s3://{self._options.bucket}/{self._options.key(key)}"

    def read(self, key: str) -> Stored | None:
        """Return the object whole, or None."""
        with translated("s3:GetObject", self.url(key)):
            try:
                found = self._s3.get_object(Key=self._options.key(key), **self._options.owner())
            except self._s3.exceptions.ClientError as problem:
                if is_missing(problem):
                    return None
                raise
            return Stored(found["Body"].read(), Tag(found["ETag"], found.get("VersionId")))

    def put(self, key: str, body: bytes, condition: Condition, content_type: str) -> Tag:
        """Write the object under the condition: atomic; never repeated when conditional."""
        conditional = not isinstance(condition, Always)
        client = self._once if conditional else self._s3
        with translated("s3:PutObject", self.url(key), conditional=conditional):
            done = client.put_object(
                Key=self._options.key(key),
                Body=body,
                ContentType=content_type,
                **_header(condition),
                **self._options.encryption(),
                **self._options.owner(),
            )
        return Tag(done["ETag"], done.get("VersionId"))

    def stage(self, key: str, token: str, content_type: str) -> S3Upload:
        """Create a multipart upload, with the token in its metadata."""
        with translated("s3:PutObject", self.url(key)):
            created = self._s3.create_multipart_upload(
                Key=self._options.key(key),
                ContentType=content_type,
                Metadata={"token": token},
                **self._options.data(),
                **self._options.owner(),
            )
        return S3Upload(self, key, token, created["UploadId"])

    def complete(self, staged: StagedFile) -> Tag:
        """Complete the upload: the object appears whole, in one step. Works once."""
        parts: list[Any] = [
            {"PartNumber": number, "ETag": part.etag}
            | ({"ChecksumCRC32": part.crc32} if part.crc32 else {})
            for number, part in enumerate(staged.parts, 1)
        ]
        with translated("s3:PutObject", self.url(staged.key)):
            done = self._s3.complete_multipart_upload(
                Key=self._options.key(staged.key),
                UploadId=staged.upload_id,
                MultipartUpload={"Parts": parts},
                **self._options.owner(),
            )
        return Tag(done["ETag"], done.get("VersionId"))

    def discard(self, staged: StagedFile) -> None:
        """Abort the upload, if it is still there."""
        self.abort(staged.key, staged.upload_id)

    def abort(self, key: str, upload_id: str) -> None:
        """Abort an upload, if it is still there."""
        with translated("s3:AbortMultipartUpload", self.url(key)):
            try:
                self._s3.abort_multipart_upload(
                    Key=self._options.key(key), UploadId=upload_id, **self._options.owner()
                )
            except self._s3.exceptions.ClientError as problem:
                if not is_missing(problem):
                    raise

    def send_part(self, key: str, upload_id: str, number: int, body: bytes) -> Part:
        """Upload one part."""
        with translated("s3:PutObject", self.url(key)):
            sent = self._s3.upload_part(
                Key=self._options.key(key),
                UploadId=upload_id,
                PartNumber=number,
                Body=body,
                **self._options.owner(),
            )
        self._observe(Uploaded(key=key, size_bytes=len(body)))
        return Part(sent["ETag"], sent.get("ChecksumCRC32"))

    def part_bytes(self, number: int) -> int:
        """Return how large part `number` is to be: growing, so that 10,000 parts always do."""
        return self._options.part_bytes * (1 + number // _GROW_EVERY)

    def look(self, key: str) -> Seen | None:
        """Return what HEAD tells, or None."""
        with translated("s3:GetObject", self.url(key)):
            try:
                found = self._s3.head_object(Key=self._options.key(key), **self._options.owner())
            except self._s3.exceptions.ClientError as problem:
                if is_missing(problem):
                    return None
                raise
        return Seen(
            key=key,
            size_bytes=found["ContentLength"],
            tag=Tag(found["ETag"], found.get("VersionId")),
            metadata=found["Metadata"],
            modified=found["LastModified"],
        )

    def delete(self, key: str) -> None:
        """Remove the object."""
        with translated("s3:DeleteObject", self.url(key)):
            self._s3.delete_object(Key=self._options.key(key), **self._options.owner())

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with `prefix`, in order."""
        base = self._options.key("")
        with translated("s3:ListBucket", self.url(prefix)):
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Prefix=self._options.key(prefix), **self._options.owner()
            )
            for page in pages:
                for found in page.get("Contents", ()):
                    yield found["Key"].removeprefix(base)


class S3Upload:
    """A multipart upload under way; keeps one part in memory."""

    def __init__(self, store: S3Store, key: str, token: str, upload_id: str) -> None:
        """Begin without parts."""
        self._store, self._key, self._token, self._upload_id = store, key, token, upload_id
        self._pending = bytearray()
        self._parts: list[Part] = []
        self._digest = sha256()
        self._size = 0

    def write(self, data: bytes | memoryview) -> None:
        """Take bytes; send whole parts."""
        self._pending += data
        self._digest.update(data)
        self._size += len(data)
        while len(self._pending) >= (most := self._store.part_bytes(len(self._parts))):
            self._send(bytes(memoryview(self._pending)[:most]))
            del self._pending[:most]

    def seal(self) -> StagedFile:
        """Send the last part (an empty file has one, too)."""
        if self._pending or not self._parts:
            self._send(bytes(self._pending))
            self._pending.clear()
        return StagedFile(
            key=self._key,
            upload_id=self._upload_id,
            parts=tuple(self._parts),
            token=self._token,
            size_bytes=self._size,
            sha256=self._digest.hexdigest(),
        )

    def discard(self) -> None:
        """Abort the upload."""
        self._store.abort(self._key, self._upload_id)

    def _send(self, body: bytes) -> None:
        number = len(self._parts) + 1
        self._parts.append(self._store.send_part(self._key, self._upload_id, number, body))


def _client(options: S3Options, attempts: int) -> S3Client:
    import boto3  # noqa: PLC0415 - a tenth of a second that --help need not wait for
    from botocore.config import Config  # noqa: PLC0415 - as above

    session = boto3.Session(profile_name=options.profile, region_name=options.region)
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=32,
        user_agent_extra="genesys-export",
    )
    return session.client("s3", endpoint_url=options.endpoint_url, config=config)


def _header(condition: Condition) -> dict[str, Any]:
    match condition:
        case IfAbsent():
            return {"IfNoneMatch": "*"}
        case IfUnchanged(tag):
            return {"IfMatch": tag.etag}
        case Always():
            return {}
