"""Lists that break off, one by one: what becomes of each table, and how long the others wait."""

from dataclasses import dataclass, field, replace
from datetime import date
from threading import Event

import pytest

from fakes import Events, FakeClock, MemoryStore
from genesys_export.datasets import NAMES, dataset_named
from genesys_export.days import Day, split, zone_named
from genesys_export.errors import (
    DestinationFailed,
    GenesysUnavailable,
    NotPermitted,
    RequestRefused,
    SignInRefused,
)
from genesys_export.export import Plan
from genesys_export.export.gaps import filled, is_partial, problem
from genesys_export.export.slices import SliceContext, StagedSlice, Task, stage
from genesys_export.feeds.snapshot import SnapshotFeed
from genesys_export.manifest import File, Manifest, Recipe, file_of
from genesys_export.model import Counts

DAY = Day(date(2026, 11, 22), zone_named("UTC"))
(WHOLE,) = split(DAY, 1)
TABLES = dataset_named(NAMES).lookups
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


def staged(lists: Lists, store: MemoryStore | None = None) -> StagedSlice:
    """Stage the lists as the one slice of a day of lookup tables."""
    dataset, clock = dataset_named(NAMES), FakeClock()
    context = SliceContext(
        plan=Plan(dataset=dataset, tables=TABLES),
        store=store or MemoryStore(),
        observe=Events(),
        token="t",
        abandon=Event(),
        clock=clock,
    )
    feed = SnapshotFeed(dataset=dataset, lists=lists, tables=TABLES, clock=clock)
    return stage(context, Task(slice=WHOLE, reading=feed.open(WHOLE), began=clock.now()))


def whole(one: StagedSlice, before: Manifest | None = None):
    """Return what is published of a staged slice over what was published `before`."""
    tables = {file.table: (file_of(file.file, file.rows),) for file in one.sealed.files}
    return filled(tables, one.gaps, before)


def published(**told) -> Manifest:
    return replace(NOTHING, **told)


NOTHING = Manifest(
    dataset=NAMES,
    day=str(DAY),
    interval=DAY.interval,
    timezone="UTC",
    recipe=Recipe(
        timezone="UTC",
        engine="snapshot",
        filters={},
        tables=TABLES,
        format="csv.gz",
        layout="daily",
        csv={},
        column_version=1,
    ),
    state="partial",
    attempt="a",
    attempts=(),
    tool_version="1",
    slices=(),
    tables={},
    digest="0" * 64,
    counts=Counts(),
    rejects=None,
    began=DAY.interval.end,
    ended=DAY.interval.end,
)


def test_after_a_list_that_took_all_patience_the_others_get_little():
    lists = Lists({"dim_users": GONE})
    one = staged(lists)
    assert lists.patience == {
        "dim_queues": None,
        "dim_users": None,
        "dim_wrap_up_codes": 20.0,
        "dim_divisions": 20.0,
        "dim_flows": 20.0,
    }
    assert [table.rows for table in one.sealed.files] == [2, 1, 2, 2, 2]
    assert one.sealed.counts == Counts(received=9, exported=9)
    assert whole(one).cut == ("dim_users",)
    assert whole(one).notes == (
        "dim_users is cut: its list was cut off after 1 entry (Genesys did not answer)",
    )


def test_a_refusal_costs_no_patience():
    lists = Lists({"dim_queues": REFUSED})
    staged(lists)
    assert set(lists.patience.values()) == {None}


BEFORE = published(tables={"dim_users": (FILE,)})
CUT = published(tables={"dim_users": (FILE,)}, cut=("dim_users",))


@pytest.mark.parametrize("why", [GONE, REFUSED])
@pytest.mark.parametrize(
    ("empty", "earlier", "fate", "cut"),
    [
        (False, None, "is cut", True),
        (False, published(), "is cut", True),
        (True, None, "is not written", False),
        (True, published(), "is not written", False),
        (False, BEFORE, "keeps its previously", False),
        (True, BEFORE, "keeps its previously", False),
        (False, CUT, "is cut", True),
        (True, CUT, "keeps its", True),
    ],
)
def test_the_better_of_what_came_and_what_was_there_is_published(why, empty, earlier, fate, cut):
    one = staged(Lists({"dim_users": why}, empty=empty))
    made = whole(one, earlier)
    (note,) = made.notes
    assert note.startswith(f"dim_users {fate}")
    assert made.cut == (("dim_users",) if cut else ())
    assert (made.tables.get("dim_users") == (FILE,)) == fate.startswith("keeps its")
    assert ("dim_users" in made.tables) == (fate != "is not written")
    assert ("dim_users" in [table.table for table in one.sealed.files]) == (not empty)
    assert is_partial(one.gaps)
    assert problem(DAY, one.gaps, made.tables) is None


FORBIDDEN = NotPermitted("no", permissions=("a:b:c",))


def test_a_missing_permission_is_told_beside_a_list_that_broke_off():
    one = staged(Lists({"dim_users": GONE, "dim_flows": FORBIDDEN}))
    assert len(whole(one).notes) == 2
    told = problem(DAY, one.gaps, whole(one).tables)
    assert told is not None
    assert told.status == 77


ABSENT = RequestRefused("no such thing", http_status=404)


@pytest.mark.parametrize("why", [FORBIDDEN, ABSENT])
def test_a_list_that_is_forbidden_or_absent_alone_makes_no_day_partial(why):
    one = staged(Lists({"dim_flows": why}, empty=True))
    assert not is_partial(one.gaps)
    made = whole(one, published(tables={"dim_users": (FILE,)}))
    assert made.tables.keys() == {*TABLES[:-1]}
    assert made.cut == ()


@pytest.mark.parametrize("why", [FORBIDDEN, ABSENT])
@pytest.mark.parametrize("cut", [(), ("dim_flows",)])
def test_a_list_that_is_forbidden_or_absent_now_takes_no_published_table_away(why, cut):
    one = staged(Lists({"dim_flows": why}, empty=True))
    made = whole(one, published(tables={"dim_flows": (FILE,)}, cut=cut))
    assert made.tables["dim_flows"] == (FILE,)
    assert made.cut == cut
    (note,) = made.notes
    assert note.startswith("dim_flows keeps its previously published version: ")
    told = problem(DAY, one.gaps, made.tables)
    if why is FORBIDDEN:
        assert "but dim_flows keeps its previously published version: a:b:c is" in str(told)
    else:
        assert told is None


def test_where_every_list_is_forbidden_there_is_nothing_to_publish():
    needed = {name: f"of:{name}:view" for name in TABLES}
    refused = {name: NotPermitted("no", permissions=(one,)) for name, one in needed.items()}
    with pytest.raises(NotPermitted) as found:
        staged(Lists(refused))
    assert found.value.permissions == tuple(needed.values())
    assert all(one in found.value.advice for one in needed.values())


def test_where_no_list_comes_at_all_there_is_nothing_to_publish_either():
    every = dict.fromkeys(TABLES, FORBIDDEN) | {"dim_divisions": GONE}
    with pytest.raises(GenesysUnavailable, match="did not answer"):
        staged(Lists(every, empty=True))


def test_one_entry_of_one_list_is_something_to_publish():
    one = staged(Lists(dict.fromkeys(TABLES, FORBIDDEN) | {"dim_divisions": GONE}))
    assert [file.table for file in one.sealed.files] == ["dim_divisions"]


@pytest.mark.parametrize("why", [SignInRefused("no"), DestinationFailed("full")])
def test_what_is_not_a_lists_own_trouble_leaves_nothing_staged(why):
    store = MemoryStore()
    with pytest.raises(type(why)):
        staged(Lists({"dim_flows": why}), store)
    assert not store.sealed
    assert not store.begun


class Nameless(Lists):
    """Lists whose last entry has no id."""

    def pages(self, source, *, patience_s=None):
        yield from super().pages(source, patience_s=patience_s)
        yield [{"name": "three"}]


def test_entries_without_an_id_stand_among_the_rejected_records_of_the_day():
    store = MemoryStore()
    one = staged(Nameless({}), store)
    (file,) = one.sealed.rejects
    assert file.rows == one.sealed.counts.rejected == len(TABLES)
    assert one.sealed.counts.exported == 2 * len(TABLES)
    assert not one.gaps
