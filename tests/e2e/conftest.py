"""One simulated Genesys Cloud a test, one command in an empty folder, and what it left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from e2e_command import Command, Result
from e2e_reading import Lake

from genesys_simulator import Options, Simulator, World, serve


@dataclass(frozen=True)
class Exported:
    """A day exported without any trouble; for reading only."""

    lake: Lake
    result: Result
    genesys: Simulator  # it has ended, but still tells what it was asked


@pytest.fixture(scope="session")
def day() -> date:
    """A day long past: its data is complete whatever the machine's clock says."""
    return date(2025, 11, 20)


@pytest.fixture(scope="session")
def world() -> World:
    """Enough conversations for three pages of a hundred."""
    return World.generated(seed=7, per_day=240)


@pytest.fixture(scope="session")
def exported(tmp_path_factory, world, day) -> Exported:
    """Return the day as a run without faults leaves it."""
    command = Command(tmp_path_factory.mktemp("exported"))
    with serve(world) as genesys:
        result = command.against(genesys).run("--date", day).ends(0)
    return Exported(Lake(command.lake), result, genesys)


@pytest.fixture
def command(tmp_path) -> Command:
    return Command(tmp_path)


@pytest.fixture
def lake(command) -> Lake:
    return Lake(command.lake)


@pytest.fixture
def genesys(world) -> Iterator[Callable[..., Simulator]]:
    """Return what starts a simulator; it ends with the test."""
    with ExitStack() as stack:

        def start(served: World = world, **options: Any) -> Simulator:
            return stack.enter_context(serve(served, Options(**options)))

        yield start
