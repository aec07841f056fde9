"""Days whose files have fewer columns than this version writes: verified, and read."""

import pyarrow as pa
import pytest
from published import Published

from genesys_export.datasets import NAMES, dataset_named
from genesys_export.encode import Format, Opener
from genesys_export.flatten import arrow_schema
from genesys_export.operations.read import Reader, wanted

USERS = dataset_named(NAMES).table("dim_users")
OLD = USERS.as_of(1)
TIMES = pa.timestamp("ms", "UTC")


@pytest.fixture(params=[one.value for one in Format])
def older(request, snapshot) -> Published:
    """Return a snapshot of users that version 1 of the columns wrote, and no other table."""
    form = request.param
    taken = snapshot(format=form)
    rows = read(taken, *OLD.names).to_pylist()
    batch = pa.RecordBatch.from_pylist(rows, arrow_schema(OLD))
    body = bytearray()
    encoder = Opener().open(Format(form), OLD, body.extend)
    encoder.write(batch, pa.array([taken.day.interval.start] * len(rows), TIMES))
    encoder.close()
    taken.object("dim_users").write_bytes(bytes(body))
    users = taken.files("dim_users")
    taken.rewrite(lambda told: told.update(tables={"dim_users": users}))
    taken.rewrite(lambda told: told["recipe"].update(column_version=1, tables=["dim_users"]))
    taken.sign()
    return taken


def read(taken: Published, *columns: str) -> pa.Table:
    reader = Reader(store=taken.store)
    return reader.read(wanted("dim_users", columns or None), [taken.day])


def test_a_day_with_fewer_columns_verifies(older):
    assert older.mismatches() == []


def test_a_day_with_fewer_columns_is_no_day_of_the_newest_version(older):
    older.rewrite(lambda told: told["recipe"].update(column_version=2))
    assert [one.partition(":")[0] for one in older.mismatches()] == [
        older.files("dim_users")[0]["key"]
    ]


def test_columns_that_came_later_are_null(older):
    found = read(older)
    assert found.column_names == list(USERS.names)
    assert found.column("name").null_count == 0
    for name in {*USERS.names} - {*OLD.names}:
        assert found.column(name).null_count == len(found) == 120


def test_only_columns_that_came_later_have_as_many_rows(older):
    found = read(older, "version", "username")
    assert (len(found), found.column_names) == (120, ["version", "username"])
    assert found.schema.field("version").type == pa.int64()
    assert read(older, "username", "id").column("id").null_count == 0
