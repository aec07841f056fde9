"""A simulated Genesys Cloud, and a function whose environment knows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from invoking import Function, environment
from lambda_day import PER_DAY

from genesys_simulator import Options, Simulator, World, serve


@pytest.fixture(scope="session")
def world() -> World:
    return World.generated(seed=13, per_day=PER_DAY)


@pytest.fixture
def start(world) -> Iterator[Any]:
    with ExitStack() as stack:

        def started(**options: Any) -> Simulator:
            return stack.enter_context(serve(world, Options(**options)))

        yield started


@pytest.fixture
def function(tmp_path):
    def of(genesys: Simulator, **more: str) -> Function:
        return Function(tmp_path, environment(genesys, tmp_path / "lake", **more))

    return of
