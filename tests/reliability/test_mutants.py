"""Rules that nothing else would miss: each test fails when its rule is taken out."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from destinations import Killed, MemoryStore, Trouble
from workbench import DAY, Bench

from fakes import Events
from genesys_export.errors import ExportError
from genesys_export.events import SliceAdopted
from genesys_export.export import Exporter, ExportOptions

FORCED = ExportOptions(force=True)
PAST_LEASE_S = timedelta(minutes=11).total_seconds()
BROKEN = [b'{"conversationId": 4711}']
CALLS = 12  # of a run, by which it holds the day


@pytest.fixture
def bench():
    return in_memory()


def in_memory():
    return Bench.over(lambda clock: MemoryStore(now=clock.now))


def dies_when_the_manifest_changes(bench):
    """Run until the manifest is written; what was sealed stays in the claim, unseen."""
    nonce = bench.manifest()["nonce"]
    process = bench.process()

    def watch():
        if bench.manifest()["nonce"] != nonce:
            process.bury()
            raise Killed

    process.watch = watch
    with suppress(Killed, ExportError):
        bench.exporter(process).export(DAY, FORCED)
    process.bury()
    bench.clock.rest(PAST_LEASE_S)


def test_slices_sealed_before_the_manifest_changed_are_never_adopted():
    """A run sleeps between its look at the manifest and its claim; another one confirms the day.

    What that one sealed was fetched before the day was found unchanged.
    """
    visited = 0
    for call in range(CALLS):
        bench = in_memory()
        bench.run()

        def visit(bench=bench):
            dies_when_the_manifest_changes(bench)

        process, events = bench.process(Trouble("", call, done=True, visit=visit)), Events()
        deps = replace(bench.exporter(process).deps, observe=events)
        with suppress(ExportError):
            Exporter(deps).export(DAY, FORCED)
        process.bury()
        visited += process.met
        assert events.of(SliceAdopted) == [], f"adopted after a sleep at call {call}"
    assert visited == CALLS


def test_a_record_rejected_in_several_slices_counts_in_each(bench):
    bench.genesys.broken = BROKEN
    bench.run(slices=3)
    assert bench.rejects() == {f"rejects.00{number}.jsonl.gz": BROKEN for number in range(3)}
    counts = bench.manifest()["counts"]
    assert (counts["rejected"], counts["duplicates"]) == (3, 0)
    told = ("exported", "duplicates", "rejected", "of_other_days")
    assert counts["received"] == sum(counts[name] for name in told)
