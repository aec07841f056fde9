"""The files of one slice, begun, rolled, sealed and thrown away: over a store in memory."""

from __future__ import annotations

from datetime import UTC, date, datetime
from random import Random
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from fakes import MemoryStore
from genesys_export.datasets import DEFAULT, dataset_named
from genesys_export.days import Day, split
from genesys_export.encode import Format, raw_rows
from genesys_export.export.files import Files
from genesys_export.export.plan import Layout, Plan, Roll
from genesys_export.flatten import arrow_schema
from genesys_export.model import Batch

DATASET = dataset_named(DEFAULT)
(PART,) = split(Day(date(2026, 11, 22), ZoneInfo("UTC")), 1)
RAW = "conversation_details_raw"


def plan(*tables: str, **changes) -> Plan:
    return Plan(dataset=DATASET, tables=tables, **changes)


def starts(count: int) -> pa.Array:
    return pa.array([datetime(2026, 11, 22, tzinfo=UTC)] * count, pa.timestamp("ms", "UTC"))


def batch(table: str, count: int) -> Batch:
    schema = arrow_schema(DATASET.table(table))
    return Batch(
        table,
        pa.record_batch([pa.nulls(count, f.type) for f in schema], schema=schema),
        starts(count),
    )


def raw_batch(*records: bytes) -> Batch:
    return Batch(RAW, raw_rows(records), starts(len(records)))


def staged(made: Plan, *batches: Batch) -> list[tuple[str, int]]:
    files = Files(made, PART, MemoryStore(), "token")
    for one in batches:
        files.write(one)
    return [(table.file.key, table.rows) for table in files.seal()]


def test_a_file_ends_with_the_batch_that_reaches_the_limit_of_rows():
    rolled = plan("surveys", roll=Roll(rows=10))
    assert staged(rolled, *(batch("surveys", rows) for rows in (6, 7, 4, 9, 1))) == [
        ("surveys/2026-11-22.000-000.csv.gz", 13),
        ("surveys/2026-11-22.000-001.csv.gz", 13),
        ("surveys/2026-11-22.000-002.csv.gz", 1),
    ]


def test_a_limit_reached_at_the_very_end_leaves_no_empty_file():
    rolled = plan("surveys", roll=Roll(rows=10), layout=Layout.HIVE)
    assert staged(rolled, batch("surveys", 10)) == [("surveys/dt=2026-11-22/000-000.csv.gz", 10)]


def test_a_file_ends_when_its_bytes_at_the_destination_reach_the_limit():
    noise = [Random(number).randbytes(300_000).hex().encode() for number in range(7)]
    rolled = plan(format=Format.JSONL, raw=DATASET.raw, roll=Roll(size_bytes=500_000))
    assert [rows for _, rows in staged(rolled, *map(raw_batch, noise))] == [2, 2, 2, 1]


def test_parquet_counts_the_row_groups_that_are_written():
    rolled = plan("surveys", format=Format.PARQUET, roll=Roll(size_bytes=100))
    batches = [batch("surveys", 300_000), batch("surveys", 300_000), batch("surveys", 5)]
    assert [rows for _, rows in staged(rolled, *batches)] == [600_000, 5]


@pytest.mark.parametrize("form", Format)
def test_every_table_of_the_plan_has_a_file_in_the_plans_order(form):
    tables = () if form is Format.JSONL else ("surveys", "resolutions")
    made = plan(*tables, format=form, raw=DATASET.raw)
    assert [key for key, _ in staged(made)] == [
        *(f"{table}/2026-11-22.{form}" for table in tables),
        f"{RAW}/2026-11-22.jsonl.gz",
    ]


@pytest.mark.parametrize("form", Format)
def test_nothing_stays_of_discarded_files_finished_or_not(form):
    store = MemoryStore()
    tables = () if form is Format.JSONL else ("surveys",)
    files = Files(plan(*tables, format=form, raw=DATASET.raw, roll=Roll(rows=2)), PART, store, "t")
    for rows in (3, 1):
        files.write(raw_batch(*[b"{}"] * rows))
        for table in tables:
            files.write(batch(table, rows))
    assert store.sealed  # the finished ones
    files.discard()
    del files  # Arrow's writer ends its file now, and nobody minds
    assert list(store.uploads("")) == []
    assert list(store.list("")) == []
