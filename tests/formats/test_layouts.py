"""Which objects an export leaves, by layout, format and limits; through settings to the end."""

from __future__ import annotations

import gzip
import json

import pyarrow.parquet as pq
import pytest

from genesys_export.datasets import DEFAULT, dataset_named
from genesys_export.encode import parquet_schema
from genesys_export.errors import WrongSettings

TABLES = [table.name for table in dataset_named(DEFAULT).tables]
RAW = "conversation_details_raw"
FORMATS = ("csv.gz", "parquet")
KEPT = {"EXPORT__KEEP_RAW": "true"}
NOTHING = {"queue": ["99999999-9999-4999-8999-999999999999"]}  # no conversation met it


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("layout", "name"),
    [("daily", "{table}/{day}.{form}"), ("hive", "{table}/dt={day}/000-000.{form}")],
)
def test_each_table_is_one_object_named_by_layout_and_format(export, form, layout, name):
    made = export(format=form, layout=layout)
    expected = [name.format(table=table, day=made.day, form=form) for table in TABLES]
    assert made.data_files() == sorted(expected)
    assert (made.manifest["recipe"]["format"], made.manifest["recipe"]["layout"]) == (form, layout)


@pytest.mark.parametrize("layout", ["daily", "hive"])
def test_json_lines_are_one_table_and_no_other(export, layout):
    made = export(format="jsonl.gz", layout=layout)
    (file,) = made.data_files()
    name = f"dt={made.day}/000-000" if layout == "hive" else str(made.day)
    assert file == f"{RAW}/{name}.jsonl.gz"
    assert len(made.raw_lines()) == made.manifest["counts"]["exported"] == 240
    assert made.manifest["recipe"]["tables"] == [RAW]


def test_raw_records_are_kept_beside_the_tables_of_another_format(export):
    made = export(format="parquet", settings=KEPT)
    assert made.keys(RAW) == [f"{RAW}/{made.day}.jsonl.gz"]
    assert len(made.data_files()) == 16
    assert made.manifest["recipe"]["keep_raw"] is True


def test_keeping_what_json_lines_write_anyway_is_the_same_recipe(export):
    plain, kept = export(format="jsonl.gz"), export(format="jsonl.gz", settings=KEPT)
    assert kept.manifest["recipe"] == plain.manifest["recipe"]


def test_tables_can_not_be_chosen_of_json_lines(export):
    with pytest.raises(WrongSettings, match="leave out tables") as refused:
        export(format="jsonl.gz", table=["sessions"])
    assert refused.value.status == 78


def test_only_the_tables_asked_for_are_written(export):
    made = export(format="parquet", table=["sessions", "conversations"], settings=KEPT)
    assert {file.split("/")[0] for file in made.data_files()} == {"conversations", "sessions", RAW}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("layout", "name"), [("daily", "{day}.{slice}-{roll}"), ("hive", "dt={day}/{slice}-{roll}")]
)
def test_files_roll_inside_their_slice_when_they_are_long_enough(export, form, layout, name):
    limits = {"ROLL__ROWS": "90"}
    made = export(format=form, layout=layout, slices=2, settings=limits)
    files = made.manifest["tables"]["conversations"]
    names = [
        f"conversations/{name.format(day=made.day, slice=each, roll=roll)}.{form}"
        for each, roll in (("000", "000"), ("001", "000"), ("001", "001"))
    ]
    assert [file["key"] for file in files] == names
    assert sum(file["rows"] for file in files) == 240
    assert made.data_files() == sorted(key for table in TABLES for key in made.keys(table))


def test_files_roll_after_the_page_that_reaches_the_rows_however_small_the_pages(export):
    rolled = export(settings={"ROLL__ROWS": "300"})
    assert len(rolled.keys("segments")) == 3  # one a page
    assert len(rolled.keys("conversations")) == 1


def test_rolled_files_hold_together_what_one_file_holds(export):
    whole, rolled = export(), export(settings={"ROLL__ROWS": "100"})
    for table in TABLES:
        assert rolled.csv_texts(table) == whole.csv_texts(table)
    assert len(rolled.keys("segments")) == 3  # one a page
    assert rolled.manifest["digest"] == whole.manifest["digest"]


def test_a_table_that_does_not_reach_the_limit_has_one_numbered_file(export):
    rolled = export(settings={"ROLL__ROWS": "100"})
    assert rolled.keys("resolutions") == [f"resolutions/{rolled.day}.000-000.csv.gz"]


def test_rolled_names_do_not_depend_on_the_run(export):
    settings = {"ROLL__ROWS": "100"}
    first = export(settings=settings, slices=2)
    again = export(settings=settings, slices=2, layout="daily")
    assert again.data_files() == first.data_files()
    for key in first.data_files():
        assert (first.root / key).read_bytes() == (again.root / key).read_bytes()


def test_a_day_without_conversations_has_parquet_files_with_a_schema_and_no_rows(export):
    made = export(format="parquet", settings=KEPT, **NOTHING)
    for table in dataset_named(DEFAULT).tables:
        (path,) = made.paths(table.name)
        file = pq.ParquetFile(path)
        assert file.metadata.num_row_groups == 0
        assert file.schema_arrow.equals(parquet_schema(table), check_metadata=True)
    assert made.raw_lines() == []
    assert made.manifest["counts"]["exported"] == 0


def test_a_day_without_conversations_has_an_empty_gzip_of_raw_records(export):
    made = export(format="jsonl.gz", **NOTHING)
    (path,) = made.paths(RAW)
    with gzip.open(path) as file:
        assert file.read() == b""


def test_every_raw_line_is_one_json_object(export):
    lines = export(format="jsonl.gz").raw_lines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
