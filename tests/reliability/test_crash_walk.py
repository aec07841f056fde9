"""A run dies after each of its calls, one by one; what readers see then, what the next run makes.

Dying after a call is dying before the next one: the destination is the same.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import timedelta

import pytest
from destinations import Killed, Trouble
from workbench import CONVERSATIONS, DAY, STATUSES, Bench

from fakes import MemoryStore
from genesys_export.export import Outcome
from genesys_export.store import FolderStore

pytestmark = pytest.mark.no_cover  # its many runs repeat lines that other tests cover

MOST = 200  # calls; no run makes as many
PAST_LEASE_S = timedelta(minutes=11).total_seconds()


@pytest.fixture(
    params=[
        pytest.param(("memory", CONVERSATIONS), id="memory"),
        pytest.param(("folder", CONVERSATIONS), id="folder"),
        pytest.param(("memory", STATUSES), id="memory-statuses"),
    ]
)
def new_bench(request, quick_path):
    place, kind = request.param

    def store(clock):
        if place == "memory":
            return MemoryStore(now=clock.now)
        return FolderStore(quick_path / secrets.token_hex(8))

    return lambda: Bench.over(store, kind=kind)


def nothing(bench):
    del bench


def published(bench, slices=1):
    bench.run(slices=slices)


def changed(bench, slices=1):
    """Publish, then let Genesys change a conversation and find a new one."""
    published(bench, slices)
    bench.genesys.versions[1] += 1
    bench.genesys.versions[7] = 1
    bench.clock.rest(60)


def unreadable(bench):
    """Let every job of Genesys have a record that nobody can read."""
    bench.genesys.unreadable = (b'{"conversationId": 4711}',)


def unreadable_now(bench):
    """Publish whole, in one slice; then let Genesys have such records and others."""
    changed(bench)
    unreadable(bench)


def readable_again(bench):
    """Publish with such records, in two slices; then let Genesys have others and none such."""
    unreadable(bench)
    changed(bench, 2)
    bench.genesys.unreadable = ()


def half_replaced(bench):
    """Leave a day of which some files are new and some old."""
    changed(bench, 2)
    process = bench.process()
    process.dies_at("complete", 2)
    with suppress(Killed):
        bench.exporter(process).export(DAY)
    process.bury()
    assert "next" in bench.manifest()
    bench.clock.rest(PAST_LEASE_S)


def walk(new_bench, prepare, die, again):
    """Die after every call, then run again without trouble; return how often it died."""
    died = 0
    for call in range(MOST):
        bench = new_bench()
        prepare(bench)
        try:
            die(bench, Trouble("killed", call, done=True))
        except Killed:
            died += 1
        else:
            assert died == call
            return died
        bench.check_readers()
        bench.clock.rest(PAST_LEASE_S)
        again(bench)
        bench.check_readers()
        bench.check_settled()
    return pytest.fail("the run never came to its end")


def run(slices):
    """Return how to run with so many slices, and to be killed there."""
    return lambda bench, trouble=None: bench.run(trouble, slices=slices)


@pytest.mark.parametrize(
    ("prepare", "slices"),
    [
        pytest.param(nothing, 1, id="first"),
        pytest.param(lambda bench: changed(bench, 2), 1, id="other slices"),
        pytest.param(published, 1, id="unchanged"),
        pytest.param(unreadable, 2, id="with rejects"),
        pytest.param(unreadable_now, 2, id="rejects for the first time"),
    ],
)
def test_a_run_that_died_at_any_call_is_made_good_by_the_next(new_bench, prepare, slices):
    assert walk(new_bench, prepare, run(slices), run(slices)) > 25


def test_rejects_that_are_no_more_are_gone_after_the_next_run(new_bench):
    def again(bench):
        bench.recover()
        bench.clock.rest(2 * PAST_LEASE_S)  # what that deleted has to rest
        bench.run(slices=2)

    assert walk(new_bench, readable_again, run(2), again) > 30


def test_a_recovery_that_died_at_any_call_is_made_good_by_the_next(new_bench):
    def recover(bench, trouble=None):
        bench.recover(trouble)

    def again(bench):
        asked = len(bench.genesys.jobs)
        bench.recover()
        assert len(bench.genesys.jobs) == asked
        bench.check_settled(free=False)
        bench.run()

    assert walk(new_bench, half_replaced, recover, again) > 8


def test_an_unchanged_day_that_died_at_any_call_keeps_every_object(new_bench):
    for call in range(MOST):
        bench = new_bench()
        published(bench)
        tags = bench.tags()
        try:
            report = bench.run(Trouble("killed", call, done=True))
        except Killed:
            assert bench.tags() == tags
        else:
            assert report.outcome is Outcome.UNCHANGED
            return
    pytest.fail("the run never came to its end")
