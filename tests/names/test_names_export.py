"""A day with the names of things, as a user gets it."""

import gzip
import json
import re
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from names_lake import DAY

from fakes import some
from genesys_export.cli.run import RunRequest, execute
from genesys_export.cli.status import StatusRequest, report
from genesys_export.cli.tables import TablesRequest, text_of
from genesys_export.datasets import DEFAULT, NAMES, dataset_named
from genesys_export.export import ExportOptions
from genesys_simulator import Fault, Refusal, Revoked, ServerError

TABLES = [table.name for table in dataset_named(NAMES).tables]
TABLES_OF_CONVERSATIONS = tuple(table.name for table in dataset_named(DEFAULT).tables)
USUAL = ExportOptions()
KEY = "0123456789abcdef0123456789abcdef"


def test_the_lookup_tables_are_published_with_the_day(lake):
    there = lake()
    assert there.run() == 0
    assert list(there.manifest["tables"]) == TABLES
    assert there.manifest["recipe"]["tables"] == TABLES
    assert (there.manifest["dataset"], there.manifest["state"]) == (NAMES, "final")
    assert tuple(there.manifest_of(DEFAULT)["tables"]) == TABLES_OF_CONVERSATIONS
    assert there.manifest["counts"]["exported"] == 240
    assert there.manifest["index"] == []
    assert [len(there.rows(table)) for table in TABLES] == [28, 120, 24, 4, 64]
    assert {row["state"] for row in there.rows("dim_users")} == {"active", "inactive", "deleted"}
    for table in TABLES:
        assert there.manifest["tables"][table][0]["key"] == f"{table}/{DAY}.csv.gz"
        assert {row["conversation_date"] for row in there.rows(table)} == {DAY}


def test_without_the_setting_no_list_is_asked_for(lake):
    there = lake()
    assert there.run(GENESYS_EXPORT_EXPORT__NAMES="false") == 0
    assert not there.has(NAMES)
    assert not set(TABLES) & set(there.manifest_of(DEFAULT)["tables"])
    assert not there.genesys.asked("users")


def test_names_alone_ask_for_no_conversations(lake):
    there = lake()
    assert there.run(GENESYS_EXPORT_EXPORT__DATASETS=NAMES) == 0
    assert list(there.manifest["tables"]) == TABLES
    assert not there.has(DEFAULT)
    assert not there.genesys.asked("submit")


def test_a_past_day_of_names_is_skipped_and_its_conversations_are_not(lake, capsys):
    there, past = lake(), str(date.fromisoformat(DAY) - timedelta(days=1))
    assert there.run(date=past) == 0
    assert there.has(DEFAULT, past)
    assert not there.has(NAMES, past)
    assert not there.genesys.asked("users")
    assert (
        f"{NAMES} is a snapshot, and a past day can't be read any more" in capsys.readouterr().err
    )
    skipped = there.report["days"][-1]
    assert (skipped["outcome"], skipped["exit_status"]) == ("skipped", 0)


def test_names_are_read_once_a_day(lake):
    there = lake()
    assert there.run(date=None, options=USUAL) == 0
    asked = len(there.genesys.asked("users"))
    assert asked
    assert there.run(date=None, options=USUAL) == 0
    assert len(there.genesys.asked("users")) == asked


def test_every_id_of_the_conversations_finds_its_name(lake):
    there = lake()
    there.run(GENESYS_EXPORT_EXPORT__FORMAT="parquet", GENESYS_EXPORT_EXPORT__LAYOUT="hive")
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
                if value in (True, False)
                else value
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
    first = {table: there.manifest["tables"][table][0]["sha256"] for table in TABLES}
    there.run()
    assert first == {table: there.manifest["tables"][table][0]["sha256"] for table in TABLES}


def test_a_missing_permission_costs_its_table_and_the_exit_status_only(lake, capsys):
    lacking = {"architect:flow:view", "routing:wrapupCode:view"}
    there = lake(missing_permissions=frozenset(lacking))
    assert there.run() == 77
    said = capsys.readouterr().err
    assert "is published, but dim_wrap_up_codes is not written" in said
    assert f"Give {', '.join(sorted(lacking, reverse=True))} to a role" in said
    assert list(there.manifest["tables"]) == ["dim_queues", "dim_users", "dim_divisions"]
    assert there.manifest["state"] == "final"
    assert there.manifest["notes"] == [
        "dim_wrap_up_codes is not written: routing:wrapupCode:view is missing",
        "dim_flows is not written: architect:flow:view is missing",
    ]
    conversations, day = there.report["days"]
    assert (conversations["exit_status"], conversations["state"]) == (0, "provisional")
    assert (there.report["exit_status"], day["exit_status"], day["state"]) == (77, 77, "final")
    assert "dim_flows" in day["error"]["message"]
    assert day["error"]["published"] == "published"
    assert day["counts"]["exported"] == there.manifest["counts"]["exported"] > 0


BROKEN = Refusal(400, "bad.request", "Pagination may not exceed 10000 results.")
LASTING = ServerError(503)
FORBIDDEN = Refusal(403, "missing.permissions", "Not for you.")
LISTS = ("queues", "users", "wrapupcodes", "divisions", "flows")


@pytest.mark.parametrize("kind", [BROKEN, LASTING], ids=["refused", "lasting 503"])
def test_a_list_that_breaks_off_is_published_as_far_as_it_came(lake, capsys, kind):
    there = lake(faults=[Fault("flows", 2, kind, times=999)], max_list_size=25)
    assert there.run(GENESYS_EXPORT_GENESYS__RETRY_DEADLINE="1s") == 0
    said = capsys.readouterr().err
    assert said.count("dim_flows is cut: its list was cut off after 25 entries (") == 1
    assert len(there.rows("dim_flows")) == 25
    assert len(there.rows("dim_users")) == 120
    manifest = there.manifest
    assert (manifest["state"], manifest["cut"]) == ("partial", ["dim_flows"])
    (note,) = manifest["notes"]
    assert note.startswith("dim_flows is cut: its list was cut off after 25 entries (")
    assert "GET /api/v2/flows" in note
    assert there.report["exit_status"] == 0


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
    assert [*there.manifest["tables"]] == ["dim_wrap_up_codes", "dim_divisions"]


@pytest.mark.parametrize("kind", [BROKEN, LASTING], ids=["refused", "lasting 503"])
def test_where_no_list_comes_the_published_names_stay(lake, kind):
    there = lake()
    assert there.run() == 0
    before = there.manifest
    there = lake(faults=[Fault(one, 1, kind, times=999) for one in LISTS])
    assert there.run(GENESYS_EXPORT_GENESYS__RETRY_DEADLINE="1s") == 69
    assert there.manifest == before
    assert there.manifest_of(DEFAULT)["tables"]


def test_where_every_list_is_forbidden_nothing_of_them_is_published(lake, capsys):
    there = lake(faults=[Fault(one, 1, FORBIDDEN, times=999) for one in LISTS])
    assert there.run() == 77
    assert not there.has(NAMES)
    assert there.has(DEFAULT)
    assert "no list may be read: dim_queues" in capsys.readouterr().err


@pytest.mark.parametrize("kind", [BROKEN, LASTING], ids=["refused", "lasting 503"])
def test_a_list_that_never_begins_costs_its_table_only(lake, capsys, kind):
    there = lake(faults=[Fault("flows", 1, kind, times=999)])
    assert there.run(GENESYS_EXPORT_GENESYS__RETRY_DEADLINE="1s") == 0
    assert (
        "dim_flows is not written: its list was cut off after 0 entries" in capsys.readouterr().err
    )
    assert [table for table in TABLES if table in there.manifest["tables"]] == TABLES[:-1]
    assert there.manifest["cut"] == []
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
    assert (after["cut"], after["state"]) == ([], "partial")
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
    assert (there.manifest["notes"], there.manifest["state"]) == ([], "final")


def test_a_list_that_was_cut_is_read_again_on_the_same_day_without_being_asked_for(lake):
    there = lake(faults=[Fault("users", 2, BROKEN, times=999)], max_list_size=25)
    assert there.run(date=None, options=USUAL) == 0
    assert (there.manifest["state"], there.manifest["cut"]) == ("partial", ["dim_users"])
    there = lake()
    assert there.run(date=None, options=USUAL) == 0
    assert (there.manifest["state"], there.manifest["cut"]) == ("final", [])
    assert len(there.rows("dim_users")) == 120


def test_a_table_made_by_another_recipe_does_not_stay(lake):
    there = lake()
    assert there.run() == 0
    there = lake(faults=[Fault("users", 2, BROKEN, times=999)], max_list_size=25)
    hidden = {"GENESYS_EXPORT_PRIVACY__PERSONAL": "drop"}
    assert there.run(**hidden) == 0
    assert {row["name"] for row in there.rows("dim_users")} == {""}
    assert there.manifest["cut"] == ["dim_users"]


def test_credentials_that_die_at_a_list_leave_no_table_of_names(lake):
    there = lake(faults=[Fault("users", 1, Revoked())])
    assert there.run() == 77
    assert not list(there.root.glob("dim_*/*"))
    assert not there.has(NAMES)
    assert there.has(DEFAULT)


def test_a_cut_table_is_seen_in_the_status(lake, capsys):
    there = lake(faults=[Fault("users", 2, BROKEN, times=999)], max_list_size=25)
    there.run()
    capsys.readouterr()
    report(StatusRequest(as_json=True), {"to": str(there.root)}, there.environ)
    told = json.loads(capsys.readouterr().out)["organisations"]
    (day,) = [one for org in told for one in org["days"] if one["day"] == DAY and one["cut"]]
    assert day["cut"] == ["dim_users"]
    assert ("cut table", "note") in [(one["short"], one["weight"]) for one in day["remarks"]]


def test_conversations_that_fail_cost_the_names_nothing(lake):
    there = lake(missing_permissions=frozenset({"analytics:conversationDetail:view"}))
    assert there.run() == 77
    assert not there.has(DEFAULT)
    assert list(there.manifest["tables"]) == TABLES


def test_what_privacy_hides_in_conversations_is_hidden_in_the_names_too(lake):
    there = lake()
    there.run(GENESYS_EXPORT_PRIVACY__PERSONAL="hash", GENESYS_EXPORT_PRIVACY__KEY=KEY)
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
def test_a_dry_run_names_the_lookup_files(lake, capsys, layout):
    there = lake()
    environ = {**there.environ, "GENESYS_EXPORT_EXPORT__LAYOUT": layout}
    execute(RunRequest(date=DAY, dry_run=True), {"to": str(there.root)}, environ)
    file = f"{DAY}.csv.gz" if layout == "daily" else f"dt={DAY}/000-000.csv.gz"
    out = capsys.readouterr().out
    assert all(f"/{table}/{file}" in out for table in TABLES)
    assert not there.genesys.requests


def test_the_loads_sql_takes_the_lookup_tables_too(lake):
    there = lake()
    there.run()
    environ = {"GENESYS_EXPORT_EXPORT__NAMES": "true"}
    wanted = TablesRequest(dialect="duckdb", date=DAY, tables=())
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
    (query,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    there = lake()
    there.run()
    with duckdb.connect() as database:
        rows = database.execute(query.replace("named/", f"{there.root}/")).fetchall()
    assert len(rows) == 5
    assert all(any(column) for column in zip(*rows, strict=True))


def test_where_only_names_changed_the_conversations_stay_as_they_lie(lake):
    there = lake(missing_permissions=frozenset({"routing:queue:view"}))
    assert there.run() == 77
    before, talks = there.manifest, there.manifest_of(DEFAULT)
    there = lake()
    assert there.run() == 0
    assert "dim_queues" not in before["tables"]
    assert there.manifest["tables"]["dim_queues"]
    after = there.manifest_of(DEFAULT)
    assert after["tables"] == talks["tables"]  # tags and tokens, too
    assert after["index"] == talks["index"]
    assert after["attempts"] == [talks["attempt"], after["attempt"]]
    assert "next" not in after


def test_names_that_are_the_same_are_recorded_as_unchanged(lake):
    there = lake()
    assert there.run() == 0
    before = there.manifest
    assert there.run() == 0
    after = there.manifest
    assert after["tables"] == before["tables"]
    assert after["attempts"] == [before["attempt"], after["attempt"]]
    assert there.report["days"][-1]["outcome"] == "unchanged"
