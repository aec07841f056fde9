"""Exports of one simulated world, and what statistics its own tables come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest

from genesys_export import Exporter
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
        folder = tmp_path / f"lake{len(made)}"
        made.append(Exporter.from_settings(to=folder, environ=environ, **settings))
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
