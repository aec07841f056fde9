"""Lookup tables: a run for them dies at any call; and how they leave a day that 0.1.0 wrote."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from datetime import timedelta

import pytest
from destinations import Killed, MemoryStore, Trouble
from lists import MANIFEST, TABLES, Lists, taken
from workbench import DAY, Bench
from workbench import MANIFEST as DAYS

from fakes import some
from genesys_export import manifest
from genesys_export.errors import TryAgainLater
from genesys_export.export import ExportOptions, Outcome
from genesys_export.model import Always
from genesys_export.store import FolderStore

MOST = 120  # calls; no run makes as many
PAST_LEASE_S = timedelta(minutes=11).total_seconds()
FORCED = ExportOptions(force=True)


@pytest.fixture(params=["memory", "folder"])
def new_lists(request, quick_path):
    def store(clock):
        if request.param == "memory":
            return MemoryStore(now=clock.now)
        return FolderStore(quick_path / secrets.token_hex(8))

    return lambda: Lists(Bench.over(store))


@pytest.fixture
def lists():
    return Lists(Bench.over(lambda clock: MemoryStore(now=clock.now)))


def changed(lists):
    lists.run()
    lists.versions["dim_divisions"] += 1
    lists.bench.clock.rest(60)


def cut(lists):
    changed(lists)
    lists.cut.add("dim_queues")


# --- the walk --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prepare", [lambda _lists: None, changed, cut], ids=["first", "2nd", "cut"]
)
def test_a_run_that_died_at_any_call_is_made_good_by_the_next(new_lists, prepare):
    for call in range(MOST):
        lists = new_lists()
        prepare(lists)
        before = lists.takes()
        try:
            lists.run(Trouble("killed", call, done=True), watched=True)
        except Killed:
            lists.check_readers()
        else:
            assert call > 15
            return
        after = lists.takes()
        assert after in (before, None, lists.versions)
        lists.cut.clear()
        lists.bench.clock.rest(PAST_LEASE_S)
        lists.run()
        lists.check_settled()
    pytest.fail("the run never came to its end")


def test_a_list_that_breaks_off_leaves_its_published_table_as_it_lies(lists):
    cut(lists)
    lists.versions["dim_queues"] += 1
    key = "dim_queues/2026-11-22.csv.gz"
    before = lists.bench.store.look(key).tag
    assert lists.run().outcome is Outcome.PUBLISHED
    assert lists.takes() == {"dim_queues": 1, "dim_divisions": 2}
    assert lists.bench.store.look(key).tag == before
    lists.cut.clear()
    lists.run()
    lists.check_settled()


def test_the_same_lists_leave_the_day_unchanged(lists):
    lists.run()
    tags = lists.bench.tags()
    assert lists.run().outcome is Outcome.UNCHANGED
    assert lists.bench.tags() == tags


def test_keys_of_lookup_tables_rest_as_well(lists):
    lists.run()
    found = manifest.decode(lists.bench.store.read(MANIFEST).body, MANIFEST)
    edited = replace(found, deleted={"dim_queues/2026-11-22.csv.gz": lists.bench.clock.now()})
    lists.bench.store.put(MANIFEST, edited.encode(), Always(), "application/json")
    with pytest.raises(TryAgainLater, match="was deleted less than 20 minutes ago"):
        lists.run()


def test_lists_and_conversations_of_a_day_do_each_other_no_harm(lists):
    lists.run()
    lists.bench.run()
    lists.versions["dim_divisions"] += 1
    lists.bench.genesys.versions[1] += 1
    tags = lists.bench.tags()
    lists.run()
    mine = {f"{table}/2026-11-22.csv.gz" for table in TABLES}
    differ = {key for key, tag in lists.bench.tags().items() if tags[key] != tag}
    assert differ == {"dim_divisions/2026-11-22.csv.gz"}
    lists.bench.run(options=FORCED)
    lists.check_settled()
    assert {*lists.bench.data_keys()} == {*lists.bench.named_keys()} | mine


# --- a day of 0.1.0 ---------------------------------------------------------------------------


def by_0_1_0(lists):
    """Lay down a day whose one manifest names both; lists and conversations change since."""
    bench = lists.bench
    bench.run()
    lists.run()
    there = json.loads(bench.store.read(DAYS).body)
    there["tables"] |= some(lists.manifest())["tables"]
    there["recipe"]["tables"] += TABLES
    bench.store.put(DAYS, json.dumps(there).encode(), Always(), "application/json")
    for key in [*bench.store.list(MANIFEST.rpartition("/2026")[0])]:
        bench.store.delete(key)
    assert lists.manifest() is None
    bench.genesys.versions[1] += 1
    bench.clock.rest(60)


def check_somewhere(lists):
    """Assert that a reader of both manifests finds each lookup table, whatever has happened."""
    lists.bench.check_readers()
    if lists.manifest() and lists.takes() is None:
        return  # they are replaced at this moment, and their manifest says so
    found = lists.takes() or {}
    day = some(lists.bench.manifest())
    found |= taken(lists.bench, day["tables"])
    if "next" in day and not found:
        return  # the day refuses as a whole
    assert found == lists.versions


def test_a_day_of_conversations_gives_its_lookup_tables_away_whenever_it_dies(new_lists):
    """Nobody deletes them: a manifest names them at any time."""
    for call in range(MOST):
        lists = new_lists()
        by_0_1_0(lists)
        mine = {key: tag for key, tag in lists.bench.tags().items() if key.startswith("dim_")}
        process = lists.bench.process(Trouble("killed", call, done=True))
        process.watch = lambda lists=lists: check_somewhere(lists)
        died = False
        try:
            lists.bench.exporter(process).export(DAY, FORCED)
        except Killed:
            died = True
        process.bury()
        check_somewhere(lists)
        if died:
            lists.bench.clock.rest(PAST_LEASE_S)
            lists.bench.run(options=FORCED)
        check_somewhere(lists)
        assert not {*TABLES} & {*some(lists.bench.manifest())["tables"]}
        assert lists.takes() == lists.versions
        left = lists.bench.tags()
        assert mine == {key: left[key] for key in mine}
        lists.versions["dim_queues"] += 1
        lists.run()
        lists.check_settled()
        if not died:
            assert call > 15
            return
    pytest.fail("the run never came to its end")


def test_lookup_tables_take_over_what_0_1_0_wrote_whenever_they_die(new_lists):
    """Although the conversations of that day are never exported again."""
    for call in range(MOST):
        lists = new_lists()
        by_0_1_0(lists)
        conversations = lists.bench.takes()
        try:
            lists.run(Trouble("killed", call, done=True))
            died = False
        except Killed:
            died = True
        check_somewhere(lists)
        assert lists.bench.takes() == conversations
        lists.bench.clock.rest(PAST_LEASE_S)
        for _ in range(2):  # the first goes on with what the dead run had sealed
            lists.run()
            lists.check_settled()
            lists.versions["dim_queues"] += 1
        assert lists.bench.takes() == conversations
        assert not {*TABLES} & {*some(lists.bench.manifest())["tables"]}
        if not died:
            assert call > 15
            return
    pytest.fail("the run never came to its end")
