"""A day of statistics: when it is there, when only a part is, who may read it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fakes import some
from genesys_export import NotPermitted, TryAgainLater, WrongSettings
from genesys_export.datasets import datasets
from genesys_simulator import World
from genesys_simulator.options import utc_now

ALL = [one for one in datasets() if one.aggregates]
NAMES = [one.name for one in ALL]
YESTERDAY = utc_now().date() - timedelta(days=1)
DAY = "2025-11-20"


@pytest.fixture(scope="module")
def world() -> World:
    return World.generated(seed=31, per_day=60)


def until(hour: int, minute: int) -> timedelta:
    """Return the lag with which the details reach that time of yesterday."""
    reached = datetime(YESTERDAY.year, YESTERDAY.month, YESTERDAY.day, hour, minute, tzinfo=UTC)
    return utc_now() - reached


@pytest.mark.parametrize("name", NAMES)
def test_a_day_whose_details_are_not_complete_is_not_published(world, served, exporter, name):
    genesys = served(world, lag=lambda: until(23, 40))
    with (
        exporter(genesys, datasets=[name]) as made,
        pytest.raises(TryAgainLater, match="is not complete at Genesys"),
    ):
        made.export(YESTERDAY)
    assert not genesys.asked("aggregates")


@pytest.mark.parametrize("name", NAMES)
def test_a_partial_day_has_the_intervals_that_are_complete(world, served, exporter, name):
    genesys = served(world, lag=lambda: until(10, 47))
    with exporter(genesys, datasets=[name], allow_partial=True) as made:
        (result,) = made.export(YESTERDAY).results
        assert some(some(result.report).manifest).state == "partial"
        ends = made.read(name, YESTERDAY).column("interval_end").to_pylist()
    last = f"{max(ends):%H:%M}"  # a flow or conversation need not be in the last one
    assert last == "10:30" if name == "user_aggregates" else last <= "10:30"
    assert len({*ends}) > 5


@pytest.mark.parametrize("one", ALL, ids=str)
def test_a_missing_permission_is_named(world, served, exporter, one):
    needed = one.aggregates.permission
    genesys = served(world, missing_permissions=frozenset({needed}))
    for engine in ("query", "jobs"):
        with (
            exporter(genesys, datasets=[one.name], aggregates__engine=engine) as made,
            pytest.raises(NotPermitted, match=needed) as found,
        ):
            made.export(DAY)
        assert found.value.exit_status == 77


def test_other_groups_need_a_rewrite(world, served, exporter, tmp_path):
    genesys = served(world)
    name = "conversation_aggregates"
    with exporter(genesys, datasets=[name]) as made:
        made.export(DAY)
        before = made.read(name, DAY).num_rows
    by_queue = {"aggregates__group_by": [f"{name}.queue_id"], "to": tmp_path / "lake0"}
    with exporter(genesys, datasets=[name], **by_queue) as made:
        with pytest.raises(WrongSettings, match="query body"):
            made.export(DAY)
        made.export(DAY, rewrite=True)
        found = made.read(name, DAY)
    assert 0 < found.num_rows < before
    assert found.column("user_id").null_count == found.num_rows


@pytest.mark.parametrize("form", ["csv.gz", "parquet", "jsonl.gz"])
@pytest.mark.parametrize("name", NAMES)
def test_every_format_holds_the_same(world, served, exporter, name, form):
    genesys = served(world)
    with exporter(genesys, datasets=[name], format=form) as made:
        made.export(DAY)
        found = made.read(name, DAY)
        assert made.verify(DAY)
    with exporter(genesys, datasets=[name]) as made:
        made.export(DAY)
        assert found.equals(made.read(name, DAY))


def test_users_are_hashed_alike_in_all_tables(world, served, exporter):
    genesys = served(world)
    hidden = {"privacy__personal": "hash", "privacy__key": "a key of sixteen characters"}
    chosen = ["conversation_details", "conversation_aggregates", "user_aggregates"]
    with exporter(genesys, datasets=chosen, **hidden) as made:
        made.export(DAY)
        users = {
            name: {*made.read(name, DAY).column("user_id").to_pylist()} - {None}
            for name in ("session_metrics", *chosen[1:])
        }
    assert users["conversation_aggregates"] & users["session_metrics"]
    assert users["conversation_aggregates"] <= users["user_aggregates"]
    assert not any("-" in user for user in users["user_aggregates"])
