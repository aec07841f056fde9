"""Entities of lists as rows: declared columns, sorted, nothing made up."""

import gzip
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from genesys_export.datasets import NAMES, Kind, PersonalData, Type, dataset_named, tables
from genesys_export.days import Day
from genesys_export.encode import Format, Opener
from genesys_export.flatten.named import Sheet

DAY = Day(date(2026, 11, 22), ZoneInfo("Europe/Berlin"))
DATASET = dataset_named(NAMES)
TABLES = {table.name: table for table in DATASET.tables}


def batch_of(table, *entities):
    sheet = Sheet(DATASET, TABLES[table], DAY)
    sheet.add(entities)
    return sheet.batch()


def rows(table, *entities):
    return batch_of(table, *entities).rows.to_pylist()


def test_a_row_has_what_is_declared_and_no_more():
    user = {
        "id": "u-1",
        "name": "Ana Adler",
        "email": "ana@example.com",
        "state": "active",
        "title": "Agent",
        "division": {"id": "d-1", "name": "Home", "selfUri": "…"},
        "addresses": [{"address": "+49 30 1"}],
    }
    (row,) = rows("dim_users", user)
    assert {name: value for name, value in row.items() if value is not None} == {
        "conversation_date": date(2026, 11, 22),
        "id": "u-1",
        "name": "Ana Adler",
        "email": "ana@example.com",
        "state": "active",
        "title": "Agent",
        "division_id": "d-1",
        "division_name": "Home",
        "_extra": '{"addresses":[{"address":"+49 30 1"}]}',
    }
    assert tuple(row) == TABLES["dim_users"].names


def test_rows_come_sorted_by_id_whatever_the_lists_order():
    found = rows("dim_queues", {"id": "b"}, {"id": "a"})
    assert [row["id"] for row in found] == ["a", "b"]


@pytest.mark.parametrize("division", [None, {}, [], "Home", {"id": None}])
def test_what_is_not_there_is_null(division):
    (row,) = rows("dim_queues", {"id": "a", "division": division})
    assert row["division_id"] is row["division_name"] is row["name"] is None


def test_values_of_another_type_are_kept_aside():
    (flow,) = rows("dim_flows", {"id": "f", "active": "yes", "type": 7, "name": ""})
    assert (flow["active"], flow["type"], flow["name"]) == (None, None, "")
    assert flow["_extra"] == '{"active":"yes","type":7}'


def test_an_empty_list_has_the_columns_all_the_same():
    batch = batch_of("dim_flows")
    assert batch.rows.num_rows == 0
    assert tuple(batch.rows.schema.names) == TABLES["dim_flows"].names


def test_a_line_is_the_row_as_json():
    batch, out = batch_of("dim_divisions", {"id": "d", "homeDivision": True}), bytearray()
    encoder = Opener().open(Format.JSONL, TABLES["dim_divisions"], out.extend)
    encoder.write(batch.rows, batch.starts)
    encoder.close()
    assert gzip.decompress(bytes(out)) == (
        b'{"conversation_date":"2026-11-22","id":"d","name":null,"home_division":true,'
        b'"description":null,"_extra":null}\n'
    )


def test_starts_are_the_days():
    batch = batch_of("dim_flows", {"id": "f"})
    assert batch.starts.to_pylist() == [datetime(2026, 11, 21, 23, tzinfo=UTC)]


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_table_begins_with_the_day_and_its_key_and_each_column_says_where_it_is_from(table):
    day, *others, extra = table.columns
    assert (day.name, day.type, day.kind) == ("conversation_date", Type.DATE, Kind.KEY)
    assert (extra.name, extra.kind, extra.path) == ("_extra", Kind.EXTRA, table.path)
    keys = tuple(column.name for column in others if column.kind is Kind.KEY)
    assert table.primary_key[0] == day.name
    assert {*table.primary_key[1:]} == {*keys}
    assert keys == tuple(column.name for column in others[: len(keys)])
    assert all(column.description for column in others)
    parent = TABLES[table.of].path if table.of else table.path
    for column in others:
        own = column.path.startswith(f"{table.path}.") or column.path == table.path
        assert own or column.path == f"{parent}.id", column.name


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_columns_stand_in_the_order_of_the_versions_they_came_with(table):
    assert [one.since for one in table.columns] == sorted(one.since for one in table.columns)
    assert max(one.since for one in table.columns) <= DATASET.column_version


def test_the_columns_of_version_0_1_0_are_the_first_ones():
    assert {name: TABLES[name].as_of(1).names for name in DATASET.lookups} == {
        "dim_queues": ("conversation_date", "id", "name", "division_id", "division_name"),
        "dim_users": (
            *("conversation_date", "id", "name", "email", "state", "department", "title"),
            *("division_id", "division_name"),
        ),
        "dim_wrap_up_codes": ("conversation_date", "id", "name", "division_id", "division_name"),
        "dim_divisions": ("conversation_date", "id", "name", "home_division"),
        "dim_flows": (
            *("conversation_date", "id", "name", "type", "active", "division_id"),
            "division_name",
        ),
    }


def test_what_names_a_person_is_declared_so():
    personal = {
        column.name
        for column in TABLES["dim_users"].columns
        if column.personal_data is PersonalData.PERSONAL
    }
    assert personal == {
        *("id", "name", "email", "department", "title", "username", "preferred_name"),
        "manager_id",
    }


def test_every_id_of_a_user_is_a_person():
    for table in TABLES.values():
        for column in table.columns:
            is_user = column.repeats in ("participants.user_id", "dim_users.name")
            assert not is_user or column.personal_data is PersonalData.PERSONAL, column.name
            if column.name in ("user_id", "manager_id", "created_by", "modified_by"):
                assert column.repeats == "participants.user_id"


def test_lookup_tables_stand_after_the_datasets_own():
    assert [table.name for table in dataset_named(NAMES).tables] == list(TABLES)
    assert len([*tables()]) > 15 + len(TABLES)
