"""Which days a run looks at, whatever else lies among them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from destinations import MemoryStore
from workbench import DAY, MANIFEST, Bench

from genesys_export.errors import DestinationFailed
from genesys_export.export.agenda import agenda
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
