"""Exports of one simulated world, and what statistics its own tables come to."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from fakes import FakeClock
from genesys_export import Exporter
from genesys_export.assembly.connections import client_of
from genesys_export.assembly.planning import feed_of, plan_of
from genesys_export.datasets import dataset_named
from genesys_export.days import Day, split
from genesys_export.events import ignore
from genesys_export.model import Batch
from genesys_export.settings import load as read_settings
from genesys_simulator import Options, Simulator, World, serve
from genesys_simulator.times import DAY_MS, Span

PER_DAY = 120


def around(day: str) -> World:
    """Return what began on the day, the day before and the day after, and nothing older."""
    begin = (date.fromisoformat(day) - date(1970, 1, 1)).days * DAY_MS
    holdings = World.generated(seed=17, per_day=PER_DAY).holdings
    found = holdings.positions(Span(begin - DAY_MS, begin + 2 * DAY_MS), begin - DAY_MS)
    return World.of(holdings.render([*found], attributes=True))


@pytest.fixture
def exporter(tmp_path) -> Iterator[Callable[..., Exporter]]:
    """Return what makes an exporter of a server, into a folder of its own."""

    def make(genesys: Simulator, **settings: Any) -> Exporter:
        environ = {
            "GENESYS_CLOUD_BASE_URL": genesys.base_url,
            "GENESYS_CLIENT_ID": genesys.client_id,
            "GENESYS_CLIENT_SECRET": genesys.client_secret,
            "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
        }
        settings = {"to": tmp_path / f"lake{len(made)}", **settings}
        made.append(Exporter.from_settings(environ=environ, **settings))
        return made[-1]

    made: list[Exporter] = []
    yield make
    for one in made:
        one.close()


@pytest.fixture
def db():
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


@pytest.fixture
def load(db, exporter):
    """Load the conversations of three UTC days round a day, as tables of the database."""

    def run(genesys: Simulator, day: str) -> None:
        middle = date.fromisoformat(day)
        days = [str(middle + timedelta(n)) for n in (-1, 0, 1)]
        with exporter(genesys) as made:
            for one in days:
                made.export(one)
            for name in ("conversations", "sessions", "session_metrics"):
                tables = [made.read(name, one) for one in days]
                for number, table in enumerate(tables):
                    db.register(f"{name}_{number}", table)
                parts = " UNION ALL ".join(f"FROM {name}_{n}" for n in range(len(tables)))
                db.execute(f"CREATE TABLE {name} AS {parts}")

    return run


@pytest.fixture
def served() -> Iterator[Callable[..., Simulator]]:
    from contextlib import ExitStack  # noqa: PLC0415

    with ExitStack() as stack:
        yield lambda world, **options: stack.enter_context(serve(world, Options(**options)))


DAY = date(2026, 11, 17)
NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)


@dataclass
class Fed:
    """A feed of statistics, the server behind it, and what it gave."""

    dataset: str
    genesys: Simulator
    feed: Any
    reading: Any = None
    found: list[dict[str, Any]] | None = None

    def rows(self) -> list[dict[str, Any]]:
        """Read the day, once."""
        if self.found is None:
            (whole,) = split(Day(DAY, ZoneInfo("UTC")), 1)
            self.reading = self.feed.open(whole)
            items = [*self.reading.read(Event())]
            assert all(isinstance(item, Batch) for item in items)
            self.found = [row for item in items for row in item.rows.to_pylist()]
            self.reading.release()
        return self.found

    def rows_a_bucket(self) -> list[int]:
        return [*Counter(row["interval_start"] for row in self.rows()).values()]

    def bodies(self) -> list[dict[str, Any]]:
        return [one.body for one in self.genesys.asked("aggregates")]

    def asked(self) -> list[str]:
        return [str(body) for body in self.bodies()]


@pytest.fixture
def fed(few):
    """Return what starts a feed over the same few conversations."""

    @contextmanager
    def start(name: str, settings: dict[str, str] | None = None, **options: Any) -> Iterator[Fed]:
        clock = FakeClock(NOW)
        with serve(few, Options(now=clock.now, **options)) as genesys:
            environ = {
                "GENESYS_CLOUD_BASE_URL": genesys.base_url,
                "GENESYS_CLIENT_ID": genesys.client_id,
                "GENESYS_CLIENT_SECRET": genesys.client_secret,
                **(settings or {}),
            }
            known = read_settings(flags={"to": "nowhere", "config": os.devnull}, environ=environ)
            (org,), dataset = known.require_source(), dataset_named(name)
            client = client_of(known, org, clock=clock, observe=ignore)
            plan = plan_of(known, org, dataset)
            feed = feed_of(known, org, plan, client, clock=clock, observe=ignore)
            yield Fed(name, genesys, feed)

    return start


@pytest.fixture(scope="session")
def few() -> World:
    return World.generated(seed=23, per_day=120)
