"""A signal while a day is being made visible: noted, and acted on when that is done."""

from __future__ import annotations

import signal
from datetime import date
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fakes import FakeClock, orgs_of
from genesys_export.cli.signals import Signals
from genesys_export.datasets import DEFAULT, dataset_named
from genesys_export.days import Day
from genesys_export.errors import Stopped
from genesys_export.events import ignore
from genesys_export.export import Choice, Kind, Run


@pytest.fixture
def signals():
    clock: Any = FakeClock()
    signals = Signals(clock)
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


def test_what_a_library_makes_of_a_signal_is_the_signal(signals):
    def imported():  # as an extension module behaves that a signal hits while it is imported
        try:
            signal.raise_signal(signal.SIGTERM)
        except Stopped as problem:
            raise ImportError from problem

    with pytest.raises(Stopped) as stopped, signals.handled():
        imported()
    assert stopped.value.status == 143


def test_a_day_that_a_signal_broke_was_stopped(signals):
    class Exporter:
        deps = SimpleNamespace(
            plan=SimpleNamespace(
                after=(),
                org="",
                dataset=dataset_named(DEFAULT),
                whose={"org": "", "dataset": DEFAULT},
            ),
            clock=FakeClock(),
            observe=ignore,
            disconnect=lambda: None,
        )

        def export(self, *_):
            try:
                signal.raise_signal(signal.SIGINT)
            except Stopped as problem:
                raise SystemError from problem

    day = Day(date(2026, 11, 22), ZoneInfo("UTC"))
    exporter: Any = Exporter()
    run = Run(
        orgs=orgs_of(exporter),
        clock=exporter.deps.clock,
        choice=Choice(Kind.ALONE, (day,)),
        pending=lambda: signals.pending,
    )
    (result,) = run.results()
    assert result.exit_status == 130
