"""What errors say of the day, and keys that must rest: found before anything is staged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from destinations import MemoryStore
from workbench import HOME, MANIFEST, Bench

from genesys_export import manifest
from genesys_export.errors import Aftermath, DestinationFailed, NotPermitted, TryAgainLater
from genesys_export.export import ExportOptions, Layout, Roll
from genesys_export.model import Always

FORCED = ExportOptions(force=True, rewrite=True)


@pytest.fixture
def bench():
    return Bench.over(lambda clock: MemoryStore(now=clock.now))


class Refusing:
    """A store in which calls of one name for some keys fail."""

    def __init__(self, store, name, wanted):
        self._store, self._name, self._wanted = store, name, wanted

    def __getattr__(self, name):
        do = getattr(self._store, name)
        if name != self._name:
            return do

        def call(*arguments):
            key = getattr(arguments[0], "key", arguments[0])
            if self._wanted(key):
                raise DestinationFailed(f"{key}: the disk is full")
            return do(*arguments)

        return call


def is_segment(key):
    return key.startswith("sessions/")


# --- on which side of the decision ---------------------------------------------------------------


def test_a_run_that_fails_before_the_decision_says_that_nothing_changed(bench):
    bench.run()
    bench.genesys.versions[1] += 1
    before, store = bench.takes(), bench.store
    bench.store = Refusing(store, "stage", is_segment)
    with pytest.raises(DestinationFailed, match="the disk is full") as problem:
        bench.run(options=FORCED)
    bench.store = store
    assert problem.value.aftermath is Aftermath.UNCHANGED
    assert "the previously published version is unchanged" in problem.value.advice
    assert bench.claim()["failure"]["published"] == "unchanged"
    assert bench.takes() == before


def test_a_run_that_fails_after_the_decision_says_that_readers_must_wait(bench):
    bench.run()
    bench.genesys.versions[1] += 1
    store = bench.store
    bench.store = Refusing(store, "complete", is_segment)
    with pytest.raises(DestinationFailed, match="has begun and is not finished") as problem:
        bench.run(options=FORCED)
    bench.store = store
    assert problem.value.aftermath is Aftermath.PUBLISHING
    assert "unchanged" not in problem.value.advice
    assert bench.claim()["failure"]["published"] == "publishing"
    assert "next" in bench.manifest()
    jobs = len(bench.genesys.jobs)
    bench.recover()
    assert len(bench.genesys.jobs) == jobs
    assert bench.takes() is not None


def test_where_no_state_is_kept_an_error_says_how_many_files_are_new(bench):
    bench.store = Refusing(bench.store, "complete", is_segment)
    with pytest.raises(DestinationFailed, match=r"2 of 3 files of 2026-11-22 are") as problem:
        bench.run(keeps_state=False)
    assert "unchanged" not in problem.value.advice
    assert [*bench.store.uploads("")] == []


def test_a_right_that_is_missing_for_one_table_is_found_before_the_decision(bench):
    class Closed(Refusing):
        def check_replaceable(self, keys):
            raise NotPermitted(f"{[*filter(is_segment, keys)]}: not permitted")

    bench.run()
    bench.genesys.versions[1] += 1
    before, store = bench.takes(), bench.store
    bench.store = Closed(store, "", is_segment)
    with pytest.raises(NotPermitted):
        bench.run(options=FORCED)
    bench.store = store
    assert bench.claim()["failure"]["published"] == "unchanged"
    assert bench.takes() == before


# --- keys that must rest -------------------------------------------------------------------------


def refused(bench, **told):
    """Run into a key that must rest; nothing may have been asked or staged."""
    jobs, there = len(bench.genesys.jobs), {*bench.store.list("")}
    with pytest.raises(TryAgainLater, match="was deleted less than 20 minutes ago") as problem:
        bench.run(options=FORCED, **told)
    assert len(bench.genesys.jobs) == jobs
    assert {*bench.store.list("")} == there
    assert [*bench.store.uploads("")] == []
    assert "Try again after 2026-11-23T06:2" in problem.value.advice
    return problem.value


def as_if_deleted(bench, key):
    """Let the last export have deleted that key."""
    found = manifest.decode(bench.store.read(MANIFEST).body, MANIFEST)
    edited = replace(found, deleted={key: bench.clock.now()})
    bench.store.put(MANIFEST, edited.encode(), Always(), "application/json")


def test_more_slices_again_are_refused_with_the_slices_that_would_do(bench):
    bench.run(slices=2)
    bench.genesys.versions[1] += 1
    bench.run(slices=1, options=FORCED)
    problem = refused(bench, slices=2)
    assert "because the day was last exported in 1 slice;" in problem.message
    assert problem.advice.endswith(", or with --slices 1.")
    bench.run(slices=1, options=FORCED)
    bench.clock.rest(timedelta(minutes=21).total_seconds())
    bench.run(slices=2, options=FORCED)


@pytest.mark.parametrize("layout", [Layout.DAILY, Layout.HIVE])
def test_a_second_file_again_where_files_roll_is_refused_with_the_limits(bench, layout):
    roll = {"roll": Roll(rows=1), "layout": layout}
    bench.run(**roll)
    name = {"daily": "2026-11-22.000-001", "hive": "dt=2026-11-22/000-001"}[layout]
    as_if_deleted(bench, f"sessions/{name}.csv.gz")
    problem = refused(bench, **roll)
    assert "needed fewer files of that table ([roll])" in problem.message
    assert "--slices" not in problem.advice


def test_a_key_that_this_export_can_not_need_is_in_nobodys_way(bench):
    bench.run(roll=Roll(rows=1))
    as_if_deleted(bench, "sessions/2026-11-22.001-000.csv.gz")  # of a second slice
    bench.run(options=FORCED, roll=Roll(rows=1))


def test_another_layout_again_is_refused_with_the_settings_that_differ(bench):
    bench.run()
    bench.run(options=FORCED, layout=Layout.HIVE)
    problem = refused(bench)
    assert "other settings (layout: hive -> daily)" in problem.message


def test_rejects_rest_as_well(bench):
    bench.run()
    as_if_deleted(bench, f"{HOME}/rejects.jsonl.gz")
    assert "found no unreadable records" in refused(bench).message
