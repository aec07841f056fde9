"""What starts a feed of each declared dataset."""

from __future__ import annotations

from typing import Any

import pytest
from feeding import PER_DAY, Ways, ways

from genesys_simulator import World


@pytest.fixture(scope="session")
def world() -> World:
    return World.generated(seed=11, per_day=PER_DAY)


@pytest.fixture(params=ways())
def start(request: Any, world: World) -> Ways:
    """Return what starts a feed; the test runs for each dataset and way."""
    return Ways(world, *request.param)
