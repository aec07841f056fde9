"""A feed for each declared dataset, read from one simulated Genesys Cloud."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from fakes import Events, FakeClock
from genesys_export.assembly.connections import client_of
from genesys_export.assembly.planning import feed_of, plan_of
from genesys_export.datasets import Dataset, dataset_named, datasets
from genesys_export.days import Day, Slice, split
from genesys_export.export import Plan
from genesys_export.flatten import arrow_schema
from genesys_export.model import Again, Batch, Feed, Reading, Rejected, Summary
from genesys_export.settings import load
from genesys_simulator import Options, Simulator, World, serve

DAY = Day(date(2025, 11, 20), ZoneInfo("UTC"))
MORNING = datetime(2025, 11, 21, 6, tzinfo=UTC)
(WHOLE,) = split(DAY, 1)
PER_DAY = 250


@dataclass
class Read:
    """What one reading gave, as a consumer of the contract keeps it."""

    rows: dict[str, list[dict[str, Any]]]
    rejected: list[Rejected]
    voided: int  # how often all rows were void
    summary: Summary
    index: bytes | None

    @property
    def told(self) -> tuple[object, ...]:
        """Return what two readings of the same have in common: all but how far the lake was."""
        return self.rows, self.rejected, replace(self.summary, watermark=None), self.index


@dataclass
class Fed:
    """A dataset's feed, and the server behind it."""

    dataset: Dataset
    plan: Plan
    feed: Feed
    genesys: Simulator
    clock: FakeClock

    def read(self, slice_: Slice = WHOLE, resume: str | None = None) -> Read:
        """Read a slice to its end, check its batches, and release it."""
        reading = self.feed.open(slice_, resume)
        try:
            return self.consumed(reading)
        finally:
            reading.release()

    def consumed(self, reading: Reading) -> Read:
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in self.plan.written}
        rejected, voided = [], 0
        for item in reading.read(Event()):
            if isinstance(item, Again):
                rows, voided = {name: [] for name in rows}, voided + 1
            elif isinstance(item, Rejected):
                rejected.append(item)
            else:
                rows[item.table] += self.checked(item)
        pieces = reading.index()
        index = None if pieces is None else b"".join(pieces)
        return Read(rows, rejected, voided, reading.summary(), index)

    def checked(self, batch: Batch) -> list[dict[str, Any]]:
        """Return the batch's rows; it has the declared columns and an instant for each row."""
        assert batch.table in self.plan.written
        assert batch.rows.num_rows == len(batch.starts)
        assert batch.starts.null_count == 0
        assert pa.types.is_timestamp(batch.starts.type)
        if batch.table != self.plan.raw:
            table = self.dataset.table(batch.table)
            assert batch.rows.schema.equals(arrow_schema(table))
            assert {*batch.rows.column(table.day.name).to_pylist()} <= {DAY.date}
        return batch.rows.to_pylist()

    @property
    def reversed(self) -> Fed:
        """Return it with each page of its source the other way round."""
        return self.over(_Backwards)

    def over(self, kind: type[_Wrapped], **more: Any) -> Fed:
        """Return it over a changed source."""
        name = "source" if hasattr(self.feed, "source") else "lists"
        source = kind(getattr(self.feed, name), **more)
        return replace(self, feed=replace(self.feed, **{name: source}))  # type: ignore[type-var]

    @property
    def submitted(self) -> int:
        """How many jobs were submitted, whatever the dataset."""
        return sum(one.method == "POST" and one.path.endswith("/jobs") for one in self.requests)

    @property
    def requests(self) -> list[Any]:
        return self.genesys.requests

    @property
    def is_of_records(self) -> bool:
        return self.dataset.record is not None


@dataclass
class _Wrapped:
    """A source in front of another one, whose pages it changes."""

    inner: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def pages(self, *arguments: Any, **named: Any) -> Iterator[Any]:
        yield from map(self.changed, self.inner.pages(*arguments, **named))

    def fetch(self, *arguments: Any) -> Any:
        return replace(self, inner=self.inner.fetch(*arguments))

    def changed(self, page: Any) -> Any:
        return page


class _Backwards(_Wrapped):
    def changed(self, page: Any) -> Any:
        if isinstance(page, list | tuple):
            return [*page][::-1]
        return replace(page, records=[*page.records][::-1])


@dataclass
class Doubling(_Wrapped):
    """Gives another copy of the first record at the end of each reading of its pages."""

    def pages(self, *arguments: Any, **named: Any) -> Iterator[Any]:
        first = None
        for page in self.inner.pages(*arguments, **named):
            first = first or page
            yield page
        if first is not None and not isinstance(first, list | tuple):
            other = bytes(first.records[0])[:-1] + b',"another":1}'
            yield replace(first, records=[other])


@contextmanager
def fed(world: World, dataset: Dataset, options: dict[str, Any], **settings: str) -> Iterator[Fed]:
    """Serve the world, and yield the dataset's feed as a run would have it."""
    clock = FakeClock(MORNING)
    with serve(world, Options(now=clock.now, **options)) as genesys:
        environ = {
            "GENESYS_CLOUD_BASE_URL": genesys.base_url,
            "GENESYS_CLIENT_ID": genesys.client_id,
            "GENESYS_CLIENT_SECRET": genesys.client_secret,
            **settings,
        }
        known = load(flags={"to": "nowhere", "config": os.devnull}, environ=environ)
        (org,), plan = known.require_source(), plan_of(known, known.require_source()[0], dataset)
        client = client_of(known, org, clock=clock, observe=Events())
        feed: Any = feed_of(known, org, plan, client, clock=clock, observe=Events())
        if hasattr(feed, "page_by_page"):  # so that a page is a block, however small it is
            feed = replace(feed, page_by_page=True)
        yield Fed(dataset, plan, feed, genesys, clock)


def ways() -> list[Any]:
    """Return every dataset, in every way in which it can be read."""
    found = []
    for dataset in datasets():
        engines = [name for name in ("jobs", "query") if getattr(dataset, name)] or [""]
        engines = ["query", "jobs"] if dataset.aggregates else engines
        found += [pytest.param((dataset.name, one), id=f"{dataset.name}-{one}") for one in engines]
    return found


class Ways:
    """Starts a feed of one dataset, read in one way."""

    def __init__(self, world: World, name: str, engine: str) -> None:
        self._world, self._dataset, self.engine = world, dataset_named(name), engine

    def __call__(self, **options: Any) -> Any:
        settings = {}
        if self.engine:
            section = "AGGREGATES" if self._dataset.aggregates else "EXPORT"
            settings[f"GENESYS_EXPORT_{section}__ENGINE"] = self.engine
        settings |= {"GENESYS_EXPORT_GENESYS__PAGE_SIZE": "100"}
        settings |= {"GENESYS_EXPORT_GENESYS__QUERY_PAGE_SIZE": "100"}
        settings |= {"GENESYS_EXPORT_EXPORT__KEEP_RAW": "true"}
        return fed(self._world, self._dataset, options, **settings)
