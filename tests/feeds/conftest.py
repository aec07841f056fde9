"""Feeds of every dataset, by every engine it has, each against a simulated Genesys Cloud."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from fakes import FakeClock
from genesys_export.assembly.exporting import exporters
from genesys_export.datasets import Dataset, dataset_named, known
from genesys_export.days import Day, Slice, split
from genesys_export.export import Plan
from genesys_export.model import Again, Batch, Feed, Rejected, Summary
from genesys_export.settings import load
from genesys_simulator import Options, Simulator, World, serve

DAY = Day(date(2025, 11, 20), ZoneInfo("Europe/Berlin"))
MORNING = datetime(2025, 11, 21, 6, tzinfo=UTC)  # a snapshot of the day can still be taken


def ways() -> Iterator[tuple[str, str]]:
    """Yield every dataset with every engine that reads it; "" where there is no choice."""
    for name in known():
        dataset = dataset_named(name)
        engines = {"jobs": dataset.jobs, "query": dataset.query}
        for engine in [one for one, endpoint in engines.items() if endpoint] or [""]:
            yield name, engine


@dataclass(frozen=True)
class Read:
    """All that a reading gave."""

    batches: list[Batch]  # those that are not void
    rejected: list[Rejected]
    summary: Summary
    index: bytes | None
    again: int

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [row for one in self.batches if one.table == table for row in one.rows.to_pylist()]

    @property
    def tables(self) -> dict[str, pa.Table]:
        """Every table as its files would hold it, however it was cut into batches."""
        found: dict[str, list[pa.RecordBatch]] = {}
        for one in self.batches:
            found.setdefault(one.table, []).append(one.rows)
        return {name: pa.Table.from_batches(each) for name, each in found.items()}


@dataclass(frozen=True)
class Subject:
    """A feed, the plan it belongs to, and the Genesys that it asks."""

    feed: Feed
    plan: Plan
    genesys: Simulator
    clock: FakeClock

    @property
    def dataset(self) -> Dataset:
        return self.plan.dataset

    def slices(self, count: int = 1) -> tuple[Slice, ...]:
        return split(DAY, count)

    def read(self, slice_: Slice | None = None) -> Read:
        """Read a slice, or the whole day, as whoever stages it does."""
        reading = self.feed.open(slice_ or self.slices()[0])
        batches: list[Batch] = []
        rejected, again = [], 0
        for item in reading.read(Event()):
            if isinstance(item, Again):
                batches, again = [], again + 1
            elif isinstance(item, Rejected):
                rejected.append(item)
            else:
                batches.append(item)
        pieces = reading.index()
        index = None if pieces is None else b"".join(pieces)
        found = Read(batches, rejected, reading.summary(), index, again)
        reading.release()
        return found


@pytest.fixture(scope="session")
def world() -> World:
    return World.generated(seed=5, per_day=150)


@pytest.fixture(params=ways(), ids="-".join)
def subject(request, world, tmp_path) -> Iterator[Callable[..., Subject]]:
    """Return what gives a feed that reads a Genesys of the options told."""
    name, engine = request.param
    with ExitStack() as stack:

        def start(of: World = world, settings: dict[str, str] | None = None, **options):
            clock = FakeClock(MORNING)
            genesys = stack.enter_context(serve(of, Options(now=clock.now, **options)))
            environ = {
                "GENESYS_CLOUD_BASE_URL": genesys.base_url,
                "GENESYS_CLIENT_ID": genesys.client_id,
                "GENESYS_CLIENT_SECRET": genesys.client_secret,
                "GENESYS_EXPORT_EXPORT__TIMEZONE": DAY.zone.key,
                "GENESYS_EXPORT_EXPORT__DATASETS": name,
                **({"GENESYS_EXPORT_EXPORT__ENGINE": engine} if engine else {}),
                **(settings or {}),
            }
            flags = {"to": str(tmp_path / "lake"), "config": os.devnull}
            told = load(flags=flags, environ=environ)
            (exporter,) = exporters(told, clock=clock, observe=lambda _: None)
            return Subject(exporter.deps.feed, exporter.deps.plan, genesys, clock)

        yield start
