"""What lies in a folder after an export, and what the simulated world holds: read independently.

Nothing of the exporter is used but which dataset a table is of: gzip, csv and json of the standard
library on the one side, the simulator's own records on the other.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from genesys_export.datasets import DEFAULT, owner
from genesys_simulator import World
from genesys_simulator.times import Span, to_ms

csv.field_size_limit(2**26)

TABLES = (
    "conversations",
    "participants",
    "participant_attributes",
    "sessions",
    "segments",
    "session_metrics",
    "segment_properties",
    "segment_scored_agents",
    "session_agent_groups",
    "session_proposed_agents",
    "media_endpoint_stats",
    "flow_outcomes",
    "evaluations",
    "surveys",
    "resolutions",
)


@dataclass(frozen=True)
class Lake:
    """A folder that days were exported to."""

    root: Path
    org: str = ""

    @property
    def base(self) -> Path:
        return self.root / self.org

    def files(self) -> list[str]:
        """Return every file a reader could see, by its path below the folder.

        That is what is published: not the books that the program keeps for itself.
        """
        paths = (path for path in self.root.rglob("*") if path.is_file())
        names = (path.relative_to(self.root) for path in paths)
        seen = (name for name in names if not any(part.startswith(".") for part in name.parts))
        return sorted(name.as_posix() for name in seen if not is_book(name.as_posix()))

    def claim(self, day: object) -> dict:
        path = self.base / f"_genesys_export/conversation_details/{day}/claim.json"
        return json.loads(path.read_text("utf-8"))

    def staged(self) -> list[Path]:
        """Return what was begun and neither completed nor removed."""
        staging = self.root / "_genesys_export" / ".staging"
        return [path for path in staging.glob("*") if path.name != "lock"]

    def manifest(self, day: object, dataset: str = DEFAULT) -> dict:
        path = self.base / f"_genesys_export/{dataset}/{day}/manifest.json"
        return json.loads(path.read_text("utf-8"))

    def lines(self, key: str) -> list[dict]:
        """Return a file of JSON lines."""
        text = gzip.decompress((self.root / key).read_bytes()).decode("utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def keys(self, day: object, table: str) -> list[str]:
        owning = owner(table)
        made = self.manifest(day, owning.name if owning else DEFAULT)
        return [file["key"] for file in made["tables"][table]]

    def text(self, day: object, table: str) -> str:
        """Return what a table's first file holds."""
        return gzip.decompress((self.root / self.keys(day, table)[0]).read_bytes()).decode("utf-8")

    def header(self, day: object, table: str) -> list[str]:
        return next(csv.reader(io.StringIO(self.text(day, table), newline="")))

    def rows(self, day: object, table: str) -> list[dict[str, str]]:
        """Return a table's rows out of all its files, as the manifest names them."""
        found: list[dict[str, str]] = []
        for key in self.keys(day, table):
            unpacked = gzip.decompress((self.root / key).read_bytes()).decode("utf-8")
            found += csv.DictReader(io.StringIO(unpacked, newline=""))
        return found

    def ids(self, day: object) -> list[str]:
        return sorted(row["conversation_id"] for row in self.rows(day, "conversations"))

    def contents(self, day: object) -> dict[str, bytes]:
        """Return every table file, decompressed: two days are the same if these are."""
        return {
            key: gzip.decompress((self.root / key).read_bytes())
            for table in self.manifest(day)["tables"]
            for key in self.keys(day, table)
        }

    def check(self, day: object) -> None:
        """Hold every file against the manifest, and every file seen against some manifest."""
        manifest = self.manifest(day)
        assert "next" not in manifest
        for table, files in manifest["tables"].items():
            for file in files:
                stored = (self.root / file["key"]).read_bytes()
                told = (file["bytes"], file["sha256"])
                assert (len(stored), sha256(stored).hexdigest()) == told, file["key"]
            assert len(self.rows(day, table)) == sum(file["rows"] for file in files), table

    def snapshot(self) -> dict[str, bytes]:
        """Return everything a reader could see, byte for byte."""
        return {name: (self.root / name).read_bytes() for name in self.files()}


def is_book(key: str) -> bool:
    """Whether a key is one of those that the program keeps for itself."""
    return key.endswith(("/claim.json", "/last-run.json", "/recipe.json")) or "/index/" in key


def bounds(day: date, zone: str = "UTC") -> tuple[datetime, datetime]:
    """Return a day's first instant and the next day's, from the calendar alone."""
    tz = ZoneInfo(zone)
    first = datetime(day.year, day.month, day.day, tzinfo=tz)
    following = day + timedelta(days=1)
    last = datetime(following.year, following.month, following.day, tzinfo=tz)
    return first.astimezone(UTC), last.astimezone(UTC)


def begun(world: World, day: date, zone: str = "UTC") -> list[dict]:
    """Return the world's conversations that begin on the day."""
    first, last = bounds(day, zone)
    return begun_between(world, first, last)


def begun_between(world: World, first: datetime, last: datetime) -> list[dict]:
    """Return the world's conversations that begin in [first, last)."""
    span = Span(to_ms(first), to_ms(last))
    places = list(world.holdings.positions(span, span.start_ms))
    return [json.loads(record) for record in world.holdings.render(places, attributes=True)]


def ids(records: list[dict]) -> list[str]:
    return sorted(record["conversationId"] for record in records)


def participants(records: list[dict]) -> list[dict]:
    return [each for record in records for each in record.get("participants") or ()]


def sessions(records: list[dict]) -> list[dict]:
    return [each for one in participants(records) for each in one.get("sessions") or ()]


def counted(records: list[dict]) -> dict[str, int]:
    """Count what each table must hold a row for."""
    people, talks = participants(records), sessions(records)

    def total(holders: list[dict], key: str) -> int:
        return sum(len(holder.get(key) or ()) for holder in holders)

    segments = [each for talk in talks for each in talk.get("segments") or ()]
    return {
        "conversations": len(records),
        "participants": len(people),
        "participant_attributes": total(people, "attributes"),
        "sessions": len(talks),
        "segments": len(segments),
        "session_metrics": total(talks, "metrics"),
        "segment_scored_agents": total(segments, "scoredAgents"),
        "session_proposed_agents": total(talks, "proposedAgents"),
        "media_endpoint_stats": total(talks, "mediaEndpointStats"),
        "evaluations": total(records, "evaluations"),
        "surveys": total(records, "surveys"),
        "resolutions": total(records, "resolutions"),
    }
