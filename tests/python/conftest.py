"""A simulated Genesys Cloud, and an Exporter as a notebook or a DAG makes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import chdir

import pytest

from genesys_export import Exporter
from genesys_simulator import Options, Simulator, World, serve

DAY = "2025-11-20"  # long past: it is complete and final whatever the machine's clock says
PER_DAY = 40


@pytest.fixture(scope="session")
def world() -> World:
    return World.generated(seed=5, per_day=PER_DAY)


@pytest.fixture(scope="session")
def genesys(world) -> Iterator[Simulator]:
    with serve(world) as simulator:
        yield simulator


@pytest.fixture
def start(world):
    """Start a simulator with options of its own; it ends with the test."""
    from contextlib import ExitStack  # noqa: PLC0415

    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(serve(world, Options(**options)))


@pytest.fixture
def environ():
    """Return the variables of a process that knows the credentials."""

    def of(genesys: Simulator, **more: str) -> dict[str, str]:
        return {
            "GENESYS_CLOUD_BASE_URL": genesys.base_url,
            "GENESYS_CLIENT_ID": genesys.client_id,
            "GENESYS_CLIENT_SECRET": genesys.client_secret,
            "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
            **more,
        }

    return of


@pytest.fixture
def lake(tmp_path):
    with chdir(tmp_path):
        yield tmp_path / "lake"


@pytest.fixture
def make(genesys, lake, environ):
    """Make an exporter into the lake; everything else by keyword."""

    def exporter(of: Simulator = genesys, **keywords) -> Exporter:
        return Exporter.from_settings(to=lake, environ=environ(of), **keywords)

    return exporter
