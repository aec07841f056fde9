"""Exports of one simulated world, and what statistics its own tables come to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest
from made_statistics import NOW, Fed

from fakes import FakeClock
from genesys_export import Exporter
from genesys_export.assembly.connections import client_of
from genesys_export.assembly.planning import feed_of, plan_of
from genesys_export.datasets import dataset_named
from genesys_export.events import ignore
from genesys_export.settings import load as read_settings
from genesys_simulator import Options, Simulator, World, serve


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
