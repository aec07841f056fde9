"""The tables with all that settings add: pinned attributes against a loop, and golden tables."""

from __future__ import annotations

import gzip
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import DAY, INTERVAL, blocks, law

from genesys_export.datasets import DEFAULT, Additions, Kind, dataset_named
from genesys_export.days import Interval
from genesys_export.decode import Decoder
from genesys_export.encode import CsvGz, Newlines
from genesys_export.flatten import Flattener, arrow_schema
from genesys_export.model import Batch

GOLDEN = Path(__file__).parent / "golden"
WIDE = Path(__file__).parent / "golden_wide"
STORIES = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())
PINS = ("Customer Number", "VIP", "script", "text", "count", "Nobody Has It")
EVERYTHING = Additions(local_times=True, join_names=True, pin_attributes=PINS)
CHANGED = (
    "conversations",
    "participants",
    "sessions",
    "segments",
    "session_metrics",
    "conversation_attributes",
)
NAMES = {
    "dim_users": {"u-ada": "Ada, the first", "u-bob": 'Bob "B" Two'},  # u-cleo has none
    "dim_queues": {"q-first": "First", "q-mail": "Mail\nand more", "q-back": "Call back"},
    "dim_divisions": {"d1d1d1d1-0000-4000-8000-000000000002": "Home"},
    "dim_skills": {"skill-b": "Spanish"},
    "dim_wrap_up_codes": {"wrap-answered": "Answered", "wrap-solved": "Solved"},
}


def made_of(records, added: Additions, zone: str = "UTC", names=None) -> list[Batch]:
    dataset = dataset_named(DEFAULT, added)
    decoder = Decoder(dataset, Interval(INTERVAL.start, INTERVAL.end))
    flattener = Flattener(dataset, DAY, zone=ZoneInfo(zone), names=names or {})
    found = flattener.flatten(decoder.decode(records))
    for batch in found:
        batch.rows.validate(full=True)
    return list(found)


def rows_of(batches, table: str) -> list[dict]:
    return [row for batch in batches if batch.table == table for row in batch.rows.to_pylist()]


def last_values(attributes: list[dict], key: str) -> dict[str, str]:
    """Return the value of each conversation that has the attribute: the last one set."""
    found = {}
    for row in attributes:  # in the order of the participants
        if row["attribute_key"] == key and row["attribute_value"] is not None:
            found[row["conversation_id"]] = row["attribute_value"]
    return found


@law(150)
@given(blocks(), st.randoms(use_true_random=False))
def test_a_pinned_attribute_has_the_value_of_the_last_participant_that_has_it(records, rng):
    plain = made_of(records, Additions())
    attributes = rows_of(plain, "participant_attributes")
    keys = sorted({row["attribute_key"] for row in attributes})
    pins = tuple(rng.sample(keys, min(2, len(keys)))) or ("Account",)
    try:
        dataset = dataset_named(DEFAULT, Additions(pin_attributes=pins))
    except ValueError:  # both would have the same column
        dataset = dataset_named(DEFAULT, Additions(pin_attributes=pins[:1]))
    made = rows_of(made_of(records, dataset.added), "conversation_attributes")
    ids = [row["conversation_id"] for row in rows_of(plain, "conversations")]
    assert [row["conversation_id"] for row in made] == ids
    assert {row["conversation_date"] for row in made} <= {DAY}
    for column in dataset.table("conversation_attributes").columns[2:]:
        found = last_values(attributes, column.made_from)
        assert [row[column.name] for row in made] == [found.get(one) for one in ids]


@law(60)
@given(blocks())
def test_what_is_added_changes_no_declared_column(records):
    plain, wide = made_of(records, Additions()), made_of(records, EVERYTHING)
    wide = [batch for batch in wide if batch.table != "conversation_attributes"]
    assert [batch.table for batch in wide] == [batch.table for batch in plain]
    for old, new in zip(plain, wide, strict=True):
        assert new.rows.select(old.rows.schema.names).equals(old.rows)


def csv_of(story: str) -> dict[str, str]:
    """Return the tables that have something added, as they would be written."""
    record = (GOLDEN / story / "conversation.json").read_bytes()
    dataset = dataset_named(DEFAULT, EVERYTHING)
    names = {
        f"{table.name}.{column.name}": NAMES[column.repeats.partition(".")[0]]
        for table in dataset.tables
        for column in table.of_kind(Kind.NAME)
        if column.repeats.partition(".")[0] in NAMES
    }
    batches = made_of([record], EVERYTHING, "Europe/Berlin", names)
    files = {}
    for table in (dataset.table(name) for name in CHANGED):
        pieces: list[bytes] = []
        columns = [column.name for column in dataset.table(table.name).columns]
        shown = [columns[0], *columns[columns.index(_first_added(table.name)) :]]
        schema = arrow_schema(table)
        file = CsvGz(pa.schema([schema.field(one) for one in shown]), pieces.append, Newlines.KEEP)
        for batch in batches:
            if batch.table == table.name:
                file.write(batch.rows.select(shown))
        file.close()
        files[table.name] = gzip.decompress(b"".join(pieces)).decode()
    return files


def _first_added(table: str) -> str:
    declared = {one.name: one.names for one in dataset_named(DEFAULT).tables}.get(table, ())
    return next(
        one
        for one in dataset_named(DEFAULT, EVERYTHING).table(table).names
        if one not in declared and one != "conversation_id"
    )


@pytest.mark.parametrize("story", STORIES)
def test_what_is_added_to_a_conversation_is_what_was_read_by_eye(story):
    """To renew: delete the files, run, read what was written. They show added columns only."""
    made = csv_of(story)
    paths = {name: WIDE / story / f"{name}.csv" for name in CHANGED}
    missing = [name for name, path in paths.items() if not path.exists()]
    for name in missing:
        paths[name].parent.mkdir(parents=True, exist_ok=True)
        paths[name].write_text(made[name], "utf-8", newline="")
    assert missing == [], "written now: read them"
    assert made == {name: path.read_bytes().decode() for name, path in paths.items()}


def test_a_query_has_no_attributes_so_pinned_ones_are_null():
    record = (GOLDEN / STORIES[-1] / "conversation.json").read_bytes()
    dataset = dataset_named(DEFAULT, EVERYTHING)
    block = Decoder(dataset, Interval(INTERVAL.start, INTERVAL.end)).decode([record])
    bare = type(block)(block.conversations, None, ())
    made = rows_of(Flattener(dataset, DAY).flatten(bare), "conversation_attributes")
    assert len(made) == 1
    assert [*made[0].values()][2:] == [None] * len(PINS)
