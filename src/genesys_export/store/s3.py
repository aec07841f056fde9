"""A bucket as destination: multipart uploads that nobody sees until they are completed.

The only module that knows AWS, with translate.py beside it. boto3 finds the credentials its usual
ways. Conditional writes go through a client that never repeats a call: whoever got no clear answer
must look, not guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ..errors import Bug, UnknownOutcome, WrongSettings
from ..events import Observe, Uploaded, ignore
from ..model import Always, Condition, IfAbsent, IfUnchanged, Part, Seen, StagedFile, Stored, Tag
from .options import LARGEST_PART, S3Options
from .translate import is_missing, translated

if TYPE_CHECKING:
    from boto3 import Session
    from mypy_boto3_s3 import S3Client

_GROW_EVERY = 1_000  # parts; S3 allows 10,000 of them
_CONNECT_S = 10.0
_READ_ATTEMPTS = 3  # boto3 repeats calls, but not the reading of a body that breaks off


class S3Store:
    """Objects below one prefix of one bucket; safe from several threads."""

    def __init__(
        self, options: S3Options, *, observe: Observe = ignore, session: Session | None = None
    ) -> None:
        """Make the clients; asks nothing yet. Raises WrongSettings for an unknown profile.

        `session` brings credentials of its own; without one boto3 looks for them its usual ways.
        """
        self._options, self._observe = options, observe
        with translated("s3:ListBucket", self.url("")):
            self._s3 = _client(options, options.max_attempts, session)
            self._once = _client(options, 1, session)

    def url(self, key: str) -> str:
        """Return `s3://bucket/prefix/key`."""
        return f"s3://{self._options.bucket}/{self._options.key(key)}"

    def read(self, key: str) -> Stored | None:
        """Return the object whole, or None."""
        with translated("s3:GetObject", self.url(key)):
            for _ in range(_READ_ATTEMPTS - 1):
                try:
                    return self._read(key)
                except _broken_off():
                    continue
            return self._read(key)

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
        if conditional and not done.get("ETag"):
            raise UnknownOutcome(f"{self.url(key)}: the answer to a write holds no ETag")
        return Tag(done.get("ETag", ""), done.get("VersionId"))

    def stage(self, key: str, token: str, content_type: str) -> S3Upload:
        """Create a multipart upload, with the token in its metadata."""
        with translated("s3:PutObject", self.url(key)):
            created = self._s3.create_multipart_upload(
                Key=self._options.key(key),
                ContentType=content_type,
                Metadata={"token": token},
                **self._checksum(),
                **self._options.data(),
                **self._options.owner(),
            )
        return S3Upload(self, key, token, created["UploadId"])

    def complete(self, staged: StagedFile) -> Tag:
        """Complete the upload: the object appears whole, in one step.

        Works once: raises UnknownOutcome where the upload is gone, whoever ended it, or where no
        answer came (boto3 repeats the call, and may so meet its own success).
        """
        parts: list[Any] = [
            {"PartNumber": number, "ETag": part.etag}
            | ({"ChecksumCRC32": part.crc32} if part.crc32 else {})
            for number, part in enumerate(staged.parts, 1)
        ]
        with translated("s3:PutObject", self.url(staged.key), conditional=True):
            done = self._s3.complete_multipart_upload(
                Key=self._options.key(staged.key),
                UploadId=staged.upload_id,
                MultipartUpload={"Parts": parts},
                **self._options.owner(),
            )
        return Tag(done.get("ETag", ""), done.get("VersionId"))  # some stores tell none here

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
        """Return how large part `number` (from 0) is to be.

        It doubles every thousand parts, so that S3's 10,000 of them hold 8 TiB from 8 MiB on.
        """
        return min(self._options.part_bytes << (number // _GROW_EVERY), LARGEST_PART)

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

    def close(self) -> None:
        """Close the connections; the store is of no use afterwards."""
        self._s3.close()
        self._once.close()

    def _read(self, key: str) -> Stored | None:
        try:
            found = self._s3.get_object(Key=self._options.key(key), **self._options.owner())
        except self._s3.exceptions.ClientError as problem:
            if is_missing(problem):
                return None
            raise
        with closing(found["Body"]) as body:
            return Stored(body.read(), Tag(found["ETag"], found.get("VersionId")))

    def _checksum(self) -> dict[str, Any]:
        """Ask S3 to keep the whole object's CRC32 (else it keeps none, or a sum of sums).

        Not where boto3 is told to send checksums only if required: older stores know none.
        """
        config: Any = self._s3.meta.config
        if config.request_checksum_calculation != "when_supported":
            return {}
        return {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"}


class S3Upload:
    """A multipart upload under way; keeps one part in memory."""

    def __init__(self, store: S3Store, key: str, token: str, upload_id: str) -> None:
        """Begin without parts."""
        self._store, self._key, self._token, self._upload_id = store, key, token, upload_id
        self._pending = bytearray()
        self._parts: list[Part] = []
        self._digest = sha256()
        self._size = 0
        self._open = True

    def write(self, data: bytes | memoryview) -> None:
        """Take bytes; send whole parts."""
        self._check_open()
        self._pending += data
        self._digest.update(data)
        self._size += len(data)
        while len(self._pending) >= (most := self._store.part_bytes(len(self._parts))):
            self._send(bytes(memoryview(self._pending)[:most]))
            del self._pending[:most]

    def seal(self) -> StagedFile:
        """Send the last part (an empty file has one, too)."""
        self._check_open()
        if self._pending or not self._parts:
            self._send(bytes(self._pending))
            self._pending.clear()
        self._open = False
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
        self._open = False
        self._pending.clear()
        self._store.abort(self._key, self._upload_id)

    def _check_open(self) -> None:
        if not self._open:
            raise Bug(f"the upload of {self._key} is sealed or discarded already")

    def _send(self, body: bytes) -> None:
        number = len(self._parts) + 1
        self._parts.append(self._store.send_part(self._key, self._upload_id, number, body))


def _client(options: S3Options, attempts: int, session: Session | None) -> S3Client:
    import boto3  # noqa: PLC0415 - a tenth of a second that --help need not wait for
    from botocore.config import Config  # noqa: PLC0415 - as above

    session = session or boto3.Session(profile_name=options.profile)
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=_CONNECT_S,
        read_timeout=options.timeout_s,
        max_pool_connections=32,
        user_agent_extra="genesys-export",
    )
    try:
        return session.client(
            "s3", region_name=options.region, endpoint_url=options.endpoint_url, config=config
        )
    except ValueError as problem:  # how botocore says that an endpoint is no URL
        raise WrongSettings(
            f"s3://{options.bucket}: {problem}", advice="Check the endpoint (AWS_ENDPOINT_URL_S3)."
        ) from problem


def _broken_off() -> tuple[type[Exception], ...]:
    """Return what botocore raises when a body ends too early or not at all."""
    from botocore import exceptions  # noqa: PLC0415 - as above

    return (
        exceptions.IncompleteReadError,
        exceptions.ReadTimeoutError,
        exceptions.ResponseStreamingError,
    )


def _header(condition: Condition) -> dict[str, Any]:
    match condition:
        case IfAbsent():
            return {"IfNoneMatch": "*"}
        case IfUnchanged(tag):
            return {"IfMatch": tag.etag}
        case Always():
            return {}
