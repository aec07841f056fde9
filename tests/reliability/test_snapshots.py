"""A day of lookup tables dies after each of its calls; what the next run makes of it."""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from crash_loop import MOST, check_at_every_call
from destinations import Killed
from old_destination import LOOKUPS, Watched
from workbench import DAY, END, LEASE

from fakes import FakeClock, MemoryStore
from genesys_export.datasets import NAMES, dataset_named
from genesys_export.errors import GenesysUnavailable
from genesys_export.events import ignore
from genesys_export.export import DayExporter, Dependencies, ExportOptions, Outcome, Plan
from genesys_export.feeds.snapshot import SnapshotFeed
from genesys_export.life import Policy
from genesys_export.manifest import Recipe
from genesys_export.store import honours_preconditions

DATASET = dataset_named(NAMES)
HOME = f"_genesys_export/{NAMES}"
FORCED = ExportOptions(force=True)


@dataclass
class Lists:
    """A model.Names: the same two entities in each list, until one of them is renamed."""

    name: str = "Home"
    breaks: str = ""  # the list that breaks off after its first entity

    def pages(self, source: Any, *, patience_s: float | None = None):
        del patience_s
        yield [{"id": "1", "name": self.name}]
        if DATASET.table(self.breaks or LOOKUPS[0]).source is source and self.breaks:
            raise GenesysUnavailable("no answer")
        yield [{"id": "2", "name": "Other"}]


@dataclass
class Place:
    """A destination, and the runs over it."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(END + timedelta(hours=6)))
    lists: Lists = field(default_factory=Lists)
    store: MemoryStore = field(init=False)

    def __post_init__(self) -> None:
        self.store = MemoryStore(now=self.clock.now)

    def run(self, dies_after: int = -1, *, watched: bool = True):
        look = self.check_readers if watched else (lambda: None)
        plan = Plan(
            dataset=DATASET,
            tables=LOOKUPS,
            life=Policy(
                settle=timedelta(0), catch_up_days=0, looks=(), open_looks=(), snapshot=True
            ),
        )
        recipe = Recipe(
            timezone="UTC",
            engine=DATASET.feed,
            filters={},
            tables=LOOKUPS,
            format=plan.format.value,
            layout=plan.layout.value,
            csv={"newlines": "keep"},
            column_version=DATASET.column_version,
        )
        deps: Any = Dependencies(
            plan=plan,
            recipe=recipe,
            feed=SnapshotFeed(dataset=DATASET, lists=self.lists, tables=LOOKUPS, clock=self.clock),
            store=Watched(self.store, look, dies_after),
            clock=self.clock,
            observe=ignore,
            honours_preconditions=honours_preconditions,
            lease_time=LEASE,
        )
        return DayExporter(deps).export(DAY, FORCED)

    def manifest(self) -> dict[str, Any] | None:
        found = self.store.read(f"{HOME}/{DAY}/manifest.json")
        return None if found is None else json.loads(found.body)

    def names(self) -> dict[str, list[str]] | None:
        """Return the names in each table, as a reader takes them; None where it must wait."""
        made = self.manifest()
        if made is None or "next" in made or made["state"] == "damaged":
            return None
        found = {}
        for table, (file,) in made["tables"].items():
            there, seen = self.store.read(file["key"]), self.store.look(file["key"])
            assert there is not None
            assert seen is not None
            assert (there.tag.etag, seen.metadata["token"]) == (file["etag"], file["token"])
            text = gzip.decompress(there.body).decode()
            found[table] = [row["name"] for row in csv.DictReader(io.StringIO(text))]
        return found

    def check_readers(self) -> None:
        """Assert that all tables are of one reading, or that readers have to wait."""
        if (found := self.names()) is not None:
            assert len({tuple(names) for names in found.values()}) == 1
            assert found.keys() == {*LOOKUPS}

    def check_settled(self) -> None:
        """Assert that the tables are the lists, and that nothing lies there unnamed."""
        assert self.names() == {table: [self.lists.name, "Other"] for table in LOOKUPS}
        made = self.manifest() or {}
        named = {file["key"] for files in made["tables"].values() for file in files}
        own = {f"{HOME}/{DAY}/manifest.json", f"{HOME}/{DAY}/claim.json", f"{HOME}/recipe.json"}
        assert {*self.store.list("")} == named | own
        assert not self.store.begun


def nothing(place: Place) -> None:
    del place


def published(place: Place) -> None:
    place.run()


def renamed(place: Place) -> None:
    place.run()
    place.lists.name = "Away"


@pytest.mark.parametrize("prepare", [nothing, published, renamed])
def test_a_run_that_died_at_any_call_is_made_good_by_the_next(prepare):
    check_at_every_call(Place, prepare, least=25)


def test_a_cut_list_leaves_what_was_whole_and_the_next_run_fills_it():
    place = Place()
    place.run()
    whole = (place.manifest() or {})["tables"]["dim_users"]
    place.lists.breaks, place.lists.name = "dim_users", "Away"
    place.run(watched=False)
    made = place.manifest() or {}
    assert (made["state"], made["cut"], made["tables"]["dim_users"]) == ("partial", [], whole)
    assert (place.names() or {})["dim_flows"] == ["Away", "Other"]
    place.lists.breaks = ""
    assert place.run(watched=False).outcome is Outcome.PUBLISHED
    place.check_settled()


def test_a_cut_list_is_not_adopted_by_the_next_run():
    """It died when all was staged: what it had is not in the claim, for it was not whole."""
    for call in range(MOST):
        place = Place()
        place.lists.breaks = "dim_users"
        try:
            place.run(call, watched=False)
        except Killed:
            place.lists.breaks = ""
            place.clock.rest(LEASE.total_seconds() + 60)
            place.run(watched=False)
            place.check_settled()
        else:
            return
    pytest.fail("the run never came to its end")
