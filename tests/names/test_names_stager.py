"""Lists that break off, one by one: what becomes of each table, and how long the others wait."""

from dataclasses import dataclass, field
from datetime import date

import pytest

from fakes import Events, FakeClock, MemoryStore
from genesys_export.datasets import DEFAULT, NAMES, dataset_named
from genesys_export.days import Day, zone_named
from genesys_export.errors import (
    DestinationFailed,
    GenesysUnavailable,
    NotPermitted,
    RequestRefused,
    SignInRefused,
)
from genesys_export.events import Noticed
from genesys_export.export import Plan
from genesys_export.feeds.snapshot import Earlier, LookupStager
from genesys_export.manifest import File

DAY = Day(date(2026, 11, 22), zone_named("UTC"))
TABLES = tuple(table.name for table in dataset_named(NAMES).tables)
GONE = GenesysUnavailable("Genesys did not answer")
REFUSED = RequestRefused("no more than 10000 results", http_status=400)
FILE = File(key="dim_users/2026-11-22.csv.gz", rows=9, bytes=9, sha256="0" * 64)


@dataclass
class Lists:
    """Lists of two entries each, some of which end in an error after the first."""

    broken: dict
    empty: bool = False
    patience: dict = field(default_factory=dict)

    def pages(self, source, *, patience_s=None):
        table = next(each.name for each in dataset_named(NAMES).tables if each.source is source)
        self.patience[table] = patience_s
        problem = self.broken.get(table)
        if not (problem and self.empty):
            yield [{"id": "1", "name": "one"}]
        if problem:
            raise problem
        yield [{"id": "2", "name": "two"}]


@dataclass
class Stage:
    """A stager and what it was given."""

    lists: Lists
    store: MemoryStore = field(default_factory=MemoryStore)
    events: Events = field(default_factory=Events)

    def named(self, earlier=None):
        dataset = dataset_named(DEFAULT)
        stager = LookupStager(
            plan=Plan(dataset=dataset, tables=("conversations",), names=TABLES),
            names=self.lists,
            store=self.store,
            observe=self.events,
            token="t",
            clock=FakeClock(),
        )
        return stager.stage(DAY, lambda: earlier or Earlier())


def test_after_a_list_that_took_all_patience_the_others_get_little():
    stage = Stage(Lists({"dim_users": GONE}))
    named = stage.named()
    assert stage.lists.patience == {
        "dim_queues": None,
        "dim_users": None,
        "dim_wrap_up_codes": 20.0,
        "dim_divisions": 20.0,
        "dim_flows": 20.0,
    }
    assert [table.rows for table in named.tables] == [2, 1, 2, 2, 2]
    assert named.cut == ("dim_users",)
    assert [event.message for event in stage.events.of(Noticed)] == [
        "2026-11-22: dim_users is cut: its list was cut off after 1 entry (Genesys did not answer)"
    ]


def test_a_refusal_costs_no_patience():
    stage = Stage(Lists({"dim_queues": REFUSED}))
    stage.named()
    assert set(stage.lists.patience.values()) == {None}


@pytest.mark.parametrize("problem", [GONE, REFUSED])
@pytest.mark.parametrize(
    ("empty", "earlier", "fate", "cut"),
    [
        (False, Earlier(), "is cut", True),
        (True, Earlier(), "is not written", False),
        (False, Earlier(tables={"dim_users": (FILE,)}), "keeps its previously", False),
        (True, Earlier(tables={"dim_users": (FILE,)}), "keeps its previously", False),
        (False, Earlier(tables={"dim_users": (FILE,)}, cut=("dim_users",)), "is cut", True),
        (True, Earlier(tables={"dim_users": (FILE,)}, cut=("dim_users",)), "keeps its", True),
    ],
)
def test_the_better_of_what_came_and_what_was_there_is_published(
    problem, empty, earlier, fate, cut
):
    named = Stage(Lists({"dim_users": problem}, empty=empty)).named(earlier)
    (note,) = named.notes
    assert note.startswith(f"dim_users {fate}")
    assert named.cut == (("dim_users",) if cut else ())
    assert ("dim_users" in named.kept) == fate.startswith("keeps its")
    staged = [table.table for table in named.tables]
    assert ("dim_users" in staged) == (fate == "is cut")
    assert named.problem(DAY) is None


def test_a_missing_permission_is_told_beside_a_list_that_broke_off():
    lists = Lists({"dim_users": GONE, "dim_flows": NotPermitted("no", permissions=("a:b:c",))})
    named = Stage(lists).named()
    assert len(named.notes) == 2
    assert named.problem(DAY).status == 77


@pytest.mark.parametrize("problem", [SignInRefused("no"), DestinationFailed("full")])
def test_what_is_not_a_lists_own_trouble_leaves_nothing_staged(problem):
    stage = Stage(Lists({"dim_flows": problem}))
    with pytest.raises(type(problem)):
        stage.named()
    assert stage.store.sealed == {}
