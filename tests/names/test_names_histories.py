"""Days exported one after the other, loaded, and asked for what was valid when."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest

from genesys_export.cli.tables import TablesRequest, text_of
from genesys_export.datasets import NAMES, dataset_named
from genesys_export.days import Day
from genesys_simulator import Fault, Refusal

WHOLE = {"GENESYS_EXPORT_EXPORT__DATASETS": NAMES}
ABSENT = Refusal(404, "not.found", "The requested resource was not found.")
FIRST = date(2025, 11, 20)
A_DAY = 28 * 2  # requests for members: two pages a queue


@pytest.mark.parametrize("form", ["csv.gz", "parquet"])
def test_snapshots_of_days_that_follow_each_other_are_one_row(lake, form):
    there = lake(faults=[Fault("queue_members", A_DAY + 5, ABSENT)])  # the second day
    settings = {**WHOLE, "GENESYS_EXPORT_EXPORT__FORMAT": form}
    environ = {"GENESYS_EXPORT_EXPORT__DATASETS": NAMES, "GENESYS_EXPORT_EXPORT__FORMAT": form}
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        for number in range(3):
            day = Day(FIRST + timedelta(days=number), ZoneInfo("UTC"))
            assert there.run(day=day, **settings) == 0
            wanted = TablesRequest(dialect="duckdb", date=str(day))
            database.execute(text_of(wanted, {"to": str(there.root)}, environ))
            there.clock.rest(24 * 3600)
        for table in dataset_named(NAMES).tables:
            counts = database.execute(
                f"SELECT count(*), count(DISTINCT conversation_date) FROM {table.name}"
            ).fetchone()
            assert counts is not None
            assert counts[1] == 3
            if table.name != "dim_queue_members":
                found = database.execute(
                    f"SELECT count(*), count(valid_to), min(valid_from) FROM {table.name}_history"
                ).fetchone()
                assert found == (counts[0] / 3, 0, FIRST), table.name
        lost = database.execute(
            """
            SELECT count(DISTINCT queue_id), min(valid_to), max(valid_to)
            FROM dim_queue_members_history WHERE valid_to IS NOT NULL
            """
        ).fetchone()
        again = database.execute(
            """
            SELECT count(DISTINCT queue_id), min(valid_from)
            FROM dim_queue_members_history WHERE valid_from > (FROM (VALUES (DATE '2025-11-20')))
            """
        ).fetchone()
    second, third = (FIRST + timedelta(days=number) for number in (1, 2))
    assert lost == (1, second, second)
    assert again == (1, third)
