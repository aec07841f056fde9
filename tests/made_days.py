"""Days that nobody exported: manifests and claims by hand, and a shelf to read them from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from genesys_export.claim import Claim, Failure, Holder
from genesys_export.damage import files_of
from genesys_export.datasets import DEFAULT, dataset_named
from genesys_export.days import Day
from genesys_export.life import Policy
from genesys_export.manifest import File, Manifest, Next, Recipe
from genesys_export.model import Counts, Listed, Seen, SliceRecord, Stored, Tag
from genesys_export.operations.status.reading import Place, read
from genesys_export.source_count import SourceCount, Verdict

UTC_ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
DATASET = dataset_named(DEFAULT)
PLACE = Place(
    org="", dataset=DATASET, zone=UTC_ZONE, policy=Policy()
)  # Without a look back: only yesterday can be due.
ELSEWHERE = Policy(settle=timedelta(0), catch_up_days=0, looks=(), open_looks=())
NAMES = replace(
    PLACE, dataset=dataset_named("dimensions"), policy=replace(ELSEWHERE, snapshot=True)
)
RECIPE = Recipe(
    timezone="UTC",
    engine="jobs",
    filters={},
    tables=("conversations", "participants", "segments"),
    format="csv.gz",
    layout="daily",
    csv={"newlines": "keep"},
    column_version=1,
)


class Shelf:
    """What of a store is read: objects by key, each with the time it was put there."""

    def __init__(self, *, now: datetime = NOW) -> None:
        self._now = now
        self._objects: dict[str, tuple[bytes, datetime]] = {}
        self._sizes: dict[str, int] = {}  # of data files, whose bytes nobody reads

    def lay(self, key: str, body: bytes, *, at: datetime | None = None) -> Shelf:
        self._objects[key] = (body, at or self._now)
        return self

    def lay_file(self, key: str, size_bytes: int) -> Shelf:
        self._sizes[key] = size_bytes
        return self

    def lose(self, key: str) -> Shelf:
        del self._sizes[key]
        return self

    def url(self, key: str) -> str:
        return f"s3://lake/analytics/{key}"

    def list(self, prefix: str) -> Iterator[str]:
        yield from sorted(key for key in self._objects if key.startswith(prefix))

    def scan(self, prefix: str, after: str = "") -> Iterator[Listed]:
        sizes = {key: len(body) for key, (body, _) in self._objects.items()} | self._sizes
        for key in sorted(sizes):
            if key.startswith(prefix) and key > after:
                yield Listed(key, sizes[key])

    def read(self, key: str) -> Stored | None:
        found = self._objects.get(key)
        return Stored(found[0], Tag(sha256(found[0]).hexdigest())) if found else None

    def look(self, key: str) -> Seen | None:
        found = self._objects.get(key)
        if found is None:
            return None
        body, modified = found
        return Seen(
            key=key,
            size_bytes=len(body),
            tag=Tag("t"),
            metadata={},
            modified=modified,
            now=self._now,
        )


def manifest(day: str, state: str = "final", *, late: timedelta | None = None, **more) -> Manifest:
    """Return the manifest of a day that was fetched so long after its end."""
    whole = Day(date.fromisoformat(day), UTC_ZONE).interval
    waited = late or {"final": timedelta(4, hours=6)}.get(state, timedelta(hours=6, minutes=5))
    fetched = whole.end + waited
    conversations = more.pop("conversations", 1200)
    files = {
        "conversations": conversations,
        "participants": 2 * conversations,
        "segments": 6 * conversations,
    }
    made = Manifest(
        dataset="conversation_details",
        day=day,
        interval=whole,
        timezone="UTC",
        recipe=RECIPE,
        state=state,
        attempt=f"a{day.replace('-', '')}02",
        attempts=(f"a{day.replace('-', '')}01", f"a{day.replace('-', '')}02"),
        tool_version="0.1.0",
        slices=(
            SliceRecord(
                interval=whole,
                watermark=fetched - timedelta(hours=2),
                fetched=fetched,
                job_ids=("job-1",),
            ),
        ),
        tables={
            name: (
                File(
                    key=f"{name}/{day}.csv.gz",
                    rows=rows,
                    bytes=90 * rows,
                    sha256=sha256(f"{name}{day}".encode()).hexdigest(),
                ),
            )
            for name, rows in files.items()
        },
        digest="0" * 64,
        counts=Counts(received=conversations + 3, exported=conversations, duplicates=3),
        rejects=None,
        began=fetched - timedelta(minutes=1),
        ended=fetched + timedelta(minutes=11),
    )
    return replace(made, **more)


def counted(ours: int, theirs: int | None, verdict: str = "agrees") -> SourceCount:
    """Return a count of the source's own."""
    return SourceCount(
        asked=NOW,
        query_hits=theirs,
        by_media=None,
        ours=ours,
        rejected=0,
        tolerance=0.01,
        floor=20,
        verdict=Verdict(verdict),
        note="",
    )


def claim(day: str, **more) -> Claim:
    """Return a claim on a day, released unless it says something else."""
    made = Claim(
        day=day,
        attempt="a-claimer",
        recipe=RECIPE.fingerprint,
        manifest="",
        holder=Holder(host="exporter-1", pid=4711),
        began=NOW - timedelta(minutes=20),
        lease_s=900.0,
        released=True,
    )
    return replace(made, **more)


def failure(status: int = 69, *, at: datetime = NOW, message: str = "Genesys did not answer"):
    return Failure(status=status, message=message, advice="Run it again later.", at=at)


def lay(shelf: Shelf, *things: Manifest | Claim, org: str = "", at: datetime | None = None):
    """Put manifests, their files and claims where they belong."""
    for thing in things:
        kind = "manifest" if isinstance(thing, Manifest) else "claim"
        for file in files_of(thing) if isinstance(thing, Manifest) else ():
            shelf.lay_file(file.key, file.bytes)
        home = replace(PLACE, org=org).home
        shelf.lay(f"{home}/{thing.day}/{kind}.json", thing.encode(), at=at)
    return shelf


def status_of(*things: Manifest | Claim, now: datetime = NOW, at: datetime | None = None, **more):
    """Return the status of these days and no other, as it is read at that instant."""
    return read(lay(Shelf(now=now), *things, at=at), PLACE, now, **more)


def lay_out(root: Path, *things: Manifest | Claim, org: str = "") -> Path:
    """Put the same below a folder; data files are as long as named, and empty."""
    home = root / str(replace(PLACE, org=org).home)
    for thing in things:
        kind = "manifest" if isinstance(thing, Manifest) else "claim"
        (home / thing.day).mkdir(parents=True, exist_ok=True)
        (home / thing.day / f"{kind}.json").write_bytes(thing.encode())
        for file in files_of(thing) if isinstance(thing, Manifest) else ():
            path = root / file.key
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as there:
                there.truncate(file.bytes)
    return root


def replacing(made: Manifest) -> Manifest:
    return replace(made, next=Next(uploads=(), deletes=()))
