"""Simulated Genesys Clouds, and clusters of real processes that export from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cluster_processes import Processes, processes
from genesys_simulator import Options, Simulator, World, serve

PER_DAY = 20


@pytest.fixture(scope="session")
def world() -> World:
    return World.generated(seed=5, per_day=PER_DAY)


@pytest.fixture
def genesys(world):
    """Start a simulator with options of its own; it ends with the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(serve(world, Options(**options)))


@pytest.fixture
def cluster(tmp_path):
    """Return what starts processes with the settings of these organisations."""
    with ExitStack() as stack:

        def of(orgs: dict[str, Simulator], **variables: str) -> Processes:
            file = tmp_path / "genesys-export.toml"
            file.write_text(settings_of(orgs))
            secrets = {
                f"GENESYS_EXPORT_ORGS__{name.upper()}__CLIENT_SECRET": org.client_secret
                for name, org in orgs.items()
            }
            return stack.enter_context(processes(tmp_path, {**secrets, **variables}))

        yield of


def settings_of(orgs: dict[str, Simulator]) -> str:
    lines = ["[genesys]", 'poll_first = "0.05s"', "page_size = 100"]
    for name, org in orgs.items():
        lines += [f"[orgs.{name}]", f'base_url = "{org.base_url}"']
        lines += [f'client_id = "{org.client_id}"']
    return "\n".join(lines) + "\n"


@pytest.fixture
def lake(tmp_path) -> Iterator[Path]:
    return tmp_path / "lake"
