"""The script for PostgreSQL, run by psql against a real server over exported files."""

import json
import shutil
from dataclasses import replace
from datetime import date

import duckdb
import pytest
from warehouse_lakes import DATASET, DAY, DAYS, LISTS, ODD, Lake, odd_world, summary
from warehouse_postgres import running

from fakes import some
from genesys_export.datasets import NAMES, dataset_named
from genesys_export.dictionary import Files, as_ddl
from genesys_simulator import World, serve

pytestmark = [pytest.mark.db, pytest.mark.xdist_group("postgres")]

DROP = "\\set ON_ERROR_STOP on\nDROP SCHEMA public CASCADE; CREATE SCHEMA public;"


@pytest.fixture(scope="module")
def server():
    with running() as started:
        yield started


@pytest.fixture
def db(server):
    """An empty database."""
    server.psql(DROP)
    return server


def told(db) -> dict[str, tuple[str, ...]]:
    return {one.name: db.ask(summary(one))[0] for one in DATASET.tables}


def told_by_duckdb(lake: Lake) -> dict[str, tuple[str, ...]]:
    with duckdb.connect() as other:
        other.execute("SET TimeZone = 'UTC'")
        other.execute(lake.first("duckdb"))
        rows = {one.name: some(other.execute(summary(one)).fetchone()) for one in DATASET.tables}
    return {
        name: tuple("" if value is None else str(value) for value in row)
        for name, row in rows.items()
    }


@pytest.mark.parametrize("lake", ["csv", "hive"])
def test_postgresql_and_duckdb_hold_the_same(db, request, lake):
    lake = request.getfixturevalue(lake)
    db.done(lake.first("postgres"))
    assert told(db) == told_by_duckdb(lake)


@pytest.mark.parametrize("lake", ["csv", "hive"])
def test_a_day_can_be_loaded_again_any_number_of_times(db, request, lake):
    lake = request.getfixturevalue(lake)
    db.done(lake.first("postgres"))
    before = told(db)
    for _ in range(2):
        db.done(lake.script("postgres", DAY))
        assert told(db) == before


def test_a_corrected_day_replaces_the_one_before_and_no_other(db, tmp_path):
    world = World.generated(seed=7, per_day=60)
    lake = Lake(tmp_path / "with 'a quote")
    with serve(world) as genesys:
        lake.export(genesys, *DAYS)
    db.done(lake.first("postgres"))
    with serve(world.altered(date.fromisoformat(DAY), drop=3, change=5, add=1)) as genesys:
        lake.export(genesys, DAY)
    db.done(lake.script("postgres", DAY))
    counted = "SELECT count(*) FROM conversations GROUP BY conversation_date ORDER BY 1"
    assert db.ask(counted) == [("58",), ("60",)]
    assert told(db) == told_by_duckdb(lake)


def test_odd_texts_come_through_and_null_is_not_empty(db, odd):
    db.done(odd.first("postgres"))
    query = "SELECT json_object_agg(attribute_key, attribute_value) FROM participant_attributes"
    for participant in range(len(LISTS)):
        [(found,)] = db.ask(f"{query} WHERE participant_id = 'p-{participant}'")
        assert json.loads(found) == {**ODD, "nothing": None}
    lists = db.ask("SELECT division_ids FROM conversations ORDER BY conversation_id")
    assert tuple(json.loads(text) if text else None for (text,) in lists) == LISTS


@pytest.mark.parametrize("harm", ["missing", "cut"])
def test_a_file_that_is_missing_or_cut_leaves_the_day_as_it_was(db, csv, tmp_path, harm):
    lake = replace(csv, folder=tmp_path / "lake")
    shutil.copytree(csv.folder, lake.folder)
    db.done(lake.first("postgres"))
    before = told(db)
    file = lake.folder / "surveys" / f"{DAY}.csv.gz"
    whole = file.read_bytes()
    file.unlink()
    if harm == "cut":
        file.write_bytes(whole[:-9])
    assert db.psql(lake.script("postgres", DAY)).returncode != 0
    assert told(db) == before


def test_a_file_with_other_columns_is_refused(db, csv):
    db.done(csv.first("postgres"))
    db.done("ALTER TABLE surveys RENAME COLUMN survey_type TO kind")
    ended = db.psql(csv.script("postgres", DAY))
    assert ended.returncode != 0
    assert "survey_type" in ended.stderr


def test_a_nul_character_is_taken_out(db, tmp_path):
    with serve(odd_world(nul="a\0b")) as genesys:
        lake = Lake(tmp_path).export(genesys, DAY)
    db.done(lake.first("postgres"))
    query = "SELECT DISTINCT attribute_value FROM participant_attributes"
    assert db.ask(f"{query} WHERE attribute_key = 'nul'") == [("ab",)]


def test_raw_records_are_loaded_whole_and_again(db, odd_lines):
    for _ in range(2):
        db.done(odd_lines.script("postgres", DAY))
    found = db.ask(
        "SELECT conversation_date, record #>> '{participants,0,attributes}' "
        "FROM conversation_details_raw"
    )
    assert [day for day, _ in found] == [DAY] * len(LISTS)
    assert [json.loads(text) for _, text in found] == [{**ODD, "nothing": None}] * len(LISTS)


def test_a_history_is_made_again_and_says_what_was_valid_when(db):
    names = dataset_named(NAMES)
    script = as_ddl([names], "postgres", Files(root="/nowhere"))
    db.done(script)
    rows = ["('2026-11-01', 's', 'Claims')", "('2026-11-03', 's', 'Claims')"]
    rows += [
        "('2026-11-04', 's', 'Travel')",
        "('2026-11-04', 't', NULL)",
        "('2026-11-05', 't', NULL)",
    ]
    values = ", ".join(rows)
    db.done(f"INSERT INTO dim_skills (conversation_date, id, name) VALUES {values};")
    db.done(script)
    found = db.ask("SELECT id, valid_from, valid_to, name FROM dim_skills_history ORDER BY 1, 2")
    assert found == [
        ("s", "2026-11-01", "2026-11-04", "Claims"),
        ("s", "2026-11-04", "2026-11-05", "Travel"),
        ("t", "2026-11-04", "", ""),
    ]
