"""A wait is told as it was planned, and as it was."""

from __future__ import annotations

import pytest

from fakes import FakeClock
from genesys_export.errors import Stopped
from genesys_export.events import Event, Waited, Waiting, wait

PLAN = Waiting(reason="rate limit", wait_s=300)


def test_a_wait_is_told_before_it_begins_and_after_it_ended():
    clock = FakeClock()
    seen: list[Event] = []
    wait(seen.append, clock, PLAN)
    assert seen == [PLAN, Waited(reason="rate limit", waited_s=300)]
    assert clock.slept == [300]


def test_a_wait_that_a_signal_cuts_short_counts_as_long_as_it_was():
    class Woken(FakeClock):
        def sleep(self, _seconds):
            self.rest(7)
            raise Stopped(15)

    seen: list[Event] = []
    with pytest.raises(Stopped):
        wait(seen.append, Woken(), PLAN)
    assert seen == [PLAN, Waited(reason="rate limit", waited_s=7)]
