"""Tables of statistics are loaded: their keys have parts that may be null."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
import sqlglot
from warehouse_lakes import DAY, Lake, statements
from warehouse_postgres import running

from fakes import some
from genesys_export.datasets import dataset_named, datasets
from genesys_export.dictionary import DIALECTS, Files, FileType, as_ddl
from genesys_simulator import World, serve

ALL = [one.name for one in datasets() if one.aggregates]


class Statistics(Lake):
    """A folder of all tables of statistics."""

    @property
    def flags(self) -> Any:
        return {**super().flags, "dataset": ALL}

    def first(self, dialect: str) -> str:
        """Return the script that creates the tables and loads the day."""
        return self.script(dialect, DAY)


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    with serve(World.generated(seed=7, per_day=120)) as genesys:
        return Statistics(tmp_path_factory.mktemp("statistics")).export(genesys, DAY)


def test_duckdb_loads_a_day_any_number_of_times(lake):
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        for _ in range(2):
            db.execute(lake.first("duckdb"))
            for name in ALL:
                table = dataset_named(name).tables[0]
                rows, keys = (
                    db.execute(f"SELECT count(*) FROM {what}").fetchone()
                    for what in (
                        name,
                        f"(SELECT DISTINCT {', '.join(table.primary_key)} FROM {name})",
                    )
                )
                assert rows == keys
                assert some(rows)[0] > 100


@pytest.mark.db
@pytest.mark.xdist_group("postgres")
def test_postgresql_loads_a_day_any_number_of_times_and_refuses_a_second_row_of_a_key(lake):
    with running() as db:
        for _ in range(2):
            db.done(lake.first("postgres"))
        with duckdb.connect() as other:
            other.execute(lake.first("duckdb"))
            for name in ALL:
                counted = f"SELECT count(*), count(user_id) FROM {name}"
                if name.startswith("flow"):
                    counted = f"SELECT count(*), count(flow_id) FROM {name}"
                expected = [tuple(map(str, one)) for one in other.execute(counted).fetchall()]
                assert db.ask(counted) == expected
        again = (
            "INSERT INTO conversation_aggregates SELECT * FROM conversation_aggregates "
            "WHERE user_id IS NULL LIMIT 1"
        )
        ran = db.psql(again)
        assert "duplicate key" in f"{ran.stdout}{ran.stderr}"


@pytest.mark.parametrize("dialect", sorted({*DIALECTS} - {"duckdb", "postgres"}))
def test_the_scripts_of_the_other_engines_can_be_parsed(dialect):
    kind = FileType.PARQUET if FileType.PARQUET in DIALECTS[dialect].types else FileType.CSV
    files = Files(root="s3://bucket/prefix", type=kind, hive=False, newlines="keep")
    script = as_ddl([dataset_named(name) for name in ALL], dialect, files)
    read = {"athena": "athena"}.get(dialect, dialect)
    made = [one for one in statements(script) if one.startswith("CREATE") and "TABLE" in one]
    assert len(made) >= len(ALL)
    assert all(sqlglot.parse_one(one, read=read) for one in made)
