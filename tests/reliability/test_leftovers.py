"""After any runs, however they ended, and then a good one, nothing lies there that nobody names.

`Bench.check_contents` says what may; it is part of every check of a day that has settled.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import timedelta

import pytest
from destinations import Killed, Trouble
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workbench import DAY, HOME, REGISTER, Bench

from fakes import MemoryStore
from genesys_export.datasets import DEFAULT, dataset_named
from genesys_export.errors import DataMismatch, ExportError, TryAgainLater
from genesys_export.export import ExportOptions, Layout, Plan
from genesys_export.store import FolderStore

FORCED = ExportOptions(force=True)


@pytest.fixture(params=["memory", "folder"])
def bench(request, quick_path):
    return anew(request.param, quick_path)


def anew(kind, quick_path):
    def store(clock):
        if kind == "memory":
            return MemoryStore(now=clock.now)
        return FolderStore(quick_path / secrets.token_hex(8))

    return Bench.over(store, count=30)


def there(bench):
    return {*bench.store.list("")} | {one.key for one in bench.store.uploads("")}


class Twice:
    """A store that begins every upload twice: the answer to the first was lost."""

    def __init__(self, store):
        self.store = store

    def stage(self, *arguments):
        held = getattr(self.store.stage(*arguments), "_file", None)
        if held is not None:
            held.close()
        return self.store.stage(*arguments)

    def __getattr__(self, name):
        return getattr(self.store, name)


# --- each kind of end ----------------------------------------------------------------------


def test_a_run_that_a_guard_refuses_leaves_what_it_found(bench):
    bench.run()
    found = there(bench)
    for number in range(3, 30):
        del bench.genesys.versions[number]
    for _ in range(3):
        with pytest.raises(DataMismatch):
            bench.run(options=FORCED)
        assert there(bench) == found


def test_a_run_that_comes_too_early_leaves_its_claim_and_the_register_alone(bench):
    bench.genesys.behind = timedelta(hours=8)
    for _ in range(3):
        with pytest.raises(TryAgainLater):
            bench.run()
        assert there(bench) == {f"{HOME}/claim.json", REGISTER}


def test_uploads_whose_creation_got_no_answer_are_gone_after_the_very_run(bench):
    store = bench.store
    bench.store = Twice(store)
    bench.run()
    bench.store = store
    bench.check_settled()
    bench.store = Twice(store)
    bench.run(options=FORCED)  # nothing changed
    bench.store = store
    bench.check_settled()


def test_a_probe_that_was_killed_is_removed_with_its_day(bench):
    process = bench.process()
    process.dies_at("put", 2)  # the claim, then the probe's first
    with pytest.raises(Killed):
        bench.exporter(process).export(DAY)
    process.bury()
    assert any("/probe-" in key for key in there(bench))
    bench.clock.rest(timedelta(minutes=11).total_seconds())
    bench.run()
    bench.check_settled()


def test_uploads_in_another_layout_are_removed(bench):
    process = bench.process()
    process.dies_at("seal", 2)
    with pytest.raises(Killed):
        bench.exporter(process, layout=Layout.HIVE).export(DAY)
    process.bury()
    assert any("/dt=" in one.key for one in bench.store.uploads(""))
    bench.clock.rest(timedelta(minutes=11).total_seconds())
    bench.run()
    bench.check_settled()


@pytest.mark.parametrize("layout", [*Layout])
def test_a_days_prefixes_cover_both_layouts_and_every_table_whatever_is_written(layout):
    plan = Plan(dataset=dataset_named(DEFAULT), tables=("sessions",), layout=layout)
    prefixes = plan.prefixes(DAY)
    for key in (
        "sessions/2026-11-22.csv.gz",
        "sessions/dt=2026-11-22/000-000.csv.gz",
        "segments/2026-11-22.001.parquet",
        "segments/dt=2026-11-22/001-000.parquet",
        "conversation_details_raw/2026-11-22.jsonl.gz",
        f"{HOME}/rejects.jsonl.gz",
        f"{HOME}/rejects.001.jsonl.gz",
        f"{HOME}/index/1-000.bin",
    ):
        assert key.startswith(prefixes), key
    for key in (
        "sessions/2026-11-21.csv.gz",
        "dim_queues/dt=2026-11-22/000-000.csv.gz",  # another dataset's
        "others/2026-11-22.csv.gz",
        "recipe.json",
    ):
        assert not key.startswith(prefixes), key


# --- any sequence --------------------------------------------------------------------------

TROUBLES = st.tuples(
    st.sampled_from(["killed", "stopped", "unanswered", "refused", "early", "good"]),
    st.integers(0, 110),
    st.booleans(),
    st.sampled_from([1, 1, 2]),
)


@pytest.mark.parametrize("kind", ["memory", "folder"])
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])
@given(sequence=st.lists(TROUBLES, min_size=1, max_size=5))
def test_whatever_ran_before_a_good_run_leaves_exactly_what_is_named(kind, quick_path, sequence):
    bench = anew(kind, quick_path)
    every = dict(bench.genesys.versions)
    for ended, call, done, slices in sequence:
        bench.genesys.versions[1] += 1
        every[1] += 1
        trouble = None
        match ended:
            case "refused":
                bench.genesys.versions = {number: every[number] for number in range(3)}
            case "early":
                bench.genesys.behind = timedelta(hours=8)
            case "killed" | "stopped" | "unanswered":
                trouble = Trouble(ended, call, done=done)
        with suppress(Killed, ExportError):
            bench.run(trouble, options=FORCED, slices=slices)
        bench.genesys.versions, bench.genesys.behind = dict(every), timedelta(0)
        bench.clock.rest(timedelta(minutes=11).total_seconds())
    bench.settle()
