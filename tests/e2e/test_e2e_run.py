"""One day into a folder: what lies there afterwards is what the world holds."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest
from e2e_reading import TABLES, begun, counted, ids

from genesys_simulator import World


def test_without_a_date_yesterday_is_exported(command, genesys, lake, world):
    before = datetime.now(UTC).date()
    command.against(genesys()).run().ends(0)
    after = datetime.now(UTC).date()
    (made,) = {name.split("/")[-1][:10] for name in lake.files() if name.endswith(".csv.gz")}
    yesterday = date.fromisoformat(made)
    assert before - timedelta(days=1) <= yesterday <= after - timedelta(days=1)
    assert lake.ids(yesterday) == ids(begun(world, yesterday))
    assert lake.manifest(yesterday)["state"] == "provisional"


def test_the_day_asked_for_lies_there_whole(exported, world, day):
    lake = exported.lake
    lake.check(day)
    truth = counted(begun(world, day))
    there = {table: len(lake.rows(day, table)) for table in truth}
    assert there == truth
    assert lake.ids(day) == ids(begun(world, day))
    assert lake.manifest(day)["counts"]["exported"] == truth["conversations"]


def test_fifteen_tables_one_object_each_and_nothing_else(exported, day):
    lake = exported.lake
    home = f"_genesys_export/conversation_details/{day}"
    expected = [f"{table}/{day}.csv.gz" for table in TABLES]
    assert lake.files() == sorted([*expected, f"{home}/manifest.json"])
    assert lake.staged() == []


def test_every_row_says_the_day_it_belongs_to(exported, day):
    lake = exported.lake
    for table in TABLES:
        assert {row["conversation_date"] for row in lake.rows(day, table)} <= {str(day)}, table


def test_values_come_through_as_the_api_has_them(exported, world, day):
    lake = exported.lake
    rows = {row["conversation_id"]: row for row in lake.rows(day, "conversations")}
    for record in begun(world, day):
        row = rows[record["conversationId"]]
        assert row["conversation_start"] == record["conversationStart"]
        assert row["conversation_end"] == record.get("conversationEnd", "")
        assert row["originating_direction"] == record.get("originatingDirection", "")
    attributes = {
        (row["conversation_id"], int(row["participant_index"]), row["attribute_key"]): row[
            "attribute_value"
        ]
        for row in lake.rows(day, "participant_attributes")
    }
    assert attributes == {
        (record["conversationId"], ordinal, key): value
        for record in begun(world, day)
        for ordinal, participant in enumerate(record["participants"])
        for key, value in participant.get("attributes", {}).items()
    }


def test_duckdb_reads_null_and_empty_as_two_things(exported, world, day):
    lake = exported.lake
    path = lake.root / f"participant_attributes/{day}.csv.gz"
    with duckdb.connect() as connection:
        read = f"read_csv('{path}', allow_quoted_nulls = false, all_varchar = true)"
        ((empty, null),) = connection.sql(
            f"SELECT count(*) FILTER (attribute_value = ''), "
            f"count(*) FILTER (attribute_value IS NULL) FROM {read}"
        ).fetchall()
    values = [
        value
        for record in begun(world, day)
        for participant in record["participants"]
        for value in participant.get("attributes", {}).values()
    ]
    assert empty == values.count("") > 0
    assert null == values.count(None)


def test_only_the_tables_asked_for_are_written(command, genesys, lake, day):
    chosen = ("--table", "segments", "--table", "conversations")
    command.against(genesys()).run("--date", day, *chosen).ends(0)
    assert list(lake.manifest(day)["tables"]) == ["conversations", "segments"]
    files = {name.split("/")[0] for name in lake.files()}
    assert files == {"conversations", "segments", "_genesys_export"}
    assert lake.manifest(day)["recipe"]["tables"] == ["conversations", "segments"]


def test_an_empty_day_is_published_as_headers_and_said_so(command, genesys, lake, day):
    result = command.against(genesys(World.of([]))).run("--date", day).ends(0)
    lake.check(day)
    assert {len(lake.rows(day, table)) for table in TABLES} == {0}
    assert lake.header(day, "conversations")[:2] == ["conversation_id", "conversation_date"]
    assert lake.manifest(day)["counts"]["exported"] == 0
    assert "no conversations" in result.err


ODD = 'two\nlines, a "quote", a \\ and a tab\t\r\nend'


@pytest.mark.parametrize(
    ("mode", "kept"),
    [
        ("keep", ODD),
        ("escape", ODD.replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n")),
        ("space", ODD.replace("\r\n", " ").replace("\n", " ")),
    ],
)
def test_line_breaks_in_values_follow_the_setting(command, genesys, lake, day, mode, kept):
    record = {
        "conversationId": "11111111-1111-4111-8111-111111111111",
        "conversationStart": f"{day}T10:00:00.000Z",
        "participants": [{"participantId": "p", "attributes": {"note": ODD}}],
    }
    served = genesys(World.of([record]))
    told = command.against(served, GENESYS_EXPORT_CSV__NEWLINES=mode)
    told.run("--date", day).ends(0)
    (row,) = lake.rows(day, "participant_attributes")
    assert row["attribute_value"] == kept
    lines = lake.text(day, "participant_attributes").count("\n")
    assert (lines == 2) == (mode != "keep")


def test_the_second_run_replaces_the_first(command, genesys, lake, day, world):
    command.against(genesys()).run("--date", day).ends(0)
    first = lake.manifest(day)
    corrected = world.altered(day, drop=3, change=5, add=2)
    command.against(genesys(corrected)).run("--date", day, "--force").ends(0)
    second = lake.manifest(day)
    lake.check(day)
    assert len(lake.ids(day)) == 239
    assert second["attempts"] == [first["attempt"], second["attempt"]]
    tags = {row["external_tag"] for row in lake.rows(day, "conversations")}
    assert "corrected" in tags
    assert lake.staged() == []


def test_fewer_slices_leave_no_old_files_behind(command, genesys, lake, day, world):
    command.against(genesys()).run("--date", day, "--slices", 4).ends(0)
    assert len([name for name in lake.files() if name.startswith("conversations/")]) == 4
    corrected = genesys(world.altered(day, drop=0, change=1, add=0))
    command.against(corrected).run("--date", day, "--force").ends(0)
    assert [name for name in lake.files() if name.startswith("conversations/")] == [
        f"conversations/{day}.csv.gz"
    ]
    lake.check(day)


def test_two_runs_of_the_same_world_give_the_same_bytes(command, genesys, lake, day, exported):
    genesys = genesys()
    for _ in range(2):
        command.against(genesys).run("--date", day, "--force").ends(0)
        assert lake.contents(day) == exported.lake.contents(day)
        assert lake.manifest(day)["digest"] == exported.lake.manifest(day)["digest"]


def test_every_line_of_csv_is_quoted_but_for_nulls(exported, day):
    lake = exported.lake
    header, first = lake.text(day, "conversations").split("\n")[:2]
    assert header.startswith('"conversation_id","conversation_date",')
    columns = next(csv.reader(io.StringIO(first)))
    assert len(columns) == len(lake.header(day, "conversations"))
    assert first.split(",")[1] == f'"{day}"'
