"""A destination of version 0.1.0 is taken over as it lies; no reader misses a table meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import pytest
from destinations import Killed
from old_destination import (
    FINAL,
    LOOKUPS,
    NEXT,
    PROVISIONAL,
    SEALED,
    TABLES,
    ZONE,
    Old,
    Server,
    Watched,
    opened,
)

from fakes import some
from genesys_export.datasets import DEFAULT, NAMES, dataset_named
from genesys_export.export import ExportOptions, Outcome, agenda
from genesys_export.life import Why
from genesys_export.locations import Home
from genesys_export.operations.status.reading import Place, read
from genesys_export.operations.verify.verify import Verifier

pytestmark = pytest.mark.no_cover  # its many runs repeat lines that other tests cover

FORCED = ExportOptions(force=True, accept_shrink=True)
MOST = 150  # calls; no run makes as many


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with opened() as one:
        yield one


@pytest.fixture(params=["plain", "named"])
def old(request, server) -> Old:
    return Old(request.param, server)


# --- as it lies --------------------------------------------------------------------------------


def test_no_day_becomes_due_by_the_upgrade(old):
    found = {str(one.day): one.reason.why for one in agenda(old.exporter().deps, ZONE)}
    assert found == {
        "2026-11-20": Why.MISSING,
        "2026-11-21": Why.MISSING,
        str(SEALED): Why.MISSING,
        str(NEXT): Why.DAMAGED,  # its publishing was cut off
        str(PROVISIONAL): Why.PROVISIONAL,
    }


def test_a_final_day_is_skipped_and_nothing_is_written(old):
    before, asked = old.snapshot(), len(old.genesys.requests)
    report = old.exporter().export(FINAL)
    assert report.outcome is Outcome.SKIPPED
    assert some(report.manifest).tool_version == "0.1.0"
    assert old.snapshot() == before
    assert len(old.genesys.requests) == asked


def test_every_published_day_is_read_as_it_was(old):
    for day in (FINAL, PROVISIONAL):
        made = some(old.readable(day))
        assert [*made["tables"]] == [*TABLES, *old.lookups]
    assert old.readable(NEXT) is None
    assert old.manifest(SEALED) is None


def test_a_replacement_under_way_is_finished_without_asking_genesys(old):
    asked = len(old.genesys.requests)
    under_way = some(old.manifest(NEXT))["next"]
    assert len(under_way["deletes"]) == len(TABLES) * 2
    finished = some(old.exporter().recover(NEXT)).value
    made = some(old.readable(NEXT))
    assert [*made["tables"]] == [*finished.tables] == [*TABLES, *old.lookups]
    assert not {*under_way["deletes"]} & {*old.store.list("")}
    assert len(old.genesys.requests) == asked


def test_a_claim_with_a_sealed_slice_is_followed(old):
    (sealed,) = old.exporter().deps.claims.read(SEALED).value.slices
    assert all(old.store.holds(one.file) for one in sealed.files)
    report = old.exporter().export(SEALED)
    assert report.outcome is Outcome.PUBLISHED
    made = some(old.readable(SEALED))
    assert [*made["tables"]] == [*TABLES]
    assert made["counts"]["exported"] == 8
    assert not any(old.store.holds(one.file) for one in sealed.files)
    claim = some(old.exporter().deps.claims.read(SEALED)).value
    assert (claim.released, claim.slices, claim.jobs) == (True, (), ())


def test_after_a_run_over_every_day_nothing_lies_there_that_nobody_names(old):
    export_all(old)
    for day in (FINAL, SEALED, NEXT, PROVISIONAL):
        assert old.readable(day) is not None
    dead = {one.key for one in old.store.begun.values()}
    # Uploads that a run of 0.1.0 left of lookup tables are another dataset's now, and its day is
    # past: the bucket's lifecycle rule aborts them.
    assert dead == {f"{table}/{SEALED}.csv.gz" for table in old.lookups}
    assert old.leftovers() == dead


def export_all(old: Old) -> None:
    """Do what a run without --date does."""
    for exporter in old.exporters():
        for due in agenda(exporter.deps, ZONE):
            exporter.export(due.day)


def test_a_run_is_enough_and_the_next_one_finds_nothing_new_to_do(old):
    export_all(old)
    left = {
        exporter.deps.plan.dataset.name: [str(one.day) for one in agenda(exporter.deps, ZONE)]
        for exporter in old.exporters()
    }
    provisional = ["2026-11-21", str(SEALED), str(NEXT), str(PROVISIONAL)]
    assert left == {DEFAULT: provisional} | ({NAMES: []} if old.lookups else {})


# --- verify and status -------------------------------------------------------------------------


def verified(old: Old, day, dataset: str = DEFAULT):
    home = Home("", dataset)
    return Verifier(dataset=dataset_named(dataset), home=home, store=old.store).verify(day)


@pytest.mark.parametrize("day", [FINAL, PROVISIONAL], ids=str)
def test_days_as_they_lie_verify(old, day):
    found = verified(old, day)
    assert [str(one) for one in found.mismatches] == []
    assert found.checked.objects >= len(TABLES) + len(old.lookups)


def test_days_verify_after_the_upgrade(old):
    export_all(old)
    for day in (FINAL, SEALED, NEXT, PROVISIONAL):
        assert [str(one) for one in verified(old, day).mismatches] == []
        if old.manifest(day, NAMES):
            assert [str(one) for one in verified(old, day, NAMES).mismatches] == []


def test_the_status_says_of_each_day_what_it_is(old):
    place = Place(
        org="",
        dataset=dataset_named(DEFAULT),
        zone=ZONE,
        policy=old.exporter().deps.plan.life,
    )
    found = {str(one.day): one for one in read(old.store, place, old.clock.now()).days}
    assert [*found] == [f"2026-11-{number}" for number in range(19, 25)]
    assert found[str(FINAL)].state == "final"
    assert found[str(PROVISIONAL)].state == "provisional"
    assert found["2026-11-20"].state == "missing"
    assert [day for day, one in found.items() if one.due] == sorted({*found} - {str(FINAL)})


# --- lookup tables -----------------------------------------------------------------------------


def test_the_newest_days_lookup_tables_are_taken_over_and_not_read_again(server):
    old = Old("named", server)
    before, asked = some(old.readable(PROVISIONAL))["tables"], len(server.genesys.asked("users"))
    report = old.exporter(NAMES).export(PROVISIONAL)
    assert report.outcome is Outcome.SKIPPED
    taken = some(old.readable(PROVISIONAL, NAMES))
    assert taken["tables"] == {table: before[table] for table in LOOKUPS}
    assert (taken["state"], taken["tool_version"]) == ("final", "0.1.0")
    rest = some(old.readable(PROVISIONAL))["tables"]
    assert rest == {table: before[table] for table in TABLES}
    assert agenda(old.exporter(NAMES).deps, ZONE) == ()
    assert len(server.genesys.asked("users")) == asked


def test_a_manifest_that_was_taken_over_says_the_recipe_that_this_version_would(server):
    old = Old("named", server)
    old.exporter(NAMES).export(PROVISIONAL)
    for dataset in (DEFAULT, NAMES):
        exporter = old.exporter(dataset)
        made = some(exporter.deps.ledger.read(PROVISIONAL)).value
        assert made.recipe.is_kept_by(exporter.deps.recipe)


@pytest.mark.parametrize("day", [FINAL, NEXT, PROVISIONAL], ids=str)
@pytest.mark.parametrize("first", [DEFAULT, NAMES])
def test_no_reader_misses_a_table_at_any_call(server, day, first):
    old = Old("named", server)
    store = Watched(old.store, lambda: old.check_readers(day))
    for dataset in (first, DEFAULT, NAMES, DEFAULT):
        old.exporter(dataset, store).export(day, FORCED)
        old.clock.rest(60)
    assert {*some(old.readable(day))["tables"]} == {*TABLES}
    assert {*some(old.readable(day, NAMES))["tables"]} == {*LOOKUPS}
    assert store.calls > 40


@pytest.mark.parametrize("first", [DEFAULT, NAMES])
def test_a_run_that_dies_while_it_takes_tables_over_is_made_good_by_the_next(server, first):
    second = NAMES if first == DEFAULT else DEFAULT
    for call in range(MOST):
        old = Old("named", server)
        watch = partial(old.check_readers, PROVISIONAL)
        store = Watched(old.store, watch, call)
        with suppress(Killed):
            old.exporter(first, store).export(PROVISIONAL, FORCED)
            return
        old.check_readers(PROVISIONAL)
        old.clock.rest(11 * 60)
        watched = Watched(old.store, watch)
        for dataset in (second, first, second):
            old.exporter(dataset, watched).export(PROVISIONAL, FORCED)
        assert {*some(old.readable(PROVISIONAL))["tables"]} == {*TABLES}
        assert {*some(old.readable(PROVISIONAL, NAMES))["tables"]} == {*LOOKUPS}
    pytest.fail("the run never came to its end")


def test_without_names_an_old_days_lookup_tables_outlive_its_next_export(server):
    old = Old("named", server)
    settings = {"GENESYS_EXPORT_EXPORT__NAMES": "false"}
    before = some(old.readable(FINAL))["tables"]
    old.exporter(**settings).export(FINAL, FORCED)
    taken = some(old.readable(FINAL, NAMES))["tables"]
    assert taken == {table: before[table] for table in LOOKUPS}
