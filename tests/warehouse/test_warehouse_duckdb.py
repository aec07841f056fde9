"""The script for DuckDB, run by DuckDB over exported files."""

import json
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest
from warehouse_lakes import DATASET, DAY, DAYS, LISTS, ODD, Lake, summary

from genesys_simulator import World, serve


@pytest.fixture
def db():
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def told(db) -> dict[str, tuple[object, ...]]:
    """Return the summary of every table."""
    return {one.name: db.execute(summary(one)).fetchone() for one in DATASET.tables}


def rows_of_manifest(lake: Lake, *days: str) -> dict[str, int]:
    """Return how many rows the manifests promise of every table."""
    home = Path(lake.folder, "_genesys_export") / DATASET.name
    counts = dict.fromkeys((table.name for table in DATASET.tables), 0)
    for day in days:
        manifest = json.loads((home / day / "manifest.json").read_text("utf-8"))
        for table, files in manifest["tables"].items():
            counts[table] += sum(file["rows"] for file in files)
    return counts


@pytest.mark.parametrize("lake", ["csv", "hive", "parquet"])
def test_all_rows_of_all_tables_are_loaded(db, request, lake):
    lake = request.getfixturevalue(lake)
    db.execute(lake.first("duckdb"))
    found = {table: row[0] for table, row in told(db).items()}
    assert found == rows_of_manifest(lake, *DAYS)
    assert found["conversations"] == 240


def test_csv_and_parquet_of_the_same_days_load_the_same_values(db, csv, parquet):
    for lake in (csv, parquet):
        db.execute(f"ATTACH ':memory:' AS {lake.folder.name}; USE {lake.folder.name}")
        db.execute(lake.first("duckdb"))
    for table in DATASET.tables:
        one, other = (f'{lake.folder.name}.main."{table.name}"' for lake in (csv, parquet))
        for left, right in ((one, other), (other, one)):
            query = f"SELECT count(*) FROM (FROM {left} EXCEPT ALL FROM {right})"
            assert db.execute(query).fetchone() == (0,), table.name


@pytest.mark.parametrize("lake", ["csv", "hive", "parquet"])
def test_a_day_can_be_loaded_again_any_number_of_times(db, request, lake):
    lake = request.getfixturevalue(lake)
    db.execute(lake.first("duckdb"))
    before = told(db)
    for _ in range(2):
        db.execute(lake.script("duckdb", DAY))
        assert told(db) == before


def test_the_same_script_loads_a_day_for_the_first_time(db, csv):
    db.execute(csv.script("duckdb", DAY))
    days = db.execute("SELECT DISTINCT conversation_date FROM segments").fetchall()
    assert days == [(date.fromisoformat(DAY),)]


def test_a_corrected_day_replaces_the_one_before_and_no_other(db, tmp_path):
    world = World.generated(seed=7, per_day=60)
    lake = Lake(tmp_path)
    with serve(world) as genesys:
        lake.export(genesys, *DAYS)
    db.execute(lake.first("duckdb"))
    with serve(world.altered(date.fromisoformat(DAY), drop=3, change=5, add=1)) as genesys:
        lake.export(genesys, DAY)
    db.execute(lake.script("duckdb", DAY))
    counted = "SELECT count(*) FROM conversations GROUP BY conversation_date ORDER BY ALL"
    assert db.execute(counted).fetchall() == [(58,), (60,)]
    assert {table: row[0] for table, row in told(db).items()} == rows_of_manifest(lake, *DAYS)


@pytest.mark.parametrize("name", ["lake[1]", "lake*", "lake?", "[!x]", "a [b] *?"])
def test_a_folder_named_like_a_pattern_is_that_folder_alone(db, csv, tmp_path, name):
    for other in ("lake1", "lake", "lakes", "y", "a b ??"):
        (tmp_path / other / "surveys").mkdir(parents=True)
        (tmp_path / other / "surveys" / f"{DAY}.csv.gz").write_bytes(b"another destination's")
    lake = replace(csv, folder=tmp_path / name)
    shutil.copytree(csv.folder, lake.folder)
    db.execute(lake.script("duckdb", DAY))
    assert {table: row[0] for table, row in told(db).items()} == rows_of_manifest(lake, DAY)


def test_odd_texts_come_through_and_null_is_not_empty(db, odd):
    db.execute(odd.first("duckdb"))
    query = "SELECT attribute_key, attribute_value FROM participant_attributes"
    for participant in range(len(LISTS)):
        mine = f"{query} WHERE participant_id = 'p-{participant}'"
        assert dict(db.execute(mine).fetchall()) == {**ODD, "nothing": None}
    lists = db.execute("SELECT division_ids FROM conversations ORDER BY conversation_id")
    assert tuple(value for (value,) in lists.fetchall()) == LISTS


def test_columns_have_the_declared_types(db, csv):
    db.execute(csv.first("duckdb"))
    query = "FROM duckdb_columns() SELECT column_name, data_type WHERE table_name = ?"
    described = dict(db.execute(query, ["conversations"]).fetchall())
    assert described["conversation_date"] == "DATE"
    assert described["conversation_start"] == "TIMESTAMP WITH TIME ZONE"
    assert described["queue_ids"] == "VARCHAR[]"
    assert described["was_answered"] == "BOOLEAN"
    assert list(described) == list(DATASET.table("conversations").names)


def test_raw_records_are_loaded_whole_and_again(db, odd_lines):
    for _ in range(2):
        db.execute(odd_lines.script("duckdb", DAY))
    found = db.execute("SELECT * FROM conversation_details_raw").fetchall()
    assert {day for day, _ in found} == {date.fromisoformat(DAY)}
    attributes = [json.loads(record)["participants"][0]["attributes"] for _, record in found]
    assert attributes == [{**ODD, "nothing": None}] * len(LISTS)
