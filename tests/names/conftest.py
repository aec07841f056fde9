"""Exports in this process against one simulated Genesys Cloud, and the tables they left."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

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
from genesys_export.assembly.working import Surroundings, Work
from genesys_export.datasets import DEFAULT, NAMES, datasets
from genesys_export.days import Day
from genesys_export.errors import ExportError
from genesys_export.events import Noticed
from genesys_export.export import DayExporter, DayReport, ExportOptions, agenda
from genesys_export.settings import load
from genesys_export.settings.names import Flags
from genesys_simulator import Options, Simulator, World, serve

DAY = Day(date(2025, 11, 20), ZoneInfo("UTC"))
MORNING = datetime(2025, 11, 21, 6, tzinfo=UTC)  # after that day: it can still be read
ANEW = ExportOptions(force=True, rewrite=True)


@dataclass
class Lake:
    """A folder that days are exported to, by a clock that the test turns."""

    root: Path
    genesys: Simulator
    clock: FakeClock
    events: Events = field(default_factory=Events)
    reports: dict[str, DayReport] = field(default_factory=dict)  # of the last run, by dataset
    problems: dict[str, ExportError] = field(default_factory=dict)

    def exporters(self, **settings: str) -> Iterator[DayExporter]:
        """Yield an exporter for each dataset: by default for the lookup tables alone."""
        is_short = "GENESYS_EXPORT_EXPORT__DATASETS" not in settings
        environ = {
            "GENESYS_CLOUD_BASE_URL": self.genesys.base_url,
            "GENESYS_CLIENT_ID": self.genesys.client_id,
            "GENESYS_CLIENT_SECRET": self.genesys.client_secret,
            **({"GENESYS_EXPORT_EXPORT__NAMES": "true"} if is_short else {}),
            **settings,
        }
        flags: Flags = {"to": str(self.root), "config": os.devnull}
        known = load(flags=flags, environ=environ)
        clock: Any = self.clock
        around = Surroundings(clock=clock, observe=self.events)
        for one in Work(known, around).parts:
            if not is_short or one.deps.plan.dataset.name == NAMES:
                yield one

    def run(self, *, day: Day = DAY, options: ExportOptions = ANEW, **settings: str) -> int:
        """Export the day of each dataset; return the exit status."""
        self.reports, self.problems = {}, {}
        for exporter in self.exporters(**settings):
            name = exporter.deps.plan.dataset.name
            try:
                self.reports[name] = report = exporter.export(day, options)
            except ExportError as problem:
                self.problems[name] = problem
            else:
                if report.problem:
                    self.problems[name] = report.problem
        return max((problem.status for problem in self.problems.values()), default=0)

    def both(self, **settings: str) -> int:
        """Export the day's conversations with the names of things."""
        asked = {
            "GENESYS_EXPORT_EXPORT__DATASETS": DEFAULT,
            "GENESYS_EXPORT_EXPORT__NAMES": "true",
        }
        return self.run(day=DAY, options=ANEW, **asked, **settings)

    def due(self, **settings: str) -> list[str]:
        """Return the days on which lookup tables are due."""
        (exporter,) = self.exporters(**settings)
        return [str(one.day) for one in agenda(exporter.deps, DAY.zone)]

    @property
    def said(self) -> list[str]:
        return [event.message for event in self.events.of(Noticed)]

    @property
    def manifest(self) -> dict[str, Any]:
        return self.manifest_of(NAMES)

    def manifest_of(self, dataset: str, day: Day = DAY) -> dict[str, Any]:
        path = self.root / f"_genesys_export/{dataset}/{day}/manifest.json"
        return json.loads(path.read_text("utf-8"))

    def text(self, table: str) -> str:
        dataset = next(one.name for one in datasets() if one.has(table))
        (file,) = self.manifest_of(dataset)["tables"][table]
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
            clock = FakeClock(MORNING)
            genesys = stack.enter_context(serve(world, Options(now=clock.now, **options)))
            return Lake(tmp_path / "lake", genesys, clock)

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
                budget=Budget(clock=clock.monotonic),
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
