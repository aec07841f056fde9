"""Rules that nothing else would miss: each test fails when its rule is taken out."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from destinations import Killed, MemoryStore, Trouble
from workbench import CLAIM, DAY, HOME, Bench

from fakes import Events
from genesys_export.errors import ExportError
from genesys_export.events import SliceAdopted
from genesys_export.export import DayExporter, ExportOptions

FORCED = ExportOptions(force=True)
PAST_LEASE_S = timedelta(minutes=11).total_seconds()
UNREADABLE = b'{"conversationId": 4711}'
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
            DayExporter(deps).export(DAY, FORCED)
        process.bury()
        visited += process.met
        assert events.of(SliceAdopted) == [], f"adopted after a sleep at call {call}"
    assert visited == CALLS


def test_a_record_rejected_in_several_slices_counts_and_is_kept_in_each(bench):
    bench.genesys.unreadable = (UNREADABLE,)
    bench.run(slices=3)
    bench.check_settled()
    counts, rejects = bench.manifest()["counts"], bench.manifest()["rejects"]
    assert [one["key"] for one in rejects] == [f"{HOME}/rejects.00{n}.jsonl.gz" for n in range(3)]
    assert [one["rows"] for one in rejects] == [1, 1, 1]
    assert (counts["rejected"], counts["duplicates"]) == (3, 0)
    told = ("exported", "duplicates", "rejected", "of_other_days")
    assert counts["received"] == sum(counts[name] for name in told)


def dies_with_sealed(bench, count):
    """Run over two slices with rejects until so many are in the claim; return these."""
    bench.genesys.unreadable = (UNREADABLE,)
    process = bench.process()

    def watch():
        claim = bench.store.read(CLAIM)
        if claim and len(json.loads(claim.body)["slices"]) == count:
            process.bury()
            raise Killed

    process.watch = watch
    with suppress(Killed, ExportError):
        bench.exporter(process, slices=2, at_once=1).export(DAY)
    process.bury()
    bench.clock.rest(PAST_LEASE_S)
    return bench.claim()["slices"]


def adopted_then(bench):
    """Run again without trouble; return which slices were adopted."""
    process, events = bench.process(), Events()
    deps = replace(bench.exporter(process, slices=2).deps, observe=events)
    DayExporter(deps).export(DAY)
    process.bury()
    return events.of(SliceAdopted)


def test_a_slice_with_rejects_is_adopted_with_them(bench):
    """The one job that was submitted for it is never asked again."""
    (sealed,) = dies_with_sealed(bench, 1)
    assert [one["rows"] for one in sealed["rejects"]] == [1]
    (adopted,) = adopted_then(bench)
    assert adopted.attempt == sealed["attempt"]
    first, second = bench.manifest()["rejects"]
    assert (first["token"], first["sha256"]) == (
        sealed["attempt"],
        sealed["rejects"][0]["file"]["sha256"],
    )
    assert second["token"] == bench.manifest()["attempt"]
    bench.check_readers()
    bench.check_settled()


def test_a_slice_whose_rejects_are_gone_is_read_again(bench):
    lost, _ = dies_with_sealed(bench, 2)
    del bench.store.store.sealed[lost["rejects"][0]["file"]["upload_id"]]
    assert len(adopted_then(bench)) == 1
    bench.check_readers()
    bench.check_settled()
