"""What the walk, the random lives and a hard look found; each of these went wrong once."""

from __future__ import annotations

import signal
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from destinations import Killed, Trouble
from workbench import DAY, END, Bench

from fakes import MemoryStore
from genesys_export.cli.signals import Signals
from genesys_export.errors import DataMismatch, ExportError, Stopped, TryAgainLater
from genesys_export.export import DayExporter, ExportOptions, Outcome

pytestmark = pytest.mark.no_cover  # its many runs repeat lines that other tests cover

PAST_LEASE_S = timedelta(minutes=11).total_seconds()
CALLS = range(120)  # more than any run here makes


@pytest.fixture
def bench():
    return in_memory()


def in_memory():
    return Bench.over(lambda clock: MemoryStore(now=clock.now))


def changed(bench):
    """Publish, then let Genesys correct a conversation and find a new one."""
    bench.run()
    bench.genesys.versions[1] += 1
    bench.genesys.versions[7] = 1
    bench.clock.rest(60)


def die(bench, name, times, **told):
    """Run until the call of that name was made so many times; then the process is gone."""
    process = bench.process()
    process.dies_at(name, times)
    with pytest.raises(Killed):
        bench.exporter(process, **told).export(DAY)
    process.bury()


def test_what_a_stopped_run_had_sealed_is_thrown_away_by_one_in_other_slices():
    """The slices race: at which call a stop comes too late to matter differs from run to run."""
    sealed = 0
    for call in CALLS:
        bench = in_memory()
        changed(bench)
        process = bench.process(Trouble("stopped", call))
        try:
            bench.exporter(process, slices=3).export(DAY)
        except Stopped:
            sealed += bool(bench.claim()["slices"])
            bench.run(slices=1)
            bench.check_settled()
        process.bury()
        if not process.met:
            break
    assert sealed, "no run was stopped after it had sealed a slice"
    assert not process.met, "the run never came to its end"


def test_a_run_that_could_not_throw_away_what_it_staged_is_followed_by_one_that_can(bench):
    bench.run()
    for call in CALLS:
        with suppress(ExportError):
            bench.run(Trouble("unanswered", call))
    bench.run()
    bench.check_settled()


def test_a_day_whose_results_end_early_is_not_published_whatever_was_told_before(bench):
    bench.genesys.behind = timedelta(hours=8)
    with pytest.raises(TryAgainLater, match=r"reach only 2026-11-22T21:00:00\.000Z"):
        bench.run()
    assert bench.manifest() is None
    bench.genesys.behind = timedelta(0)
    bench.run()
    bench.check_settled()


def test_a_slice_of_a_partial_day_is_no_part_of_a_whole_one():
    for call in CALLS:
        bench = in_memory()
        bench.genesys.mark = END - timedelta(hours=12)
        try:
            bench.run(Trouble("killed", call, done=True), partial=True)
        except Killed:
            bench.clock.rest(PAST_LEASE_S)
            bench.genesys.mark = END
            with suppress(TryAgainLater):  # where the job was left, it is found to end early
                bench.run(slices=2)
            bench.run(slices=2)
            told = [one["watermark"] for one in bench.manifest()["slices"]]
            assert [datetime.fromisoformat(one) for one in told] == [END, END]
            bench.check_readers()
        else:
            return
    pytest.fail("the run never came to its end")


def test_first_runs_side_by_side_do_not_take_each_other_for_a_dishonest_store():
    for call in range(12):
        bench = in_memory()

        def visit(bench=bench):
            with suppress(TryAgainLater):  # not WrongSettings
                bench.run()

        with suppress(TryAgainLater):
            bench.run(Trouble("", call, done=True, visit=visit))
        bench.check_settled()


@pytest.mark.parametrize(
    ("last_words", "times", "after_a_failure"),
    [
        ("discard", 1, False),
        ("stage", 1, False),
        ("", 0, False),
        *(("put", times, True) for times in (5, 6, 7)),  # one of these is the other's decision
    ],
)
def test_a_run_that_sleeps_at_any_call_does_no_harm_when_it_wakes(
    last_words, times, after_a_failure
):
    """Another one takes the day over meanwhile, and dies after it threw something away, or not."""
    for call in CALLS:
        bench = in_memory()
        changed(bench)
        if after_a_failure:  # then there is something to be thrown away
            bench.genesys.behind = timedelta(hours=8)
            with pytest.raises(TryAgainLater):
                bench.run()
            bench.genesys.behind = timedelta(0)

        def visit(bench=bench):
            bench.clock.rest(PAST_LEASE_S)
            bench.genesys.versions[2] += 1
            other = bench.process(watched=True)
            other.dies_at(last_words, times)
            with suppress(Killed, TryAgainLater):
                bench.exporter(other).export(DAY)
            other.bury()

        trouble = Trouble("", call, done=True, visit=visit)
        process = bench.process(trouble, watched=True)
        with suppress(ExportError):
            bench.exporter(process).export(DAY)
        process.bury()
        bench.clock.rest(PAST_LEASE_S)
        bench.recover()
        assert bench.takes() is not None, f"harm was done by a sleep at call {call}"
        bench.check_readers()
        assert all(bench.store.look(file["key"]) for file in bench.manifest()["index"])
        bench.settle()
        if not process.met:
            return
    pytest.fail("the run never came to its end")


def test_a_settled_day_asked_for_again_is_found_unchanged(bench):
    changed(bench)
    bench.settle()
    assert bench.run(options=ExportOptions(force=True)).outcome is Outcome.UNCHANGED


def test_a_slice_that_waited_for_others_was_read_when_its_turn_came(bench):
    bench.run(slices=3, at_once=1)
    fetched = [one["fetched"] for one in bench.manifest()["slices"]]
    assert len({*fetched}) == 3
    assert fetched == sorted(fetched)
    bench.check_settled()


def test_what_a_guard_refused_is_read_anew_once_its_cause_is_mended():
    bench = Bench.over(lambda clock: MemoryStore(now=clock.now), count=30)
    bench.run()
    every = dict(bench.genesys.versions)
    bench.genesys.versions = {number: every[number] for number in range(3)}  # a lost division
    with pytest.raises(DataMismatch, match="27 of the 30 conversations"):
        bench.run(options=ExportOptions(force=True))
    assert [*bench.store.uploads("")] == []
    bench.genesys.versions = every
    assert bench.run(options=ExportOptions(force=True)).outcome is Outcome.UNCHANGED
    bench.check_settled()


def test_an_index_that_was_lost_is_made_again_although_the_day_is_unchanged(bench):
    bench.run()
    (index,) = bench.manifest()["index"]
    bench.store.delete(index["key"])
    assert bench.run(options=ExportOptions(force=True)).outcome is Outcome.UNCHANGED
    bench.check_settled()


def test_a_signal_while_an_interrupted_day_is_finished_ends_the_run_after_that(bench):
    changed(bench)
    die(bench, "complete", 2)  # the first is the index's
    assert "next" in bench.manifest()
    bench.clock.rest(PAST_LEASE_S)
    asked = len(bench.genesys.jobs)
    signals = Signals(bench.clock)

    @contextmanager
    def shield():
        with signals.shield():
            signal.raise_signal(signal.SIGTERM)
            yield

    process = bench.process()
    deps = replace(bench.exporter(process).deps, shield=shield)
    with signals.handled(), pytest.raises(Stopped):
        DayExporter(deps).export(DAY, ExportOptions(force=True))
    process.bury()
    assert bench.takes() is not None
    assert len(bench.genesys.jobs) == asked
    assert bench.claim()["released"]
