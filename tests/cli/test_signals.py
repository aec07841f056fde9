"""A signal while a day is being made visible: noted, and acted on when that is done."""

from __future__ import annotations

import signal

import pytest

from fakes import FakeClock
from genesys_export.cli.signals import Signals
from genesys_export.errors import Stopped


@pytest.fixture
def signals():
    signals = Signals(FakeClock())
    with signals.handled():
        yield signals


def test_a_signal_under_a_shield_wakes_whoever_waits_after_it(signals):
    clock = signals._clock
    with signals.shield():
        with signals.shield():
            signal.raise_signal(signal.SIGTERM)
        clock.sleep(0)  # still shielded: publishing asks the clock, too
    with pytest.raises(Stopped) as stopped:
        clock.sleep(0)
    assert stopped.value.status == 143


def test_a_shield_without_a_signal_leaves_the_clock_alone(signals):
    with signals.shield():
        pass
    signals._clock.sleep(0)
    signals.check()
