"""A day of statistics dies after each of its calls; what the next run makes of it."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from crash_loop import check_at_every_call
from old_destination import Watched
from workbench import DAY, END, LEASE

from fakes import FakeClock, FakeSource, MemoryStore
from genesys_export.api import Question
from genesys_export.datasets import dataset_named, datasets, dimensions_of
from genesys_export.days import Interval, iso_ms
from genesys_export.events import ignore
from genesys_export.export import DayExporter, Dependencies, ExportOptions, Outcome, Plan
from genesys_export.feeds.aggregates import AggregatesFeed
from genesys_export.manifest import Recipe
from genesys_export.model import Page
from genesys_export.store import honours_preconditions

HALF = timedelta(minutes=30)


@dataclass
class Statistics(FakeSource):
    """Two groups with a value in each of the day's first three intervals."""

    value: int = 1
    dimension: str = ""
    reached: Any = END + timedelta(hours=5)

    def watermark(self) -> Any:
        return self.reached

    def fetch(self, interval: Interval, job_id: str | None = None) -> Statistics:
        del job_id
        self.interval = interval
        return self

    job_ids: tuple[str, ...] = ()

    def release(self) -> None: ...

    def pages(self) -> Iterator[Page]:
        for number in range(3):
            begin = self.interval.start + number * HALF
            data = [
                {
                    "interval": f"{iso_ms(begin)}/{iso_ms(begin + HALF)}",
                    "metrics": [{"metric": "tTest", "stats": {"sum": self.value}}],
                }
            ]
            records = [
                json.dumps({"group": {self.dimension: value}, "data": data}).encode()
                for value in ("one", "two")
            ]
            yield Page(records=records, watermark=None, received_bytes=1)


@dataclass
class Place:
    """A destination, and the runs over it."""

    name: str
    clock: FakeClock = field(default_factory=lambda: FakeClock(END + timedelta(hours=6)))
    source: Statistics = field(default_factory=Statistics)
    store: MemoryStore = field(init=False)

    def __post_init__(self) -> None:
        self.store = MemoryStore(now=self.clock.now)
        self.home = f"_genesys_export/{self.name}"
        (table,) = dataset_named(self.name).tables
        self.source.dimension = next(iter(dimensions_of(table).values()))

    def run(self, dies_after: int = -1, *, partial: bool = False, force: bool = True):
        dataset = dataset_named(self.name)
        plan = Plan(dataset=dataset, tables=(self.name,), allow_partial=partial)
        recipe = Recipe(
            timezone="UTC",
            engine=dataset.feed,
            filters={},
            tables=(self.name,),
            format=plan.format.value,
            layout=plan.layout.value,
            csv={"newlines": "keep"},
            column_version=dataset.column_version,
        )
        question = Question(
            granularity="PT30M", timezone="UTC", group_by=("userId",), metrics=("tTest",)
        )
        source: Any = self.source
        deps: Any = Dependencies(
            plan=plan,
            recipe=recipe,
            feed=AggregatesFeed(
                dataset=dataset,
                source=source,
                question=question,
                observe=ignore,
                clock=self.clock,
            ),
            store=Watched(self.store, self.check_readers, dies_after),
            clock=self.clock,
            observe=ignore,
            honours_preconditions=honours_preconditions,
            lease_time=LEASE,
        )
        return DayExporter(deps).export(DAY, ExportOptions(force=force))

    def manifest(self) -> dict[str, Any] | None:
        found = self.store.read(f"{self.home}/{DAY}/manifest.json")
        return None if found is None else json.loads(found.body)

    def values(self) -> list[str] | None:
        """Return the sums as a reader takes them; None where it must wait."""
        made = self.manifest()
        if made is None or "next" in made or made["state"] == "damaged":
            return None
        (file,) = made["tables"][self.name]
        there, seen = self.store.read(file["key"]), self.store.look(file["key"])
        assert there is not None
        assert seen is not None
        assert (there.tag.etag, seen.metadata["token"]) == (file["etag"], file["token"])
        text = gzip.decompress(there.body).decode()
        return [row["sum"] for row in csv.DictReader(io.StringIO(text))]

    def check_readers(self) -> None:
        """Assert that all rows are of one reading, or that readers have to wait."""
        if (found := self.values()) is not None:
            assert (len({*found}), len(found)) == (1, 6)

    def check_settled(self) -> None:
        """Assert that the rows are Genesys's, and that nothing lies there unnamed."""
        assert self.values() == [str(self.source.value)] * 6
        made = self.manifest() or {}
        assert made["counts"]["exported"] == 6
        named = {file["key"] for files in made["tables"].values() for file in files}
        day = f"{self.home}/{DAY}"
        assert {*self.store.list("")} == named | {
            f"{day}/manifest.json",
            f"{day}/claim.json",
            f"{self.home}/recipe.json",
        }
        assert not self.store.begun


@pytest.fixture(params=[one.name for one in datasets() if one.aggregates])
def new_place(request):
    return lambda: Place(request.param)


def nothing(place: Place) -> None:
    del place


def published(place: Place) -> None:
    place.run()


def corrected(place: Place) -> None:
    place.run()
    place.source.value = 2


@pytest.mark.parametrize("prepare", [nothing, published, corrected])
def test_a_run_that_died_at_any_call_is_made_good_by_the_next(new_place, prepare):
    check_at_every_call(new_place, prepare, least=10 if prepare is published else 20)


def test_a_day_without_changes_stays_as_it_lies(new_place):
    place = new_place()
    place.run()
    before = (place.manifest() or {})["tables"]
    assert place.run().outcome is Outcome.UNCHANGED
    assert (place.manifest() or {})["tables"] == before
    place.source.value = 2
    assert place.run().outcome is Outcome.PUBLISHED
    place.check_settled()


def test_a_whole_day_is_never_replaced_by_one_read_earlier(new_place):
    place = new_place()
    place.run()
    place.source.reached = END - timedelta(hours=3)
    place.source.value = 2
    with pytest.raises(Exception, match="the data reaches"):
        place.run()
    assert place.values() == ["1"] * 6
