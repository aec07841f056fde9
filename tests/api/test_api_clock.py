"""The machine's clock: its sleepers can be woken."""

import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC

import pytest

from genesys_export.api import SystemClock
from genesys_export.errors import Stopped


def test_it_tells_time_in_utc_and_measures():
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    began = clock.monotonic()
    clock.sleep(0.01)
    clock.sleep(-1)
    assert clock.monotonic() - began >= 0.009


def test_an_interrupt_wakes_every_sleeper_now_and_later():
    clock = SystemClock()
    stopped = Stopped(signal.SIGTERM)
    with ThreadPoolExecutor(4) as pool:
        sleepers = [pool.submit(clock.sleep, 60) for _ in range(4)]
        clock.interrupt(stopped)
        assert [sleeper.exception(10) for sleeper in sleepers] == [stopped] * 4
    with pytest.raises(Stopped):
        clock.sleep(0)
