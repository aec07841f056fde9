"""Histories: the view of each engine, held against a history made by hand in Python."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import duckdb
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp
from warehouse_lakes import DATASET, statements

from genesys_export.datasets import NAMES, Kind, dataset_named
from genesys_export.dictionary import DIALECTS, Files, FileType, as_ddl
from genesys_export.dictionary.histories import history

DIMENSIONS = dataset_named(NAMES)
BUCKET = "s3://bucket/some/prefix"
FIRST = date(2026, 11, 1)
Snapshots = dict[date, dict[tuple[str, str], tuple[object, ...]]]
History = set[tuple[object, ...]]
SKILLS = DIMENSIONS.table("dim_user_skills")
KEPT = ("skill_name", "proficiency", "state")


def by_hand(snapshots: Snapshots) -> History:
    """Return the history of some snapshots: key, from, to, values."""
    days, found = sorted(snapshots), set()
    ends = dict(zip(days, [*days[1:], None], strict=False))
    for key in {key for rows in snapshots.values() for key in rows}:
        begun: date | None = None
        for place, day in enumerate(days):
            values = snapshots[day].get(key)
            if values is None:
                continue
            before = snapshots[days[place - 1]].get(key) if place else None
            begun = begun if values == before else day
            after = snapshots[days[place + 1]].get(key) if place + 1 < len(days) else None
            if values != after:
                found.add((*key, begun, ends[day], *values))
    return found


def snapshots() -> st.SearchStrategy[Snapshots]:
    """Return a few days' snapshots; some days between them are missing."""
    key = st.tuples(st.sampled_from(["u-1", "u-2"]), st.sampled_from(["s-1", "s-2"]))
    values = st.tuples(
        st.sampled_from([None, "", "Claims"]),
        st.sampled_from([None, 1.0, 4.5]),
        st.sampled_from([None, "active"]),
    )
    day = st.integers(0, 12).map(lambda number: FIRST + timedelta(days=number))
    return st.dictionaries(day, st.dictionaries(key, values, min_size=1), max_size=6)


def viewed(db: duckdb.DuckDBPyConnection, given: Snapshots) -> History:
    """Return what the view says of snapshots."""
    db.execute("DELETE FROM dim_user_skills")
    for day, rows in given.items():
        for key, values in rows.items():
            # What the view leaves out differs from day to day.
            db.execute(
                "INSERT INTO dim_user_skills VALUES (?, ?, ?, ?, ?, ?, ?)",
                [day, *key, *values, f'{{"seen":"{day}"}}'],
            )
    columns = ", ".join(("user_id", "skill_id", "valid_from", "valid_to", *KEPT))
    return {*db.execute(f"SELECT {columns} FROM dim_user_skills_history").fetchall()}


@pytest.fixture(scope="module", params=DIALECTS)
def warehouse(request) -> Iterator[duckdb.DuckDBPyConnection]:
    """Return a table and its history, as an engine's statement makes it, in DuckDB's SQL."""
    dialect = DIALECTS[request.param]
    statement = history(SKILLS, dialect.quote)
    (text,) = sqlglot.transpile(statement, read=request.param, write="duckdb")
    (made,) = DIALECTS["duckdb"].create(SKILLS, Files(root="nowhere"))
    with duckdb.connect() as db:
        db.execute(made)
        db.execute(statement if request.param == "duckdb" else text)
        yield db


@settings(max_examples=60, derandomize=True, database=None, deadline=None)
@given(given=snapshots())
def test_a_history_is_what_the_snapshots_say(warehouse, given):
    assert viewed(warehouse, given) == by_hand(given)


def test_a_name_that_is_lost_is_there_for_the_days_it_was_used(warehouse):
    claims, travel = ("Claims", 4.0, "active"), ("Travel", 4.0, "active")
    key = ("u-1", "s-1")
    days = [FIRST + timedelta(days=number) for number in range(10)]
    given = {
        days[0]: {key: claims},
        days[1]: {key: claims},  # no snapshot on the third and the fourth day
        days[4]: {key: claims},
        days[5]: {key: travel},
        days[6]: {("u-2", "s-1"): claims},  # deleted
        days[7]: {key: travel},
    }
    assert {row for row in viewed(warehouse, given) if row[:2] == key} == {
        (*key, days[0], days[5], *claims),
        (*key, days[5], days[6], *travel),
        (*key, days[7], None, *travel),
    }


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_table_of_a_snapshot_has_a_history_that_a_parser_understands(dialect):
    for files in (Files(root=BUCKET), Files(root=BUCKET, hive=True)):
        script = as_ddl([DIMENSIONS], dialect, files)
        trees = [sqlglot.parse_one(one, read=dialect) for one in statements(script)]
        assert not any(tree.find(exp.Command) for tree in trees)
        views = [tree for tree in trees if isinstance(tree, exp.Create) and tree.kind == "VIEW"]
        names = [view.this.name.lower() for view in views]
        found = [name for name in names if name.endswith("_history")]
        assert found == [f"{table.name}_history" for table in DIMENSIONS.tables]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_conversations_and_json_lines_have_no_history(dialect):
    files = Files(root=BUCKET, type=FileType.LINES)
    assert "_history" not in as_ddl([DATASET], dialect, Files(root=BUCKET)).lower()
    assert "_history" not in as_ddl([DIMENSIONS], dialect, files).lower()


@pytest.mark.parametrize("table", DIMENSIONS.tables, ids=lambda table: table.name)
def test_a_history_has_its_key_first_and_all_that_does_not_change_by_itself(table):
    with duckdb.connect() as db:
        db.execute(DIALECTS["duckdb"].create(table, Files(root="nowhere"))[0])
        db.execute(history(table, DIALECTS["duckdb"].quote))
        db.execute(history(table, DIALECTS["duckdb"].quote))  # it can be made again
        columns = [one[0] for one in db.execute(f"DESCRIBE {table.name}_history").fetchall()]
    keys = [*table.primary_key[1:]]
    rest = [
        one.name
        for one in table.columns
        if one.kind is not Kind.KEY and one.kind is not Kind.EXTRA and one.in_history
        if not one.type.is_list
    ]
    assert columns == [*keys, "valid_from", "valid_to", *rest]
    assert rest or keys
