"""Parquet, raw records, layout hive and rolling, as a user asks for them."""

from __future__ import annotations

import gzip
import json

import duckdb
import pytest
from e2e_reading import TABLES, begun, ids

RAW = "conversation_details_raw"


def data_files(lake) -> list[str]:
    return [name for name in lake.files() if not name.startswith("_genesys_export/")]


def test_parquet_in_hive_partitions(command, genesys, lake, world, day):
    asked = ("--date", day, "--format", "parquet", "--layout", "hive")
    command.against(genesys()).run(*asked).ends(0)
    assert data_files(lake) == sorted(f"{table}/dt={day}/000-000.parquet" for table in TABLES)
    with duckdb.connect() as database:
        found = database.execute(
            "SELECT conversation_id FROM read_parquet(?) WHERE dt = ? ORDER BY 1",
            [f"{lake.root}/conversations/**/*.parquet", day],
        ).fetchall()
    assert [one for (one,) in found] == ids(begun(world, day))


def test_json_lines_alone(command, genesys, lake, world, day):
    command.against(genesys()).run("--date", day, "--format", "jsonl.gz").ends(0)
    (file,) = data_files(lake)
    assert file == f"{RAW}/{day}.jsonl.gz"
    lines = gzip.decompress((lake.root / file).read_bytes()).splitlines()
    records = [json.loads(line) for line in lines]
    assert sorted(records, key=lambda one: one["conversationId"]) == sorted(
        begun(world, day), key=lambda one: one["conversationId"]
    )


def test_raw_records_beside_csv_in_files_that_roll(command, genesys, lake, world, day):
    (command.folder / "genesys-export.toml").write_text(
        "[export]\nkeep_raw = true\n[roll]\nrows = 100\n", "utf-8"
    )
    command.against(genesys()).run("--date", day).ends(0)
    pages = [f"{day}.000-{number:03d}" for number in range(3)]
    assert lake.keys(day, "segments") == [f"segments/{page}.csv.gz" for page in pages]
    assert lake.keys(day, RAW)[0] == f"{RAW}/{day}.000-000.jsonl.gz"
    assert lake.ids(day) == ids(begun(world, day))
    manifest = lake.manifest(day)
    assert sum(file["rows"] for file in manifest["tables"][RAW]) == manifest["counts"]["exported"]


def test_another_form_of_a_day_leaves_nothing_of_the_first(command, genesys, lake, day):
    told = command.against(genesys())
    told.run("--date", day, "--format", "jsonl.gz").ends(0)
    form = ("--format", "parquet", "--table", "conversations")
    told.run("--date", day, *form, "--rewrite").ends(0)
    assert data_files(lake) == [f"conversations/{day}.parquet"]


def test_a_dry_run_names_the_files_of_the_form_asked_for(command, genesys, lake, day):
    told = command.against(genesys(), GENESYS_EXPORT_ROLL__ROWS="100")
    result = told.run("--date", day, "--dry-run", "--format", "jsonl.gz", "--layout", "hive")
    assert f"{RAW}/dt={day}/000-000.jsonl.gz" in result.ends(0).out
    assert "…-001" in result.out
    assert lake.files() == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--format", "jsonl.gz", "--table", "sessions"), "leave out tables"),
        (("--format", "parket"), "did you mean parquet?"),
        (("--layout", "weekly"), "not one of daily, hive"),
    ],
)
def test_what_does_not_go_together_is_told(command, genesys, lake, day, arguments, words):
    result = command.against(genesys()).run("--date", day, *arguments).ends(78)
    assert words in result.err
    assert lake.files() == []
