"""What lies at a destination, read by csv, gzip and DuckDB; and what the simulated world holds.

Nothing of the exporter is used. A day is compared by a fingerprint of every table: how many rows,
and the sum of the hashes of their texts.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import duckdb

from fakes import some


class Reader(Protocol):
    """A destination as a reader has it."""

    def keys(self) -> list[str]: ...

    def read(self, key: str) -> tuple[bytes, str] | None:
        """Return an object and its ETag ("" where there is none)."""
        ...

    def uploads(self) -> int:
        """Return how many uploads are under way."""
        ...


@dataclass(frozen=True)
class FolderReader:
    """A folder."""

    root: Path

    def keys(self) -> list[str]:
        names = (one.relative_to(self.root).as_posix() for one in self.root.rglob("*"))
        return sorted(name for name in names if (self.root / name).is_file())

    def read(self, key: str) -> tuple[bytes, str] | None:
        path = self.root / key
        return (path.read_bytes(), "") if path.exists() else None

    def uploads(self) -> int:
        staging = self.root / "_genesys_export/.staging"
        return sum(1 for one in staging.rglob("*") if one.is_file() and one.name != "lock")


@dataclass(frozen=True)
class BucketReader:
    """A prefix of a bucket, asked directly."""

    client: Any
    bucket: str
    prefix: str

    def keys(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self.prefix
        )
        found = (one["Key"] for page in pages for one in page.get("Contents", ()))
        return sorted(key.removeprefix(self.prefix) for key in found)

    def read(self, key: str) -> tuple[bytes, str] | None:
        try:
            found = self.client.get_object(Bucket=self.bucket, Key=self.prefix + key)
        except self.client.exceptions.NoSuchKey:
            return None
        return found["Body"].read(), found["ETag"]

    def uploads(self) -> int:
        pages = self.client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self.bucket, Prefix=self.prefix
        )
        return sum(len(page.get("Uploads", ())) for page in pages)


@dataclass(frozen=True)
class Day:
    """A day of a dataset."""

    dataset: str
    date: str


def manifest_of(reader: Reader, day: Day) -> dict[str, Any] | None:
    found = reader.read(f"_genesys_export/{day.dataset}/{day.date}/manifest.json")
    return json.loads(found[0]) if found else None


def wrong_with(reader: Reader, day: Day) -> Iterator[str]:
    """Yield what breaks A6 at this moment: what the manifest names must be there."""
    manifest = manifest_of(reader, day)
    if manifest is None or "next" in manifest or manifest["state"] == "damaged":
        return
    for file in (file for files in manifest["tables"].values() for file in files):
        there = reader.read(file["key"])
        if there is None:
            yield f"{file['key']} is named but not there"
        elif there[1] not in {"", file["etag"]}:
            yield f"{file['key']} has another ETag than is named"
        elif sha256(there[0]).hexdigest() != file["sha256"]:
            yield f"{file['key']} has other bytes than are named"


@dataclass(frozen=True)
class Content:
    """What a day holds: ids of conversations, and a fingerprint a table."""

    ids: frozenset[str]
    tables: dict[str, tuple[int, int]]


def content_of(reader: Reader, day: Day) -> Content:
    """Read the day as the manifest names it."""
    manifest = manifest_of(reader, day)
    assert manifest is not None
    tables = {}
    ids: frozenset[str] = frozenset()
    with TemporaryDirectory() as folder, duckdb.connect() as db:
        db.execute("SET threads = 1")
        for table, files in manifest["tables"].items():
            paths = []
            for number, file in enumerate(files):
                path = Path(folder, f"{table}-{number}.csv")
                path.write_bytes(gzip.decompress(some(reader.read(file["key"]))[0]))
                paths.append(str(path))
            source = (
                "read_csv($paths, header = true, all_varchar = true, allow_quoted_nulls = false,"
                " quote = '\"', escape = '\"', delim = ',', auto_detect = true)"
            )
            told = {"paths": paths}
            row = db.execute(
                f"SELECT count(*), coalesce(sum(hash(row::VARCHAR)), 0) FROM {source} row", told
            ).fetchone()
            count, total = some(row)
            tables[table] = (count, int(total))
            if table == "conversations":
                rows = db.execute(f"SELECT conversation_id FROM {source}", told).fetchall()
                ids = frozenset(one for (one,) in rows)
                if len(ids) != len(rows):
                    raise AssertionError("a conversation is there twice")
    return Content(ids, tables)


def leftovers(reader: Reader, day: Day) -> list[str]:
    """Return the keys under the tables' prefixes that the manifest does not name."""
    manifest = some(manifest_of(reader, day))
    named = {file["key"] for files in manifest["tables"].values() for file in files}
    every = reader.keys()
    return [key for key in every if not key.startswith("_genesys_export/") and key not in named]
