"""A bucket as destination: multipart uploads that are invisible until they are completed.

Only this module, those named `s3_…`, options.py and translate.py beside it know AWS. Conditional
writes go through a client that never repeats a call: whoever got no clear answer must look, not
guess.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..days import http_date
from ..errors import DestinationFailed, UnknownOutcome
from ..events import Observe, ignore
from ..model import (
    Always,
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
from .options import S3Options
from .s3_client import LOOKING_UP, client_of, session_of
from .s3_read import read_chunks, read_whole, tag_of
from .s3_upload import Created, S3Upload, abort, holds, uploads
from .translate import is_missing, translated

if TYPE_CHECKING:
    from botocore.session import Session


_AT_ONCE = 8  # looks


class S3Store:
    """Objects below one prefix of one bucket; safe from several threads."""

    def __init__(
        self, options: S3Options, *, observe: Observe = ignore, session: Session | None = None
    ) -> None:
        """Make the clients; asks nothing yet. Raises WrongSettings for an unknown profile.

        `session` brings credentials of its own; without one botocore looks in its usual places.
        """
        self._options, self._observe = options, observe
        with translated("s3:ListBucket", self.url("")):
            session = session or session_of(options)
            self._s3 = client_of(options, options.max_attempts, session)
            self._once = client_of(options, 1, session)

    def url(self, key: str) -> str:
        """Return `s3://bucket/prefix/key`."""
        return self._options.url(key)

    def read(self, key: str) -> Stored | None:
        """Return the object whole, or None."""
        return read_whole(self._s3, self._options, key)

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
                **self._options.every(),
                **self._options.owner(),
            )
        if conditional and not done.get("ETag"):
            raise UnknownOutcome(f"{self.url(key)}: the answer to a write has no ETag")
        return tag_of(done)

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
        begun = Created(key=key, token=token, upload_id=created["UploadId"])
        return S3Upload(self._s3, self._options, begun, self._observe)

    def complete(self, staged: StagedFile) -> Tag:
        """Complete the upload: the object appears whole, in one step.

        Works once: raises UnknownOutcome if the upload is gone, whoever ended it, or where no
        answer came. It has no condition and an upload ends once, so botocore may repeat it: at
        worst it meets its own success, which a look at the token tells. A busy bucket would
        otherwise leave a day half replaced.
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
        return tag_of(done)

    def discard(self, upload: StagedFile | Pending) -> None:
        """Abort the upload, if it is still there."""
        abort(self._s3, self._options, upload.key, upload.upload_id)

    def check_replaceable(self, keys: Collection[str]) -> None:
        """Look at one key of each table: staging has shown the right to write, not to look."""
        one_each = {key.partition("/")[0]: key for key in keys}
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="check") as pool:
            [*pool.map(self.look, one_each.values())]

    def holds(self, staged: StagedFile) -> bool:
        """Whether the upload is there with exactly the parts that were sealed."""
        return holds(self._s3, self._options, staged)

    def uploads(self, prefix: str) -> Iterator[Pending]:
        """Yield the uploads that are neither completed nor aborted, of any run."""
        return uploads(self._s3, self._options, prefix)

    def look(self, key: str) -> Seen | None:
        """Return the result of HEAD, or None."""
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
            tag=tag_of(found),
            metadata=found["Metadata"],
            modified=found["LastModified"],
            now=self._date(key, found["ResponseMetadata"]["HTTPHeaders"]),
        )

    def delete(self, key: str) -> None:
        """Remove the object."""
        with translated("s3:DeleteObject", self.url(key)):
            self._s3.delete_object(Key=self._options.key(key), **self._options.owner())

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with `prefix`, in order."""
        return (found.key for found in self.scan(prefix))

    def scan(self, prefix: str, after: str = "") -> Iterator[Listed]:
        """Yield the keys that begin with `prefix` and follow `after`, in order, with sizes."""
        base = self._options.key("")
        start: Any = {"StartAfter": self._options.key(after)} if after else {}
        with translated("s3:ListBucket", self.url(prefix)):
            with LOOKING_UP:
                pages = self._s3.get_paginator("list_objects_v2").paginate(
                    Prefix=self._options.key(prefix), **start, **self._options.owner()
                )
            for page in pages:
                for found in page.get("Contents", ()):
                    key = found["Key"].removeprefix(base)
                    yield Listed(key, found["Size"], found.get("ETag", ""))

    def chunks(self, key: str, tag: Tag) -> Iterator[bytes]:
        """Yield the object's bytes while it is what `tag` names; else raises ChangedMeanwhile."""
        return read_chunks(self._s3, self._options, key, tag)

    def close(self) -> None:
        """Close the connections; the store is of no use afterwards."""
        self._s3.close()
        self._once.close()

    def _date(self, key: str, headers: Mapping[str, str]) -> datetime:
        """Return when the server says that it answered."""
        said = http_date(headers.get("date", ""))
        if said is None:
            raise DestinationFailed(
                f"{self.url(key)}: the answer has no Date header",
                advice="A proxy in front of the store must not remove it.",
            )
        return said

    def _checksum(self) -> dict[str, Any]:
        """Ask S3 to keep the whole object's CRC32 (else it keeps none, or a sum of sums).

        Not where botocore is told to send checksums only if required: older stores know none.
        """
        config: Any = self._s3.meta.config
        if config.request_checksum_calculation != "when_supported":
            return {}
        return {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"}


def _header(condition: Condition) -> dict[str, Any]:
    match condition:
        case IfAbsent():
            return {"IfNoneMatch": "*"}
        case IfUnchanged(tag):
            return {"IfMatch": tag.etag}
        case Always():
            return {}
