"""Which days a run looks at, whatever else lies among them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from destinations import MemoryStore
from workbench import DAY, MANIFEST, Bench

from genesys_export.errors import DestinationFailed
from genesys_export.export.agenda import agenda
from genesys_export.export.report import Outcome
from genesys_export.life import Why
from genesys_export.model import Always

HOME = "_genesys_export/conversation_details"


@pytest.fixture
def bench():
    bench = Bench.over(lambda clock: MemoryStore(now=clock.now))
    bench.run()
    bench.clock.rest(timedelta(days=2).total_seconds())
    return bench


def lay(bench, key, body=b"{"):
    bench.store.put(key, body, Always(), "application/json")


def due(bench):
    deps = bench.exporter(bench.process()).deps
    return {str(one.day): one.reason for one in agenda(deps, DAY.zone)}


@pytest.mark.parametrize(
    "name", ["2026-11-20.bad", "2026-11-31", "20261120", "9999-12-31", "copy/2026-11-20"]
)
def test_what_is_no_day_is_left_alone(bench, name):
    before = due(bench)
    lay(bench, f"{HOME}/{name}/manifest.json")
    assert due(bench) == before
    assert [*before] == ["2026-11-22", "2026-11-23", "2026-11-24"]


def test_a_manifest_that_cannot_be_read_is_its_own_days_trouble(bench):
    lay(bench, f"{HOME}/2026-11-21/manifest.json")
    found = due(bench)
    assert [*found] == ["2026-11-21", "2026-11-22", "2026-11-23", "2026-11-24"]
    assert found["2026-11-21"].why is Why.DAMAGED
    assert "can't be read" in found["2026-11-21"].sentence


def test_a_destination_where_nothing_can_be_read_is_told_once(bench):
    for day in ("2026-11-23", "2026-11-24"):
        lay(bench, f"{HOME}/{day}/manifest.json")
    lay(bench, MANIFEST)
    with pytest.raises(DestinationFailed):
        due(bench)


@pytest.fixture
def final(bench):
    """The day once it is final, with no other day missing that a run would care for."""
    bench.clock.rest(timedelta(days=3).total_seconds())
    bench.genesys.mark = bench.clock.now()
    bench.run()
    assert str(DAY) not in due(bench)
    return bench


def test_a_final_day_that_lost_a_file_is_due_and_its_export_repairs_it(final):
    key = "sessions/2026-11-22.csv.gz"
    final.store.delete(key)
    reason = due(final)[str(DAY)]
    assert reason.why is Why.DAMAGED
    assert reason.sentence == f"it is damaged: {key} is missing"
    assert final.run().outcome is Outcome.PUBLISHED
    assert final.store.look(key)
    assert str(DAY) not in due(final)
    assert final.run().outcome is Outcome.SKIPPED


def test_a_final_day_with_a_file_of_another_size_is_due(final):
    lay(final, "sessions/2026-11-22.csv.gz", b"somebody was here")
    assert "has 17 bytes instead of" in due(final)[str(DAY)].sentence


@pytest.mark.parametrize("what", ["index", "changes"])
def test_whatever_else_the_manifest_names_is_repaired_once(final, what):
    manifest = final.manifest()
    named = manifest["index"] if what == "index" else filter(None, [manifest["changes"]])
    for file in named:
        final.store.delete(file["key"])
        assert str(DAY) in due(final)
    final.run()
    assert str(DAY) not in due(final)
