"""Where in S3 to write and how, as the arguments that calls carry. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from ..errors import WrongSettings

SMALLEST_PART = 5 << 20  # but for the last one of an upload
LARGEST_PART = 5 << 30
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
    acl: str | None = None  # a canned one: bucket-owner-full-control
    part_bytes: int = 8 << 20
    max_attempts: int = 10  # of each call that may be repeated, the first included
    timeout_s: float = 60.0  # for an answer, once connected

    def __post_init__(self) -> None:
        """Refuse parts that S3 would refuse."""
        if not SMALLEST_PART <= self.part_bytes <= LARGEST_PART:
            raise WrongSettings(f"part size: {self.part_bytes} bytes is not 5 MiB to 5 GiB")

    def key(self, key: str) -> str:
        """Return the key in the bucket."""
        return self.prefix.strip("/") + "/" + key if self.prefix.strip("/") else key

    def url(self, key: str) -> str:
        """Return where a person finds the object."""
        return f"s3://{self.bucket}/{self.key(key)}"

    def size_of_part(self, number: int) -> int:
        """Return the size of part `number` (from 0).

        It doubles every thousand parts, so that S3's 10,000 of them hold 8 TiB from 8 MiB on.
        """
        return min(self.part_bytes << (number // _GROW_EVERY), LARGEST_PART)

    def owner(self) -> dict[str, Any]:
        """Return what every request carries."""
        owner = self.expected_bucket_owner
        return {"Bucket": self.bucket, **({"ExpectedBucketOwner": owner} if owner else {})}

    def every(self) -> dict[str, Any]:
        """Return what every new object carries."""
        asked = {
            "ServerSideEncryption": self.sse,
            "SSEKMSKeyId": self.kms_key_id,
            "Tagging": urlencode(self.tags),
            "ACL": self.acl,
        }
        return {name: value for name, value in asked.items() if value}

    def data(self) -> dict[str, Any]:
        """Return what new data files carry."""
        kept_as = {"StorageClass": self.storage_class} if self.storage_class else {}
        return {**kept_as, **self.every()}
