"""Days of user_status, exported from the simulator as a run does, and read back."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pytest
from lake import DATASET

from genesys_export import Exporter, NotPermitted
from genesys_export.days import MILLISECOND, Day, parse_instant, zone_named
from genesys_export.dictionary import Files, FileType, as_ddl
from genesys_simulator import Options, World, serve
from genesys_simulator.timeline import statuses
from genesys_simulator.times import Span, to_ms

DAY = "2025-11-20"
WORLD = World.generated(seed=9, per_day=150)
KINDS = {
    "user_presence": ("presence", "system_presence"),
    "user_routing_status": ("routing", "routing_status"),
}


@pytest.fixture
def start():
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(serve(WORLD, Options(**options)))


@pytest.fixture
def make(tmp_path):
    def exporter(genesys, **settings):
        environ = {
            "GENESYS_CLOUD_BASE_URL": genesys.base_url,
            "GENESYS_CLIENT_ID": genesys.client_id,
            "GENESYS_CLIENT_SECRET": genesys.client_secret,
            "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
        }
        chosen = {"to": tmp_path / "lake", "datasets": ["user_status"]}
        return Exporter.from_settings(environ=environ, **{**chosen, **settings})

    return exporter


def source_rows(day, table, *, known):
    """Return what the simulator's world says of the day, clipped by plain arithmetic."""
    first, last = (to_ms(each) for each in (day.interval.start, day.interval.end))
    kind, _ = KINDS[table]
    found: Counter[Any] = Counter()
    for line in statuses(WORLD.holdings, Span(first, last), known_ms=to_ms(known)):
        for row in getattr(line, kind):
            end = last if row.end_ms is None else min(row.end_ms, last)
            found[line.user_id, row.value, max(row.start_ms, first), end] += 1
    return found


def exported_rows(exporter, day, table):
    value = KINDS[table][1]
    return Counter(
        (row["user_id"], row[value], to_ms(row["clipped_start"]), to_ms(row["clipped_end"]))
        for row in exporter.read(table, day).to_pylist()
    )


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", date(2026, 3, 29)),
        ("America/New_York", date(2025, 11, 2)),
        ("Australia/Lord_Howe", date(2025, 10, 5)),
    ],
)
@pytest.mark.parametrize("slices", [1, 3])
def test_days_are_the_worlds_and_tile_the_time(start, make, zone, day, slices):
    genesys = start()
    days = [Day(day + timedelta(each), zone_named(zone)) for each in range(2)]
    with make(genesys, timezone=zone, slices=slices, genesys__page_size=100) as exporter:
        assert not [one for one in exporter.backfill(days[0].date, days[1].date) if one.problem]
        for each in days:
            for table in KINDS:
                found = exported_rows(exporter, each.date, table)
                assert found == source_rows(each, table, known=datetime.now(UTC))
                assert {*found.values()} == {1}
        totals: dict[str, int] = defaultdict(int)
        for row in exporter.read("user_presence", days[0].date, days[1].date).to_pylist():
            totals[row["user_id"]] += row["duration_ms"]
    whole = (days[1].interval.end - days[0].interval.start) // MILLISECOND
    assert {*totals.values()} == {whole}


def test_a_table_is_the_same_in_every_format_and_layout(start, make, tmp_path):
    genesys, found = start(), []
    for form in ("csv.gz", "parquet", "jsonl.gz"):
        for layout in ("daily", "hive"):
            lake = tmp_path / f"{form}-{layout}"
            with make(genesys, to=lake, format=form, layout=layout, slices=2) as exporter:
                exporter.export(DAY)
                assert exporter.verify(DAY)
                rows = [sorted(exporter.read(name, DAY).to_pylist(), key=str) for name in KINDS]
                found.append(rows)
    assert all(one == found[0] for one in found)
    assert all(found[0])


@pytest.mark.parametrize("form", ["csv.gz", "parquet"])
def test_a_warehouse_gets_a_whole_day_of_every_user(start, make, tmp_path, form):
    with make(start(), format=form) as exporter:
        exporter.export(DAY)
    files = Files(root=str(tmp_path / "lake"), type=FileType(form))
    script = as_ddl([DATASET], "duckdb", files, day=date.fromisoformat(DAY))
    with duckdb.connect() as warehouse:
        warehouse.execute(script)
        hours = warehouse.execute(
            "SELECT DISTINCT sum(duration_ms) / 3600000 FROM user_presence GROUP BY user_id"
        ).fetchall()
        outside = warehouse.execute(
            "SELECT count(*) FROM user_routing_status WHERE clipped_start < start_time "
            "OR clipped_end > end_time OR duration_ms < 0"
        ).fetchall()
    assert (hours, outside) == ([(24.0,)], [(0,)])


def test_users_are_hashed_as_they_are_in_conversations(start, make):
    genesys = start()
    privacy = {"privacy__personal": "hash", "privacy__key": "k" * 32}
    datasets = ["conversation_details", "user_status"]
    with make(genesys, datasets=datasets, **privacy) as exporter:
        exporter.export(DAY)
        agents = {*exporter.read("participants", DAY)["user_id"].to_pylist()} - {None}
        users = {*exporter.read("user_routing_status", DAY)["user_id"].to_pylist()}
        assert exporter.verify(DAY)
    assert len(agents & users) > 10
    assert all(len(one) == 64 for one in users)


def test_a_late_status_is_there_after_the_next_export(start, make):
    day = (datetime.now(UTC) - timedelta(days=1)).date()
    with make(start(late_status=timedelta(days=5))) as exporter:
        (first,) = exporter.export(day).results
        before = exporter.read("user_routing_status", day).to_pylist()
    with make(start()) as exporter:
        (again,) = exporter.export(day).results
        after = exporter.read("user_routing_status", day).to_pylist()
    assert [one.status for one in (first, again)] == ["published", "published"]
    assert len(after) > len(before)
    open_before = {(row["user_id"], row["start_time"]) for row in before if row["is_open"]}
    open_after = {(row["user_id"], row["start_time"]) for row in after if row["is_open"]}
    assert len(open_before - open_after) > len(before) / 20


def test_a_part_of_a_day_is_clipped_at_the_watermark(start, make):
    now = datetime.now(UTC)
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
    genesys = start(status_lag=now - noon)
    with make(genesys, allow_partial=True) as exporter:
        (result,) = exporter.export(noon.date()).results
        rows = exporter.read("user_presence", noon.date()).to_pylist()
    assert result.report.manifest.state == "partial"
    (clipped,) = {row["clipped_end"] for row in rows if row["is_open"]}
    assert noon <= clipped < noon + timedelta(minutes=2)
    assert max(row["clipped_end"] for row in rows) == clipped


def test_a_missing_permission_is_named(start, make):
    genesys = start(missing_permissions=frozenset({"analytics:userDetail:view"}))
    with make(genesys) as exporter, pytest.raises(NotPermitted) as refused:
        exporter.export(DAY)
    assert "analytics:userDetail:view" in str(refused.value)


def test_filters_and_the_query_engine_are_no_matter_of_it(start, make):
    genesys = start()
    queue = WORLD.holdings.org.queues[0]["id"]
    with make(genesys, engine="query", filters__queue=[queue], keep_raw=True) as exporter:
        exporter.export(DAY)
        assert exporter.read("user_presence", DAY).num_rows
    (submitted,) = genesys.asked("user_submit")
    assert submitted.body == {
        "interval": f"{DAY}T00:00:00.000Z/2025-11-21T00:00:00.000Z",
        "order": "asc",
    }


def test_instants_are_read_back_as_they_were_written(start, make, tmp_path):
    with make(start()) as exporter:
        exporter.export(DAY)
        starts = exporter.read("user_presence", DAY)["start_time"].to_pylist()
    assert min(starts) == parse_instant("2024-05-06T07:08:09.000Z")  # who is on leave
