"""Names beside the ids of conversations: from which snapshot, protected how, in which files."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from genesys_export import Exporter
from genesys_export.datasets import DEFAULT, NAMES, Additions, Kind, dataset_named
from genesys_export.days import Day
from genesys_export.errors import GenesysUnavailable
from genesys_export.events import SliceAdopted, SliceStaged
from genesys_export.export import ExportOptions, Outcome
from genesys_simulator import Fault, JobEnds

UTC = ZoneInfo("UTC")
DAY = Day(date(2025, 11, 20), UTC)
BEFORE = Day(date(2025, 11, 19), UTC)
JOINED = {
    "GENESYS_EXPORT_EXPORT__DATASETS": DEFAULT,
    "GENESYS_EXPORT_EXPORT__JOIN_NAMES": "true",
}
WIDE = dataset_named(DEFAULT, Additions(join_names=True))
COLUMNS = [(table, column) for table in WIDE.tables for column in table.of_kind(Kind.NAME)]
KEY = "0123456789abcdef0123456789abcdef"
NORMAL, FORCED = ExportOptions(), ExportOptions(force=True)
ANEW = ExportOptions(force=True, rewrite=True)


def snapshot(there, day=DAY, options=NORMAL, **settings) -> None:
    """Export the names of the day alone."""
    names, _ = there.exporters(**{**JOINED, **settings})
    names.export(day, options)


def conversations(there, day=DAY, options=NORMAL, **settings):
    """Export the conversations of the day alone; return the report."""
    _, part = there.exporters(**{**JOINED, **settings})
    return part.export(day, options)


def lookup(there, table: str) -> dict[str, str]:
    return {row["id"]: row["name"] for row in there.rows(table) if row["name"]}


def named(names: dict[str, str], given: str, *, is_list: bool) -> str:
    """Return what should stand beside an id, or beside the JSON text of several."""
    if not is_list:
        return names.get(given, "")
    ids = json.loads(given) if given and names else None
    return "" if ids is None else json.dumps([names.get(one) for one in ids])


def loosely(text: str) -> object:
    return json.loads(text) if text.startswith("[") else text


def check_every_name(there, *, but: Sequence[str] = ()) -> int:
    """Compare every name column with a loop over the rows; return how many names there are."""
    found = 0
    for table, column in COLUMNS:
        if column.name in but:
            assert {row[column.name] for row in there.rows(table.name)} == {""}
            continue
        names = lookup(there, column.repeats.partition(".")[0])
        for row in there.rows(table.name):
            told = named(names, row[column.made_from], is_list=column.type.is_list)
            assert loosely(row[column.name]) == loosely(told)
            found += bool(told) and told != "[]"
    return found


def test_every_id_has_the_name_that_the_snapshot_of_its_day_gives_it(lake):
    there = lake()
    assert there.run(**JOINED) == 0
    assert check_every_name(there) > 1000
    manifest = there.manifest_of(DEFAULT)
    assert manifest["names"]["snapshot"] == str(DAY)
    assert (manifest["notes"], there.said) == ([], [])
    assert manifest["recipe"]["added"] == {
        "local_times": False,
        "join_names": True,
        "pin_attributes": [],
    }


def test_the_names_are_exported_before_the_conversations(lake):
    parts = list(lake().exporters(**JOINED))
    assert [one.deps.plan.dataset.name for one in parts] == [NAMES, DEFAULT]
    assert [one.deps.plan.after for one in parts] == [(), (NAMES,)]


def test_without_the_setting_the_order_is_as_before_and_nothing_is_added(lake):
    there = lake()
    both = {"GENESYS_EXPORT_EXPORT__DATASETS": DEFAULT, "GENESYS_EXPORT_EXPORT__NAMES": "true"}
    parts = list(there.exporters(**both))
    assert [one.deps.plan.dataset.name for one in parts] == [DEFAULT, NAMES]
    assert [one.deps.lookups for one in parts] == [None, None]
    assert there.run(**both) == 0
    manifest = there.manifest_of(DEFAULT)
    assert manifest["names"] is None
    assert there.text("segments").splitlines()[0].endswith('"_extra"')


def test_a_day_without_a_snapshot_gets_the_next_one_after_it(lake):
    there = lake()
    snapshot(there)
    assert there.run(day=BEFORE, options=NORMAL, **JOINED) == 0
    manifest = there.manifest_of(DEFAULT, BEFORE)
    assert manifest["names"]["snapshot"] == str(DAY)
    note = f"Names are from the snapshot of {DAY}: there is none of {BEFORE} that can be read."
    assert manifest["notes"] == [note]
    assert there.said.count(f"{BEFORE}: {note}") == 1


def test_else_the_last_one_before_it_until_a_later_run_finds_a_better_one(lake):
    there, after = lake(), Day(date(2025, 11, 21), UTC)
    snapshot(there)
    there.clock.sleep(timedelta(days=1).total_seconds())
    assert conversations(there, after).manifest.names.snapshot == str(DAY)
    snapshot(there, after)  # now there is one of that day
    better = conversations(there, after, FORCED)
    assert better.outcome is Outcome.PUBLISHED
    assert better.manifest.names.snapshot == str(after)
    assert conversations(there, after, FORCED).outcome is Outcome.UNCHANGED


def test_without_any_snapshot_names_are_null_with_one_warning(lake):
    there = lake()
    report = conversations(there)
    assert report.manifest.names.snapshot is None
    (note,) = report.manifest.notes
    assert note == "Names are missing: no snapshot of dimensions is published here."
    assert [said for said in there.said if "Names" in said] == [f"{DAY}: {note}"]
    assert {row["queue_name"] for row in there.rows("segments")} == {""}
    assert there.run(options=NORMAL, **JOINED) == 0  # the day is provisional: read again
    assert there.reports[DEFAULT].outcome is Outcome.PUBLISHED
    assert check_every_name(there) > 1000


def test_a_table_that_may_not_be_read_costs_its_own_names_only(lake):
    there = lake(missing_permissions=frozenset({"routing:queue:view"}))
    assert there.run(**JOINED) == 77
    assert there.manifest_of(DEFAULT)["notes"] == [
        f"Names of dim_queues are missing: the snapshot of {DAY} is without them."
    ]
    rows = there.rows("segments")
    assert {row["queue_name"] for row in rows} == {""}
    assert any(row["user_name"] for row in rows)


@pytest.mark.parametrize("action", ["hash", "mask", "drop"])
def test_a_name_is_protected_once_as_its_lookup_table_says(lake, action):
    there = lake()
    assert (
        there.run(
            GENESYS_EXPORT_PRIVACY__KEY=KEY,
            GENESYS_EXPORT_PRIVACY__COLUMNS=f"dim_users.name={action}",
            **JOINED,
        )
        == 0
    )
    check_every_name(there)  # against the protected names
    shown = {row["user_name"] for row in there.rows("participants")} - {""}
    assert shown == {row["name"] for row in there.rows("dim_users")} & shown
    assert bool(shown) == (action != "drop")
    told = there.manifest_of(DEFAULT)["recipe"]["privacy"]["columns"]
    assert told["participants.user_name"] == told["conversations.agent_user_names"] == action


def test_hashed_ids_still_find_their_names_and_masked_ones_find_none(lake):
    there = lake()
    hidden = {"GENESYS_EXPORT_PRIVACY__KEY": KEY}
    wish = "participants.user_id=hash"
    assert there.run(GENESYS_EXPORT_PRIVACY__COLUMNS=wish, **hidden, **JOINED) == 0
    kept = ("requested_routing_user_names", "screen_monitored_user_name")  # ids in the clear
    assert check_every_name(there, but=kept) > 1000
    assert any(row["user_name"] for row in there.rows("participants"))
    wish = "participants.user_id=mask"
    assert there.run(GENESYS_EXPORT_PRIVACY__COLUMNS=wish, **hidden, **JOINED) == 0
    assert {row["user_name"] for row in there.rows("participants")} == {""}


def test_an_old_snapshot_in_the_clear_is_protected_as_it_is_read(lake):
    there = lake()
    snapshot(there)
    clear = {row["name"] for row in there.rows("dim_users")}
    conversations(
        there,
        GENESYS_EXPORT_PRIVACY__KEY=KEY,
        GENESYS_EXPORT_PRIVACY__COLUMNS="dim_users.name=hash,participants.user_id=hash",
    )
    shown = {row["user_name"] for row in there.rows("participants")} - {""}
    assert shown
    assert not shown & clear
    assert all(len(one) == 64 for one in shown)


def test_a_snapshot_that_was_hidden_in_another_way_gives_no_names(lake):
    there = lake()
    hashed = {
        "GENESYS_EXPORT_PRIVACY__KEY": KEY,
        "GENESYS_EXPORT_PRIVACY__COLUMNS": "dim_users.name=hash",
    }
    snapshot(there, **hashed)
    for other in ({}, {**hashed, "GENESYS_EXPORT_PRIVACY__KEY": KEY[::-1]}):
        report = conversations(there, options=ANEW, **other)
        (note,) = report.manifest.notes
        reason = f"the snapshot of {DAY} has other privacy settings"
        assert note == f"Names of dim_users are missing: {reason}."
        assert {row["user_name"] for row in there.rows("participants")} == {""}
        assert any(row["queue_name"] for row in there.rows("segments"))


def test_an_id_column_hidden_by_itself_shows_no_name_either(lake):
    there = lake()
    wish = {"GENESYS_EXPORT_PRIVACY__COLUMNS": "segments.user_id=drop"}
    assert there.run(**wish, **JOINED) == 0
    assert {row["user_name"] for row in there.rows("segments")} == {""}
    assert any(row["user_name"] for row in there.rows("participants"))


@pytest.mark.parametrize("form", ["csv.gz", "parquet"])
@pytest.mark.parametrize("engine", ["jobs", "query"])
def test_a_wide_day_verifies_and_reads_back_with_other_settings_too(lake, form, engine):
    there = lake()
    added = {
        "GENESYS_EXPORT_EXPORT__LOCAL_TIMES": "true",
        "GENESYS_EXPORT_EXPORT__PIN_ATTRIBUTES": "Account, Case ID",
        "GENESYS_EXPORT_EXPORT__FORMAT": form,
        "GENESYS_EXPORT_EXPORT__ENGINE": engine,
    }
    assert there.run(**added, **JOINED) == 0
    wide = {"join_names": True, "local_times": True, "pin_attributes": ["Account", "Case ID"]}
    every: tuple[dict[str, Any], ...] = ({}, wide)
    for settings in every:
        with Exporter.from_settings(os.devnull, to=there.root, environ={}, **settings) as exporter:
            (found, *_) = exporter.verify(str(DAY))
            assert found.problem is None
            assert found.checked.tables == 16
            rows = exporter.read("segments", str(DAY))
            assert ("queue_name" in rows.column_names) == bool(settings)
            if not settings:
                continue
            assert rows.column("queue_name").null_count < rows.num_rows
            pinned = exporter.read("conversation_attributes", str(DAY))
            assert pinned.num_rows == exporter.read("conversations", str(DAY)).num_rows
            assert (pinned.column("account").null_count < pinned.num_rows) == (engine == "jobs")
            assert pinned.column_names[2:] == ["account", "case_id"]


def test_a_day_that_was_exported_without_names_reads_as_null_with_them(lake):
    there = lake()
    assert there.run(GENESYS_EXPORT_EXPORT__DATASETS=DEFAULT) == 0
    with Exporter.from_settings(
        os.devnull, to=there.root, environ={}, join_names=True
    ) as exporter:
        rows = exporter.read("segments", str(DAY), columns=["queue_name", "conversation_id"])
        assert rows.column("queue_name").null_count == rows.num_rows > 0
        only = exporter.read("segments", str(DAY), columns=["queue_name"])
        assert only.num_rows == rows.num_rows


def test_jsonl_has_no_names_and_needs_no_snapshot(lake):
    there = lake()
    assert there.run(GENESYS_EXPORT_EXPORT__FORMAT="jsonl.gz", **JOINED) == 0
    manifest = there.manifest_of(DEFAULT)
    assert manifest["names"] is None
    assert manifest["recipe"]["added"]["join_names"] is False


def test_switching_it_on_or_off_is_refused_by_name(lake):
    there = lake()
    assert there.run(GENESYS_EXPORT_EXPORT__DATASETS=DEFAULT) == 0
    assert there.run(options=FORCED, **JOINED) == 78
    message = there.problems[DEFAULT].message
    assert message.endswith("other settings: export join_names: false -> true")
    assert there.run(**JOINED) == 0  # --rewrite
    off = {"GENESYS_EXPORT_EXPORT__DATASETS": DEFAULT}
    assert there.run(options=FORCED, **off) == 78
    assert "export join_names: true -> false" in there.problems[DEFAULT].message


def test_a_sealed_slice_with_other_names_is_not_adopted(lake):
    there = lake(faults=[Fault("submit", 2, JobEnds(), times=3)])  # as often as it is tried
    halves = {
        "GENESYS_EXPORT_EXPORT__SLICES": "2",
        "GENESYS_EXPORT_EXPORT__SLICES_AT_ONCE": "1",
    }
    with pytest.raises(GenesysUnavailable):  # after its first slice was sealed, without names
        conversations(there, **halves)
    assert len(there.events.of(SliceStaged)) == 1
    snapshot(there)
    conversations(there, **halves)
    assert there.events.of(SliceAdopted) == []
    with Exporter.from_settings(os.devnull, to=there.root, environ={}, join_names=True) as reader:
        rows = reader.read("conversations", str(DAY))
    assert rows.num_rows == 120
    assert rows.column("division_names").null_count == 0  # in neither half


def test_slices_share_one_snapshot(lake):
    there = lake()
    assert there.run(GENESYS_EXPORT_EXPORT__SLICES="4", **JOINED) == 0
    manifest = there.manifest_of(DEFAULT)
    assert len(manifest["slices"]) == 4
    assert manifest["names"]["snapshot"] == str(DAY)
