"""One day as csv.gz, Parquet and raw records: the same rows, values and types, whoever reads."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from formats_reading import Exported, as_csv_says_it

from genesys_export.datasets import DEFAULT, Table, dataset_named
from genesys_export.days import Interval
from genesys_export.decode import Decoder
from genesys_export.flatten import Flattener
from genesys_simulator.times import Span, to_ms

DATASET = dataset_named(DEFAULT)
EVERY_TABLE = pytest.mark.parametrize("table", DATASET.tables, ids=lambda table: table.name)
DAY_MS = 86_400_000
FILLED = [table for table in DATASET.tables if table.name != "resolutions"]

IN_DUCKDB = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "float64": "DOUBLE",
    "bool": "BOOLEAN",
    "timestamp[ms, UTC]": "TIMESTAMP WITH TIME ZONE",
    "date32": "DATE",
    "list<string>": "VARCHAR[]",
    "list<int64>": "BIGINT[]",
}
IN_POLARS = {
    "string": pl.String(),
    "int64": pl.Int64(),
    "float64": pl.Float64(),
    "bool": pl.Boolean(),
    "timestamp[ms, UTC]": pl.Datetime("ms", "UTC"),
    "date32": pl.Date(),
    "list<string>": pl.List(pl.String()),
    "list<int64>": pl.List(pl.Int64()),
}


@pytest.fixture(scope="module")
def parquet(export) -> Exported:
    return export(format="parquet", settings={"EXPORT__KEEP_RAW": "true"})


@pytest.fixture(scope="module")
def csv(export) -> Exported:
    return export()


def in_key_order(table: Table, rows: list[dict]) -> list[dict]:
    return sorted(rows, key=lambda row: [str(row[name]) for name in table.primary_key])


@EVERY_TABLE
def test_csv_and_parquet_hold_the_same_values(csv, parquet, table):
    texts = in_key_order(table, csv.csv_texts(table.name))
    rows = in_key_order(table, parquet.parquet(table.name).to_pylist())
    doubles = [column.name for column in table.columns if column.type == "float64"]
    told = [{name: as_csv_says_it(value) for name, value in row.items()} for row in rows]
    for row in (*texts, *told):
        row.update({name: row[name] and float(row[name]) for name in doubles})
    assert texts == told


@pytest.mark.parametrize("table", FILLED, ids=lambda table: table.name)
def test_there_is_something_to_compare(parquet, table):
    assert parquet.parquet(table.name).num_rows > 0


@EVERY_TABLE
def test_duckdb_reads_the_declared_types_and_what_pyarrow_reads(parquet, table):
    read = parquet.parquet(table.name)
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        question = f"FROM read_parquet({parquet.paths(table.name)!r})"
        described = database.execute(f"DESCRIBE {question}").fetchall()
        found = database.sql(question).to_arrow_table()
    types = {row[0]: row[1] for row in described}
    assert types == {column.name: IN_DUCKDB[column.type] for column in table.columns}
    assert found.cast(pa.schema([pa.field(f.name, f.type) for f in read.schema])).equals(read)


@EVERY_TABLE
def test_polars_reads_the_declared_types_and_what_pyarrow_reads(parquet, table):
    read = parquet.parquet(table.name)
    found = pl.read_parquet(parquet.paths(table.name))
    assert dict(found.schema) == {column.name: IN_POLARS[column.type] for column in table.columns}
    assert found.to_dicts() == read.to_pylist()


def test_duckdb_reads_a_hive_layout_with_its_partition(export):
    hive = export(format="parquet", layout="hive")
    with duckdb.connect() as database:
        (found,) = database.execute(
            "SELECT count(*), min(dt), max(conversation_date) FROM read_parquet(?)",
            [f"{hive.root}/conversations/**/*.parquet"],
        ).fetchall()
    assert found == (240, hive.day, hive.day)


def test_the_raw_records_are_those_of_the_tables_and_make_them_again(parquet):
    lines = parquet.raw_lines()
    ids = [json.loads(line)["conversationId"] for line in lines]
    assert sorted(ids) == sorted(
        parquet.parquet("conversations").column("conversation_id").to_pylist()
    )
    start = datetime(parquet.day.year, parquet.day.month, parquet.day.day, tzinfo=UTC)
    block = Decoder(DATASET, Interval(start, start + timedelta(1))).decode(lines)
    again = {batch.table: batch.rows for batch in Flattener(DATASET, parquet.day).flatten(block)}
    for table in FILLED:
        was = parquet.parquet(table.name)
        rows = pa.Table.from_batches([again[table.name]]).cast(was.schema)
        assert in_key_order(table, rows.to_pylist()) == in_key_order(table, was.to_pylist())


def test_raw_records_are_the_apis_own_bytes(export, parquet, genesys):
    lines = export(format="jsonl.gz").raw_lines()
    assert lines == parquet.raw_lines()
    holdings = genesys.world.holdings
    start = to_ms(datetime(parquet.day.year, parquet.day.month, parquet.day.day, tzinfo=UTC))
    places = list(holdings.positions(Span(start, start + DAY_MS), start))
    assert lines == [bytes(one) for one in holdings.render(places, attributes=True)]
