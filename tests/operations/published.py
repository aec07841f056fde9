"""A published day in a folder, and ways to spoil it."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from genesys_export.cli.run import RunRequest, execute
from genesys_export.datasets import DEFAULT, NAMES, dataset_named
from genesys_export.days import Day, yesterday
from genesys_export.locations import Home
from genesys_export.operations.verify.verify import Verification, Verifier
from genesys_export.store import FolderStore
from genesys_simulator import Simulator

csv.field_size_limit(2**26)
DAY = Day(date(2025, 11, 20), ZoneInfo("UTC"))
Rows = list[list[str]]


def environ(genesys: Simulator, **more: str) -> dict[str, str]:
    return {
        "GENESYS_CLOUD_BASE_URL": genesys.base_url,
        "GENESYS_CLIENT_ID": genesys.client_id,
        "GENESYS_CLIENT_SECRET": genesys.client_secret,
        "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
        **more,
    }


@dataclass
class Published:
    """The day as it lies in the folder."""

    root: Path
    dataset: str = DEFAULT
    day: Day = DAY

    @classmethod
    def export(
        cls, root: Path, genesys: Simulator, *, day: Day = DAY, flags: Any = None, **more: str
    ) -> Published:
        """Let the exporter publish a day of the conversations there."""
        given: Any = {"to": str(root), "quiet": True, "config": "/dev/null", **(flags or {})}
        assert execute(RunRequest(date=str(day)), given, environ(genesys, **more)) == 0
        return cls(root)

    @classmethod
    def snapshot(cls, root: Path, genesys: Simulator, *, flags: Any, **more: str) -> Published:
        """Let the exporter publish yesterday's names there."""
        day = Day(yesterday(datetime.now(UTC), DAY.zone), DAY.zone)
        told = {"GENESYS_EXPORT_EXPORT__DATASETS": NAMES, **more}
        return replace(
            cls.export(root, genesys, day=day, flags=flags, **told), dataset=NAMES, day=day
        )

    @property
    def store(self) -> FolderStore:
        return FolderStore(self.root)

    def path(self, day: Day | None = None) -> Path:
        return self.root / Home("", self.dataset).manifest(day or self.day)

    @property
    def manifest(self) -> dict[str, Any]:
        return json.loads(self.path().read_text("utf-8"))

    def rewrite(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Change the manifest."""
        told = self.manifest
        change(told)
        self.path().write_text(json.dumps(told), "utf-8")

    def files(self, table: str) -> list[dict[str, Any]]:
        return self.manifest["tables"][table]

    def named(self) -> list[dict[str, Any]]:
        """Return every object that the manifest names."""
        told = self.manifest
        files = [file for table in told["tables"].values() for file in table]
        return [*files, *told["index"], *filter(None, (told["rejects"], told["changes"]))]

    def object(self, table: str, number: int = 0) -> Path:
        return self.root / self.files(table)[number]["key"]

    def edit(self, table: str, change: Callable[[Rows], Any], number: int = 0) -> None:
        """Change the rows of a CSV file (the header is the first), and sign the manifest anew."""
        path = self.object(table, number)
        text = gzip.decompress(path.read_bytes()).decode("utf-8")
        rows = list(csv.reader(io.StringIO(text, newline="")))
        change(rows)
        out = io.StringIO(newline="")
        csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
        path.write_bytes(gzip.compress(out.getvalue().encode("utf-8")))
        self.sign()

    def sign(self) -> None:
        """Make the manifest promise the objects' bytes as they are; their rows it keeps."""

        def resign(told: dict[str, Any]) -> None:
            files = [file for table in told["tables"].values() for file in table]
            others = [told["rejects"], told["changes"], *told["index"]]
            for file in (*files, *filter(None, others)):
                if (seen := self.store.look(file["key"])) is not None:
                    body = (self.root / file["key"]).read_bytes()
                    file |= {"bytes": len(body), "sha256": sha256(body).hexdigest()}
                    file |= {"etag": seen.tag.etag, "token": ""}

        self.rewrite(resign)

    def add_index(self, entries: bytes) -> None:
        """Put an index beside the manifest, as an export does."""
        key = f"_genesys_export/conversation_details/{DAY}/index.bin"
        (self.root / key).write_bytes(entries)
        file = {"key": key, "rows": len(entries) // 32, "bytes": 0, "sha256": ""}
        self.rewrite(lambda told: told.update(index=[file]))
        self.sign()

    def verifier(self, **more: Any) -> Verifier:
        return Verifier(
            dataset=dataset_named(self.dataset),
            home=Home("", self.dataset),
            store=self.store,
            **more,
        )

    def verify(self, **more: Any) -> Verification:
        return self.verifier(**more).verify(self.day)

    def mismatches(self) -> list[str]:
        return [str(one) for one in self.verify().mismatches]
