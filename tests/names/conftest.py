"""One command in this process against one simulated Genesys Cloud, and the tables it left."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from dialects import speaking
from fakes import Events, FakeClock
from genesys_export.api import (
    Budget,
    Client,
    Credentials,
    ReferenceLists,
    RetryPolicy,
    Transport,
    TransportOptions,
    hosts,
)
from genesys_export.cli.run import RunRequest, execute
from genesys_export.export import ExportOptions
from genesys_simulator import Options, Simulator, World, serve

DAY = "2025-11-20"


@dataclass(frozen=True)
class Lake:
    """A folder a day was exported to."""

    root: Path
    genesys: Simulator

    def run(self, **settings: str) -> int:
        """Export the day with the names of things; return the exit status."""
        environ = {
            "GENESYS_CLOUD_BASE_URL": self.genesys.base_url,
            "GENESYS_CLIENT_ID": self.genesys.client_id,
            "GENESYS_CLIENT_SECRET": self.genesys.client_secret,
            "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
            "GENESYS_EXPORT_EXPORT__NAMES": "true",
            **settings,
        }
        report = self.root.parent / "report.json"
        anew = ExportOptions(force=True, rewrite=True)
        return execute(
            RunRequest(date=DAY, options=anew, report=report), {"to": str(self.root)}, environ
        )

    @property
    def manifest(self) -> dict[str, Any]:
        path = self.root / f"_genesys_export/conversation_details/{DAY}/manifest.json"
        return json.loads(path.read_text("utf-8"))

    @property
    def report(self) -> dict[str, Any]:
        return json.loads((self.root.parent / "report.json").read_text("utf-8"))

    def text(self, table: str) -> str:
        (file,) = self.manifest["tables"][table]
        return gzip.decompress((self.root / file["key"]).read_bytes()).decode()

    def rows(self, table: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.text(table), newline="")))


@pytest.fixture(scope="session")
def world() -> World:
    return World.generated(seed=7, per_day=120)


@pytest.fixture
def lake(tmp_path, world) -> Iterator[Callable[..., Lake]]:
    """Return what starts a simulator and gives an empty folder; it ends with the test."""
    with ExitStack() as stack:

        def start(**options: Any) -> Lake:
            genesys = stack.enter_context(serve(world, Options(**options)))
            return Lake(tmp_path / "lake", genesys)

        yield start


@pytest.fixture
def lists() -> Iterator[Callable[..., ReferenceLists]]:
    """Return what reads the lists of a server: a simulator's, or one that answers as told."""
    with ExitStack() as stack:

        def of(genesys: Any) -> ReferenceLists:
            clock = FakeClock()
            wires = stack.enter_context(Transport(TransportOptions(), clock))
            client = Client(
                hosts(base_url=genesys.base_url),
                Credentials(genesys.client_id, genesys.client_secret),
                transport=wires,
                clock=clock,
                budget=Budget(),
                retry=RetryPolicy(deadline_s=5),
                rng=Random(1),
                observe=Events(),
            )
            return ReferenceLists(client)

        yield of


@pytest.fixture
def answering(lists) -> Iterator[Callable[..., Any]]:
    """Return what starts a server that answers as told; gives it and the lists read from it."""
    with ExitStack() as stack:

        def start(answer: Any) -> Any:
            speaker = stack.enter_context(speaking(answer))
            return speaker, lists(speaker)

        yield start
