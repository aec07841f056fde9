"""A folder to which one day is exported with the names of things, and what is in it."""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genesys_export.cli.run import RunRequest, execute
from genesys_export.datasets import NAMES, owner
from genesys_export.export import ExportOptions
from genesys_simulator import Simulator
from newest_day import NEWEST, ZONE

DAY = str(NEWEST)
ANEW = ExportOptions(force=True, rewrite=True)


@dataclass(frozen=True)
class Lake:
    """A folder a day was exported to."""

    root: Path
    genesys: Simulator

    @property
    def environ(self) -> dict[str, str]:
        return {
            "GENESYS_CLOUD_BASE_URL": self.genesys.base_url,
            "GENESYS_CLIENT_ID": self.genesys.client_id,
            "GENESYS_CLIENT_SECRET": self.genesys.client_secret,
            "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
            "GENESYS_EXPORT_EXPORT__TIMEZONE": ZONE,
            "GENESYS_EXPORT_EXPORT__NAMES": "true",
        }

    def run(
        self, *, date: str | None = DAY, options: ExportOptions = ANEW, **settings: str
    ) -> int:
        """Export the day with the names of things; return the exit status."""
        request = RunRequest(date=date, options=options, report=self.root.parent / "report.json")
        return execute(request, {"to": str(self.root)}, {**self.environ, **settings})

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest of the names."""
        return self.manifest_of(NAMES)

    def manifest_of(self, dataset: str, day: str = DAY) -> dict[str, Any]:
        path = self.root / f"_genesys_export/{dataset}/{day}/manifest.json"
        return json.loads(path.read_text("utf-8"))

    def has(self, dataset: str, day: str = DAY) -> bool:
        """Whether a day of the dataset is published."""
        return (self.root / f"_genesys_export/{dataset}/{day}/manifest.json").exists()

    @property
    def report(self) -> dict[str, Any]:
        return json.loads((self.root.parent / "report.json").read_text("utf-8"))

    def text(self, table: str) -> str:
        dataset = owner(table)
        assert dataset
        (file,) = self.manifest_of(dataset.name)["tables"][table]
        return gzip.decompress((self.root / file["key"]).read_bytes()).decode()

    def rows(self, table: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.text(table), newline="")))
