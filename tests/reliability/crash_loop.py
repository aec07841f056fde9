"""A run that dies at each of its calls in turn, and the next one that makes it good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from destinations import Killed
from workbench import LEASE

MOST = 150  # calls; no run makes as many


def check_at_every_call(
    new_place: Callable[[], Any], prepare: Callable[[Any], None], *, least: int
) -> None:
    """Check a place of its own for each call; a whole run makes more than `least`."""
    for call in range(MOST):
        place = new_place()
        prepare(place)
        try:
            place.run(call)
        except Killed:
            place.check_readers()
            place.clock.rest(LEASE.total_seconds() + 60)
            place.run()
            place.check_settled()
        else:
            assert call > least
            return
    pytest.fail("the run never came to its end")
