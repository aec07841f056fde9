"""Where in S3 to write and how, as the arguments that calls carry. Values only: no boto3 here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from ..errors import WrongSettings

SMALLEST_PART = 5 << 20  # but for the last one of an upload
LARGEST_PART = 5 << 30


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
    max_attempts: int = 10  # of each call that may be repeated, the first included
    timeout_s: float = 60.0  # for an answer, once connected

    def __post_init__(self) -> None:
        """Refuse parts that S3 would refuse."""
        if not SMALLEST_PART <= self.part_bytes <= LARGEST_PART:
            raise WrongSettings(f"part size: {self.part_bytes} bytes is not 5 MiB to 5 GiB")

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
