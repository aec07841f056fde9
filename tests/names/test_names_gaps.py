"""Lists that break off, one by one: what becomes of each table, and how long the others wait."""

from dataclasses import dataclass, field
from datetime import date
from threading import Event

import pytest

from fakes import FakeClock
from genesys_export.datasets import NAMES, dataset_named
from genesys_export.days import Day, split, zone_named
from genesys_export.errors import (
    GenesysUnavailable,
    NotPermitted,
    RequestRefused,
    SignInRefused,
)
from genesys_export.export.gaps import filled, is_partial, problem
from genesys_export.feeds.snapshot import SnapshotFeed
from genesys_export.manifest import File
from genesys_export.model import Batch, Gap
from made_days import manifest

DAY = Day(date(2026, 11, 22), zone_named("UTC"))
DATASET = dataset_named(NAMES)
TABLES = tuple(table.name for table in DATASET.tables)
GONE = GenesysUnavailable("Genesys did not answer")
REFUSED = RequestRefused("no more than 10000 results", http_status=400)
FILE = File(key="dim_users/2026-11-22.csv.gz", rows=9, bytes=9, sha256="0" * 64)
NEW = File(key="dim_users/2026-11-22.csv.gz", rows=1, bytes=1, sha256="1" * 64)


@dataclass
class Lists:
    """Lists of two entries each, some of which end in an error after the first."""

    broken: dict
    empty: bool = False
    patience: dict = field(default_factory=dict)

    def pages(self, source, *, patience_s=None):
        table = next(each.name for each in DATASET.tables if each.source is source)
        self.patience[table] = patience_s
        problem = self.broken.get(table)
        if not (problem and self.empty):
            yield [{"id": "1", "name": "one"}]
        if problem:
            raise problem
        yield [{"id": "2", "name": "two"}]


def read(lists, tables=TABLES):
    """Return the rows of each table, and what the reading has to say."""
    feed = SnapshotFeed(dataset=DATASET, lists=lists, tables=tables, clock=FakeClock())
    reading = feed.open(split(DAY, 1)[0])
    batches = [one for one in reading.read(Event()) if isinstance(one, Batch)]
    return {one.table: one.rows.num_rows for one in batches}, reading.summary()


def test_after_a_list_that_took_all_patience_the_others_get_little():
    lists = Lists({"dim_users": GONE})
    rows, summary = read(lists)
    assert lists.patience == {
        "dim_queues": None,
        "dim_users": None,
        "dim_wrap_up_codes": 20.0,
        "dim_divisions": 20.0,
        "dim_flows": 20.0,
    }
    assert list(rows.values()) == [2, 1, 2, 2, 2]
    assert summary.gaps == (Gap(table="dim_users", why="Genesys did not answer", entries=1),)


@pytest.mark.parametrize("kind", [REFUSED, NotPermitted("no", permissions=("a:b:c",))])
def test_a_refusal_costs_no_patience(kind):
    lists = Lists({"dim_queues": kind})
    read(lists)
    assert set(lists.patience.values()) == {None}


def test_of_a_list_that_becomes_forbidden_half_way_nothing_is_kept():
    rows, summary = read(Lists({"dim_flows": NotPermitted("no", permissions=("a:b:c",))}))
    assert "dim_flows" not in rows
    (gap,) = summary.gaps
    assert (gap.why, gap.permissions, gap.entries) == ("a:b:c is missing", ("a:b:c",), 0)
    assert summary.counts.exported == sum(rows.values())


@pytest.mark.parametrize("why", [GONE, REFUSED])
@pytest.mark.parametrize(
    ("empty", "earlier", "fate", "cut"),
    [
        (False, None, "is cut", True),
        (True, None, "is not written", False),
        (False, {}, "keeps its previously", False),
        (True, {}, "keeps its previously", False),
        (False, {"cut": ("dim_users",)}, "is cut", True),
        (True, {"cut": ("dim_users",)}, "keeps its", True),
    ],
)
def test_the_better_of_what_came_and_what_was_there_is_published(why, empty, earlier, fate, cut):
    rows, summary = read(Lists({"dim_users": why}, empty=empty))
    before = earlier is not None and manifest(str(DAY), tables={"dim_users": (FILE,)}, **earlier)
    made = filled(
        {"dim_users": (NEW,)} if "dim_users" in rows else {}, summary.gaps, before or None
    )
    (note,) = made.notes
    assert note.startswith(f"dim_users {fate}")
    assert made.cut == (("dim_users",) if cut else ())
    wanted = {"is cut": (NEW,), "is not": None, "keeps ": (FILE,)}[fate[:6]]
    assert made.tables.get("dim_users") == wanted
    assert is_partial(summary.gaps)
    assert problem(DAY, summary.gaps) is None


def test_a_missing_permission_is_told_beside_a_list_that_broke_off():
    lists = Lists({"dim_users": GONE, "dim_flows": NotPermitted("no", permissions=("a:b:c",))})
    _, summary = read(lists)
    assert len(filled({}, summary.gaps, None).notes) == 2
    assert problem(DAY, summary.gaps).status == 77


def test_a_missing_permission_alone_makes_no_day_partial():
    _, summary = read(Lists({"dim_flows": NotPermitted("no", permissions=("a:b:c",))}))
    assert not is_partial(summary.gaps)


def test_credentials_that_are_refused_end_the_reading():
    with pytest.raises(SignInRefused):
        read(Lists({"dim_flows": SignInRefused("no")}))


def test_where_every_list_is_forbidden_all_permissions_are_named():
    names = dict.fromkeys(TABLES)
    for name in names:
        names[name] = NotPermitted("no", permissions=(f"{name}:view",))
    with pytest.raises(NotPermitted) as refused:
        read(Lists(names))
    assert refused.value.permissions == tuple(f"{name}:view" for name in TABLES)
    assert all(f"{name}:view" in refused.value.advice for name in TABLES)


@pytest.mark.parametrize("first", [GONE, NotPermitted("no")])
def test_where_no_list_comes_at_all_there_is_nothing_to_publish(first):
    broken = dict.fromkeys(TABLES, GONE) | {"dim_queues": first}
    with pytest.raises(GenesysUnavailable):
        read(Lists(broken, empty=True))
