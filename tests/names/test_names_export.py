"""A day with the names of things, as a user gets it."""

import gzip
import json
import re
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from fakes import some
from genesys_export.assembly.exporting import dry_run
from genesys_export.cli.tables import TablesRequest, text_of
from genesys_export.datasets import DEFAULT, NAMES, dataset_named
from genesys_export.days import Day
from genesys_export.errors import Aftermath
from genesys_export.export import ExportOptions, Outcome
from genesys_simulator import Fault, MissingPermission, Refusal, Revoked, ServerError

TABLES = [*dataset_named(NAMES).lookups]
DAY = Day(date(2025, 11, 20), ZoneInfo("UTC"))
TABLES_OF_CONVERSATIONS = tuple(table.name for table in dataset_named(DEFAULT).tables)
KEY = "0123456789abcdef0123456789abcdef"


def test_the_lookup_tables_are_published_beside_the_conversations(lake):
    there = lake()
    assert there.both() == 0
    assert list(there.manifest["tables"]) == there.manifest["recipe"]["tables"] == TABLES
    conversations = there.manifest_of(DEFAULT)
    assert tuple(conversations["tables"]) == TABLES_OF_CONVERSATIONS
    assert tuple(conversations["recipe"]["tables"]) == TABLES_OF_CONVERSATIONS
    assert there.manifest["state"] == "final"
    assert conversations["state"] == "provisional"
    assert [len(there.rows(table)) for table in TABLES] == [28, 120, 24, 4, 64]
    assert {row["state"] for row in there.rows("dim_users")} == {"active", "inactive", "deleted"}
    for table in TABLES:
        assert there.manifest["tables"][table][0]["key"] == f"{table}/{DAY}.csv.gz"
        assert {row["conversation_date"] for row in there.rows(table)} == {str(DAY)}


def test_without_the_setting_no_list_is_asked_for(lake):
    there = lake()
    assert there.run(GENESYS_EXPORT_EXPORT__DATASETS=DEFAULT) == 0
    assert not set(TABLES) & set(there.manifest_of(DEFAULT)["tables"])
    assert not (there.root / "_genesys_export" / NAMES).exists()
    assert not there.genesys.asked("users")


def test_every_id_of_the_conversations_finds_its_name(lake):
    there = lake()
    there.both(GENESYS_EXPORT_EXPORT__FORMAT="parquet", GENESYS_EXPORT_EXPORT__LAYOUT="hive")
    with duckdb.connect() as database:
        database.execute(f"SET file_search_path = '{there.root}'")
        found = database.execute(
            """
            SELECT count(*), count(q.name), count(DISTINCT q.name) > 5
            FROM read_parquet('segments/**/*.parquet') AS s
            LEFT JOIN read_parquet('dim_queues/**/*.parquet') AS q
              ON q.conversation_date = s.conversation_date AND q.id = s.queue_id
            WHERE s.queue_id IS NOT NULL
            """
        ).fetchone()
        users = database.execute(
            """
            SELECT count(*) FROM read_parquet('participants/**/*.parquet') AS p
            ANTI JOIN read_parquet('dim_users/**/*.parquet') AS u
              ON u.conversation_date = p.conversation_date AND u.id = p.user_id
            WHERE p.user_id IS NOT NULL
            """
        ).fetchone()
        flows = database.execute(
            """
            SELECT count(*), count(f.name) FROM read_parquet('sessions/**/*.parquet') AS s
            LEFT JOIN read_parquet('dim_flows/**/*.parquet') AS f
              ON f.conversation_date = s.conversation_date AND f.id = s.flow_id
            WHERE s.flow_id IS NOT NULL
            """
        ).fetchone()
    found, flows = some(found), some(flows)
    assert found[0] == found[1] > 0
    assert found[2]
    assert users == (0,)
    assert flows[0] == flows[1] > 0


def test_json_lines_hold_the_same_rows_as_csv(lake):
    there = lake()
    there.run()
    as_csv = {table: there.rows(table) for table in TABLES}
    there.run(GENESYS_EXPORT_EXPORT__FORMAT="jsonl.gz")
    for table, rows in as_csv.items():
        lines = [json.loads(line) for line in there.text(table).splitlines()]
        told = [
            {
                name: ""
                if value is None
                else str(value).lower()
                if isinstance(value, bool)
                else str(value)
                for name, value in line.items()
            }
            for line in lines
        ]
        assert told == rows


def test_slices_and_limits_leave_one_file_a_table(lake):
    there = lake()
    there.run(GENESYS_EXPORT_EXPORT__SLICES="3", GENESYS_EXPORT_ROLL__ROWS="10")
    for table in TABLES:
        assert [file["key"] for file in there.manifest["tables"][table]] == [
            f"{table}/{DAY}.csv.gz"
        ]


def test_the_same_names_give_the_same_bytes(lake):
    there = lake()
    there.run()
    first = there.manifest["tables"]
    there.run()
    assert there.reports[NAMES].outcome is Outcome.UNCHANGED
    assert there.manifest["tables"] == first  # tags and tokens, too
    there.run(GENESYS_EXPORT_EXPORT__LAYOUT="hive")
    sums = [
        {table: files[0]["sha256"] for table, files in made.items()}
        for made in (first, there.manifest["tables"])
    ]
    assert sums[0] == sums[1]


def test_a_missing_permission_costs_its_table_and_the_exit_status_only(lake):
    lacking = {"architect:flow:view", "routing:wrapupCode:view"}
    there = lake(missing_permissions=frozenset(lacking))
    assert there.run() == 77
    problem = there.problems[NAMES]
    assert "is published, but dim_wrap_up_codes is not written" in problem.message
    assert "dim_flows" in problem.message
    assert f"Give {', '.join(sorted(lacking, reverse=True))} to a role" in problem.advice
    assert problem.aftermath is Aftermath.PUBLISHED
    tables = there.manifest["tables"]
    assert [table for table in TABLES if table in tables] == [
        "dim_queues",
        "dim_users",
        "dim_divisions",
    ]
    assert there.manifest["state"] == "final"
    assert there.manifest["notes"] == [
        "dim_wrap_up_codes is not written: routing:wrapupCode:view is missing",
        "dim_flows is not written: architect:flow:view is missing",
    ]
    assert there.manifest["counts"]["exported"] == 28 + 120 + 4
    assert there.due() == []  # reading it again would give no more


def test_where_no_list_may_be_read_nothing_is_published(lake):
    every = {
        one
        for table in map(dataset_named(NAMES).table, TABLES)
        for one in some(table.source).permissions
    }
    faults = [Fault(on, 1, MissingPermission(), times=9) for on in ("users", "divisions")]
    there = lake(missing_permissions=frozenset(every), faults=faults)
    assert there.run() == 77
    assert not [*there.root.glob("dim_*/*")]
    assert not [*there.root.rglob("manifest.json")]


BROKEN = Refusal(400, "bad.request", "Pagination may not exceed 10000 results.")
LASTING = ServerError(503)


@pytest.mark.parametrize("kind", [BROKEN, LASTING], ids=["refused", "lasting 503"])
def test_a_list_that_breaks_off_is_published_as_far_as_it_came(lake, kind):
    there = lake(faults=[Fault("flows", 2, kind, times=999)], max_list_size=25)
    assert there.run(GENESYS_EXPORT_GENESYS__RETRY_DEADLINE="1s") == 0
    (said,) = there.said
    assert said.startswith(f"{DAY}: dim_flows is cut: its list was cut off after 25 entries (")
    assert len(there.rows("dim_flows")) == 25
    assert len(there.rows("dim_users")) == 120
    manifest = there.manifest
    assert (manifest["state"], manifest["cut"]) == ("partial", ["dim_flows"])
    (note,) = manifest["notes"]
    assert note.startswith("dim_flows is cut: its list was cut off after 25 entries (")
    assert "GET /api/v2/flows" in note


def test_a_list_that_is_longer_than_genesys_gives_out_is_cut(lake):
    there = lake(list_depth=75, max_list_size=25)
    assert there.run() == 0
    assert len(there.rows("dim_users")) == 75
    (note,) = there.manifest["notes"]
    assert "Pagination may not exceed 75 results." in note


def test_where_one_list_takes_all_patience_the_others_take_little(lake):
    hanging = [Fault(on, 1, LASTING, times=999) for on in ("queues", "users", "flows")]
    there = lake(faults=hanging)
    assert there.run(GENESYS_EXPORT_GENESYS__RETRY_DEADLINE="1s") == 0
    assert [*there.manifest["tables"]][-2:] == ["dim_wrap_up_codes", "dim_divisions"]


@pytest.mark.parametrize("kind", [BROKEN, LASTING], ids=["refused", "lasting 503"])
def test_a_list_that_never_begins_costs_its_table_only(lake, kind):
    there = lake(faults=[Fault("flows", 1, kind, times=999)])
    assert there.run(GENESYS_EXPORT_GENESYS__RETRY_DEADLINE="1s") == 0
    (said,) = there.said
    assert "dim_flows is not written: its list was cut off after 0 entries" in said
    assert [table for table in TABLES if table in there.manifest["tables"]] == TABLES[:-1]
    assert (there.manifest["state"], there.manifest["cut"]) == ("partial", [])
    assert len(there.manifest["notes"]) == 1


def test_a_whole_table_that_is_published_stays_where_its_list_breaks_off(lake):
    there = lake()
    assert there.run() == 0
    before = there.manifest
    there = lake(faults=[Fault("users", 2, BROKEN, times=999)], max_list_size=25)
    assert there.run() == 0
    after = there.manifest
    assert after["tables"]["dim_users"] == before["tables"]["dim_users"]
    assert len(there.rows("dim_users")) == 120
    assert after["cut"] == []
    (note,) = after["notes"]
    assert note.startswith(
        "dim_users keeps its previously published version: its list was cut off"
    )


def test_a_cut_table_is_replaced_by_what_comes_next(lake):
    there = lake(faults=[Fault("users", 2, BROKEN, times=999)], max_list_size=25)
    assert there.run() == 0
    there = lake(faults=[Fault("users", 3, BROKEN, times=999)], max_list_size=25)
    assert there.run() == 0
    assert (len(there.rows("dim_users")), there.manifest["cut"]) == (50, ["dim_users"])
    there = lake(faults=[Fault("users", 1, BROKEN, times=999)])
    assert there.run() == 0
    assert (len(there.rows("dim_users")), there.manifest["cut"]) == (50, ["dim_users"])
    there = lake()
    assert there.run() == 0
    assert (len(there.rows("dim_users")), there.manifest["cut"]) == (120, [])
    assert there.manifest["notes"] == []


def test_a_table_made_by_another_recipe_does_not_stay(lake):
    there = lake()
    assert there.run() == 0
    there = lake(faults=[Fault("users", 2, BROKEN, times=999)], max_list_size=25)
    hidden = {"GENESYS_EXPORT_PRIVACY__PERSONAL": "drop"}
    assert there.run(**hidden) == 0
    assert {row["name"] for row in there.rows("dim_users")} == {""}
    assert there.manifest["cut"] == ["dim_users"]


def test_credentials_that_die_at_a_list_end_the_day(lake):
    there = lake(faults=[Fault("users", 1, Revoked())])
    assert there.run() == 77
    assert not list(there.root.glob("dim_*/*"))
    assert not [*there.root.rglob("manifest.json")]


def test_a_dataset_that_may_not_be_read_takes_no_other_with_it(lake):
    there = lake(missing_permissions=frozenset({"analytics:conversationDetail:view"}))
    assert there.both() == 77
    assert [*there.problems] == [DEFAULT]
    assert [*there.manifest["tables"]] == TABLES


def test_what_privacy_hides_in_conversations_is_hidden_in_the_names_too(lake):
    there = lake()
    there.both(GENESYS_EXPORT_PRIVACY__PERSONAL="hash", GENESYS_EXPORT_PRIVACY__KEY=KEY)
    users = there.rows("dim_users")
    acting = {row["user_id"] for row in there.rows("participants")} - {""}
    assert acting <= {row["id"] for row in users}
    assert all(len(row[name]) == 64 for row in users for name in ("id", "name", "email"))
    plain = gzip.decompress(
        (there.root / there.manifest["tables"]["dim_users"][0]["key"]).read_bytes()
    )
    assert b"@example.com" not in plain
    there.run()
    known = {row["id"] for row in there.rows("dim_users")}
    assert not known & {row["id"] for row in users}


@pytest.mark.parametrize("layout", ["daily", "hive"])
def test_a_dry_run_names_the_lookup_files_and_lists(lake, layout):
    there = lake()
    (exporter,) = there.exporters(GENESYS_EXPORT_EXPORT__LAYOUT=layout)
    found = dry_run(exporter, DAY)
    file = f"{DAY}.csv.gz" if layout == "daily" else f"dt={DAY}/000-000.csv.gz"
    keys = [
        *(f"{table}/{file}" for table in TABLES),
        f"_genesys_export/{NAMES}/{DAY}/manifest.json",
    ]
    assert [url.removeprefix(f"{there.root}/") for url in found.written] == keys
    paths = [some(dataset_named(NAMES).table(name).source).path for name in TABLES]
    assert [told["GET"] for told in found.asked] == paths
    assert not there.genesys.requests
    assert not there.root.exists() or not [*there.root.iterdir()]


def test_the_loads_sql_takes_the_lookup_tables_too(lake):
    there = lake()
    there.both()
    environ = {"GENESYS_EXPORT_EXPORT__NAMES": "true"}
    wanted = TablesRequest(dialect="duckdb", date=str(DAY), tables=())
    sql = text_of(wanted, {"to": str(there.root)}, environ)
    with duckdb.connect() as database:
        database.execute(sql)
        database.execute(sql)  # a day again is the same day
        counts = [
            some(database.execute(f"SELECT count(*) FROM {t}").fetchone())[0] for t in TABLES
        ]
    assert counts == [28, 120, 24, 4, 64]


def test_without_the_setting_no_sql_for_them_is_made(lake):
    text = text_of(TablesRequest(dialect="duckdb", date=None, tables=()), {"to": "lake"}, {})
    assert "dim_" not in text


def test_the_query_of_the_page_finds_names(lake):
    page = (Path(__file__).parents[2] / "docs/how-to/names.md").read_text("utf-8")
    query, *_ = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    there = lake()
    there.both()
    with duckdb.connect() as database:
        rows = database.execute(query.replace("named/", f"{there.root}/")).fetchall()
    assert len(rows) == 5
    assert all(any(column) for column in zip(*rows, strict=True))


def test_new_names_leave_the_conversations_as_they_lie(lake):
    there = lake(missing_permissions=frozenset({"routing:queue:view"}))
    assert there.both() == 77
    conversations, before = there.manifest_of(DEFAULT), there.manifest
    there = lake()
    assert there.run() == 0
    assert "dim_queues" not in before["tables"]
    assert there.manifest["tables"]["dim_queues"]
    assert there.manifest["attempts"] == [before["attempt"], there.manifest["attempt"]]
    assert there.manifest_of(DEFAULT) == conversations


# --- the life of a snapshot ----------------------------------------------------------------------


def test_the_day_that_has_just_ended_is_due_until_it_is_published_whole(lake):
    there = lake(faults=[Fault("users", 2, BROKEN, times=1)], max_list_size=25)
    assert there.due() == [str(DAY)]
    assert there.run(options=ExportOptions()) == 0
    assert there.manifest["state"] == "partial"
    assert there.due() == [str(DAY)]
    assert there.run(options=ExportOptions()) == 0
    assert (there.manifest["state"], there.manifest["cut"]) == ("final", [])
    assert len(there.rows("dim_users")) == 120
    assert there.due() == []


def test_a_final_snapshot_is_not_read_again_unless_it_is_asked_for(lake):
    there = lake()
    assert there.run(options=ExportOptions()) == 0
    asked = len(there.genesys.asked("users"))
    assert there.run(options=ExportOptions()) == 0
    assert there.reports[NAMES].outcome is Outcome.SKIPPED
    assert len(there.genesys.asked("users")) == asked
    assert there.run(options=ExportOptions(force=True)) == 0
    assert there.reports[NAMES].outcome is Outcome.UNCHANGED


PAST = Day(date(2025, 11, 19), DAY.zone)


@pytest.mark.parametrize("options", [ExportOptions(), ExportOptions(force=True, rewrite=True)])
def test_a_day_that_has_passed_is_skipped_and_no_list_is_asked_for(lake, options):
    there = lake()
    assert there.run(day=PAST, options=options) == 0
    report = there.reports[NAMES]
    assert report.outcome is Outcome.SKIPPED
    assert "can't be read any more" in report.note
    assert not there.genesys.asked("users")
    assert not [*there.root.rglob("manifest.json")]


def test_days_that_were_missed_or_are_partial_are_past_once_another_day_has_ended(lake):
    there = lake(faults=[Fault("users", 2, BROKEN, times=1)], max_list_size=25)
    there.run()
    published = there.manifest
    assert published["state"] == "partial"
    there.clock.rest(2 * 86_400)
    assert there.due() == ["2025-11-22"]  # neither the partial day nor the one that was missed
    assert there.run() == 0
    assert there.reports[NAMES].outcome is Outcome.SKIPPED
    assert there.manifest == published


def test_a_past_day_that_lost_a_file_is_not_filled_with_the_names_of_today(lake):
    there = lake()
    there.run()
    (there.root / f"dim_users/{DAY}.csv.gz").unlink()
    assert there.due() == [str(DAY)]
    there.clock.rest(86_400)
    assert there.due() == ["2025-11-21"]
    assert there.run() == 0
    assert there.reports[NAMES].outcome is Outcome.SKIPPED
    assert not (there.root / f"dim_users/{DAY}.csv.gz").exists()


def test_a_day_that_is_not_over_yet_comes_too_early(lake):
    there = lake()
    assert there.run(day=Day(date(2025, 11, 21), DAY.zone)) == 75
    assert not there.genesys.asked("users")
