"""Entities of lists as rows: declared columns, sorted, nothing made up."""

import gzip
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from genesys_export.datasets import NAMES, Kind, PersonalData, Type, dataset_named, tables
from genesys_export.days import Day
from genesys_export.encode import Format, Opener
from genesys_export.flatten.named import named

DAY = Day(date(2026, 11, 22), ZoneInfo("Europe/Berlin"))
TABLES = {table.name: table for table in dataset_named(NAMES).tables}


def rows(table, *entities):
    return named(TABLES[table], DAY, entities).rows.to_pylist()


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
    assert rows("dim_users", user) == [
        {
            "conversation_date": date(2026, 11, 22),
            "id": "u-1",
            "name": "Ana Adler",
            "email": "ana@example.com",
            "state": "active",
            "department": None,
            "title": "Agent",
            "division_id": "d-1",
            "division_name": "Home",
        }
    ]


def test_rows_come_sorted_by_id_whatever_the_lists_order():
    found = rows("dim_queues", {"id": "b"}, {"id": "a"})
    assert [row["id"] for row in found] == ["a", "b"]


@pytest.mark.parametrize("division", [None, {}, [], "Home", {"id": None}])
def test_what_is_not_there_is_null(division):
    (row,) = rows("dim_queues", {"id": "a", "division": division})
    assert row["division_id"] is row["division_name"] is row["name"] is None


def test_values_of_another_type_are_not_made_fit():
    (flow,) = rows("dim_flows", {"id": "f", "active": "yes", "type": 7, "name": ""})
    assert (flow["active"], flow["type"], flow["name"]) == (None, "7", "")


def test_an_empty_list_has_the_columns_all_the_same():
    batch = named(TABLES["dim_flows"], DAY, [])
    assert batch.rows.num_rows == 0
    assert tuple(batch.rows.schema.names) == TABLES["dim_flows"].names


def test_a_line_is_the_row_as_json():
    batch, out = (
        named(TABLES["dim_divisions"], DAY, [{"id": "d", "homeDivision": True}]),
        bytearray(),
    )
    encoder = Opener().open(Format.JSONL, TABLES["dim_divisions"], out.extend)
    encoder.write(batch.rows, batch.starts)
    encoder.close()
    assert gzip.decompress(bytes(out)) == (
        b'{"conversation_date":"2026-11-22","id":"d","name":null,"home_division":true}\n'
    )


def test_starts_are_the_days():
    batch = named(TABLES["dim_flows"], DAY, [{"id": "f"}])
    assert batch.starts.to_pylist() == [datetime(2026, 11, 21, 23, tzinfo=UTC)]


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_table_begins_with_the_day_and_the_id_and_each_column_says_where_it_is_from(table):
    day, ident, *others = table.columns
    assert (day.name, day.type, day.kind) == ("conversation_date", Type.DATE, Kind.KEY)
    assert (ident.name, ident.kind) == ("id", Kind.KEY)
    assert table.primary_key == ("conversation_date", "id")
    assert all(column.path.startswith(f"{table.path}.") for column in (ident, *others))
    assert all(column.kind is Kind.FIELD and column.description for column in others)


def test_what_names_a_person_is_declared_so():
    personal = {
        column.name
        for column in TABLES["dim_users"].columns
        if column.personal_data is PersonalData.PERSONAL
    }
    assert personal == {"id", "name", "email", "department", "title"}


def test_lookup_tables_stand_after_the_datasets_own():
    assert [table.name for table in dataset_named(NAMES).tables] == list(TABLES)
    assert len([*tables()]) > 15 + len(TABLES)
