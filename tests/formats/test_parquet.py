"""What a Parquet file is: its schema, row groups, order, dictionaries, and what it holds back."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesys_export.datasets import DEFAULT, Kind, PersonalData, dataset_named
from genesys_export.encode import MemoryBudget, Opener, Parquet, parquet_schema
from genesys_export.encode.formats import Format
from genesys_export.errors import DestinationFailed
from genesys_export.flatten import arrow_schema

DATASET = dataset_named(DEFAULT)
SEGMENTS = DATASET.table("participant_attributes")
GOLDEN = Path(__file__).parent / "golden" / "parquet_schema.txt"
MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
TIMES = pa.timestamp("ms", "UTC")


class Written:
    """A sink, and the file that it makes."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def __call__(self, data: bytes) -> None:
        self.pieces.append(data)

    @property
    def size(self) -> int:
        return sum(map(len, self.pieces))

    def file(self) -> pq.ParquetFile:
        return pq.ParquetFile(io.BytesIO(b"".join(self.pieces)))


def rows(table, names: list[str]) -> pa.RecordBatch:
    """Return a row for each conversation named; all else is null."""
    schema = arrow_schema(table)
    ids = {"conversation_id": names}
    columns = [pa.array(ids.get(f.name, [None] * len(names)), f.type) for f in schema]
    return pa.record_batch(columns, schema=schema)


def starts(seconds: list[int]) -> pa.Array:
    return pa.array([MIDNIGHT + timedelta(seconds=second) for second in seconds], TIMES)


def write(file: Parquet, begun: list[int], table=SEGMENTS) -> None:
    file.write(rows(table, [f"begun at {second}" for second in begun]), starts(begun))


def written(batches: list[list[int]], allowed: int = 1 << 30) -> pq.ParquetFile:
    sink = Written()
    file = Parquet(SEGMENTS, sink, MemoryBudget(allowed))
    for begun in batches:
        write(file, begun)
    file.close()
    return sink.file()


def ids(table: pa.Table) -> list[str]:
    return table.column("conversation_id").to_pylist()


# --- the schema ------------------------------------------------------------------------------


def described() -> str:
    """Return every table's schema as Parquet itself spells it."""
    blocks = []
    for table in DATASET.tables:
        sink = Written()
        Parquet(table, sink, MemoryBudget(0)).close()
        columns = sink.file().schema
        lines = (spelled(columns.column(i)) for i in range(len(columns)))
        blocks.append("\n".join((f"[{table.name}]", *lines)))
    return "\n\n".join(blocks) + "\n"


def spelled(column) -> str:
    logical = json.loads(column.logical_type.to_json())
    told = (logical["Type"], logical.get("timeUnit"), logical.get("isAdjustedToUTC") and "UTC")
    repeated = f"{column.max_definition_level}/{column.max_repetition_level}"
    return " ".join((column.path, column.physical_type, *filter(None, told), repeated))


def test_the_schema_of_every_file_is_the_golden_one():
    assert described() == GOLDEN.read_text("utf-8")


@pytest.mark.parametrize("table", DATASET.tables, ids=lambda table: table.name)
def test_every_field_says_what_it_means_and_where_it_is_from(table):
    for field, column in zip(parquet_schema(table), table.columns, strict=True):
        assert field.name == column.name
        assert field.metadata[b"description"].decode() == column.description
        assert field.metadata.get(b"api_path", b"").decode() == (column.path or "")


def test_a_file_without_rows_has_the_schema_of_one_with_rows():
    empty, full = written([]), written([[1]])
    assert empty.metadata.num_row_groups == 0
    assert empty.schema_arrow.equals(full.schema_arrow, check_metadata=True)
    assert empty.schema_arrow.equals(parquet_schema(SEGMENTS), check_metadata=True)


# --- row groups ------------------------------------------------------------------------------


def test_batches_of_one_file_become_one_row_group_while_the_allowance_lasts():
    file = written([[1, 2], [3], [4, 5]])
    assert file.metadata.num_row_groups == 1
    assert ids(file.read()) == [f"begun at {second}" for second in range(1, 6)]


def test_rows_are_sorted_by_the_start_of_their_conversation_in_a_row_group_only():
    file = written([[3, 1], [2]])
    assert ids(file.read_row_group(0)) == ["begun at 1", "begun at 2", "begun at 3"]
    apart = written([[3, 1], [2]], allowed=0)
    groups = [ids(apart.read_row_group(i)) for i in range(apart.metadata.num_row_groups)]
    assert groups == [["begun at 1", "begun at 3"], ["begun at 2"]]


@settings(max_examples=60, derandomize=True, database=None, deadline=None)
@given(st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=6), max_size=5))
def test_sorting_keeps_every_row_and_those_of_one_start_as_they_came(batches):
    sink = Written()
    file = Parquet(SEGMENTS, sink, MemoryBudget(1 << 30))
    told: list[tuple[int, str]] = []
    number = 0
    for begun in batches:
        names = [f"{number + place}" for place in range(len(begun))]
        told += zip(begun, names, strict=True)
        number += len(begun)
        file.write(rows(SEGMENTS, names), starts(begun))
    file.close()
    wanted = [name for _, name in sorted(told, key=lambda one: one[0])]
    assert ids(sink.file().read()) == wanted


def test_the_file_that_holds_most_gives_way_when_all_together_hold_too_much():
    budget, small, big = MemoryBudget(1 << 30), Written(), Written()
    one, other = (Parquet(SEGMENTS, sink, budget) for sink in (small, big))
    begun = small.size
    write(one, [1])
    write(other, list(range(100)))
    budget.limit_bytes = one.held_bytes + other.held_bytes
    assert (small.size, big.size) == (begun, begun)
    write(one, [2])
    assert other.held_bytes == 0
    assert big.size > begun
    assert small.size == begun  # still whole in memory
    one.close()
    other.close()
    assert budget.files == []
    assert small.file().metadata.num_row_groups == 1


def test_a_bigger_day_holds_back_no_more():
    budget, sink = MemoryBudget(200_000), Written()
    file = Parquet(SEGMENTS, sink, budget)
    for _ in range(200):
        write(file, list(range(300)))
        assert file.held_bytes <= budget.limit_bytes
    file.close()
    groups = sink.file().metadata
    assert groups.num_rows == 60_000
    assert groups.num_row_groups > 10


def test_slices_share_what_a_day_may_hold():
    one, four = (Opener.of_slice(slices, Opener().newlines).budget for slices in (1, 4))
    assert one.limit_bytes == 4 * four.limit_bytes
    assert Opener.of_slice(96, Opener().newlines).budget.limit_bytes >= 8 << 20


# --- columns ---------------------------------------------------------------------------------


def random_rows(table, count: int) -> pa.RecordBatch:
    rng = Random(7)

    def text() -> str:
        return rng.choice(("inbound", "outbound", "voice"))

    makers = {
        pa.string(): text,
        pa.int64(): lambda: rng.randrange(9),
        pa.float64(): rng.random,
        pa.bool_(): lambda: rng.random() < 0.5,
        pa.date32(): MIDNIGHT.date,
        pa.list_(pa.string()): lambda: [text()],
        pa.list_(pa.int64()): lambda: [1, 2],
    }
    clocks = {column.name for column in table.columns if column.type.startswith("timestamp")}
    columns = [
        pa.array(
            ["2026-11-22T08:00:00.123Z"] * count
            if field.name in clocks
            else [makers[field.type]() for _ in range(count)],
            field.type,
        )
        for field in arrow_schema(table)
    ]
    return pa.record_batch(columns, schema=arrow_schema(table))


@pytest.fixture(scope="module")
def sessions() -> pq.ParquetFile:
    table, sink = DATASET.table("sessions"), Written()
    file = Opener().open(Format.PARQUET, table, sink)
    file.write(random_rows(table, 50), starts([0] * 50))
    file.close()
    return sink.file()


def test_every_column_is_zstd_with_statistics_and_a_page_index(sessions):
    group = sessions.metadata.row_group(0)
    for column in (group.column(i) for i in range(group.num_columns)):
        assert column.compression == "ZSTD"
        assert column.has_column_index
        assert column.has_offset_index
        assert column.is_stats_set
        assert column.statistics.has_min_max


def test_ids_and_enums_have_dictionaries_and_free_text_and_clocks_have_none(sessions):
    group, table = sessions.metadata.row_group(0), DATASET.table("sessions")
    columns = (group.column(i) for i in range(group.num_columns))
    having = {c.path_in_schema.split(".")[0] for c in columns if c.has_dictionary_page}
    assert {"conversation_id", "media_type", "direction", "session_index"} <= having
    for column in table.columns:
        if column.kind is Kind.EXTRA or column.personal_data is PersonalData.SENSITIVE:
            assert column.name not in having
        if column.type.startswith("timestamp") or column.kind is Kind.SUM:
            assert column.name not in having


def test_a_dictionary_of_values_that_do_not_repeat_is_given_up_early():
    sink, count = Written(), 20_000
    file = Parquet(SEGMENTS, sink, MemoryBudget(1 << 30))
    file.write(
        rows(SEGMENTS, [f"{Random(n).getrandbits(128):032x}" for n in range(count)]),
        starts([0] * count),
    )
    file.close()
    column = sink.file().metadata.row_group(0).column(0)
    assert column.path_in_schema == "conversation_id"
    assert column.data_page_offset - column.dictionary_page_offset < 200 << 10  # whole: 350 KiB


def test_instants_become_timestamps_to_the_millisecond(sessions):
    clocks = [c.name for c in DATASET.table("sessions").columns if c.type.startswith("timestamp")]
    instant = datetime(2026, 11, 22, 8, 0, 0, 123_000, tzinfo=UTC)
    assert clocks
    for name in clocks:
        assert set(sessions.read([name]).column(name).to_pylist()) == {instant}


# --- when the destination fails --------------------------------------------------------------


def test_an_error_of_the_sink_comes_through_as_it_is():
    def full(data: bytes) -> None:
        raise DestinationFailed("the disk is full")

    with pytest.raises(DestinationFailed, match="the disk is full"):
        Parquet(SEGMENTS, full, MemoryBudget(0))
