"""What a day's state is, told from its manifest and its claim."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from genesys_export import document
from genesys_export.errors import NotPermitted, WrongSettings
from genesys_export.last_run import LastRun
from genesys_export.life import Policy, Publish
from genesys_export.operations.status.attention import cases
from genesys_export.operations.status.day import State
from genesys_export.operations.status.reading import read
from genesys_export.operations.status.remarks import needs_attention, shorts, summary
from made_days import (
    ELSEWHERE,
    NOW,
    PLACE,
    RECIPE,
    Shelf,
    claim,
    counted,
    failure,
    lay,
    manifest,
    replacing,
    status_of,
)

YESTERDAY = "2026-11-24"


def only(status):
    [day] = status.days
    return day


@pytest.mark.parametrize("state", ["final", "provisional", "partial", "damaged"])
def test_a_published_day_is_what_its_manifest_says(state):
    day = only(status_of(manifest(YESTERDAY, state)))
    assert day.state == state
    assert day.exported == 1200
    assert day.rows == 9 * 1200
    assert day.size_bytes == 90 * 9 * 1200
    assert day.manifest_url.endswith("conversation_details/2026-11-24/manifest.json")


def test_a_state_that_this_version_does_not_know_is_not_taken_for_a_good_one():
    assert only(status_of(manifest(YESTERDAY, "splendid"))).state is State.DAMAGED


def test_a_day_whose_files_are_gone_is_damaged_and_says_which():
    shelf = lay(Shelf(), manifest("2026-11-23"), manifest(YESTERDAY))
    shelf.lose(f"segments/{YESTERDAY}.csv.gz").lay_file("segments/2026-11-23.csv.gz", 3)
    early, late = read(shelf, PLACE, NOW).days
    assert {early.state, late.state} == {State.DAMAGED}
    assert late.damage == "segments/2026-11-24.csv.gz is missing"
    assert early.damage == "segments/2026-11-23.csv.gz has 3 bytes instead of 648,000"
    assert late.manifest
    assert needs_attention(late)


def test_the_record_of_the_last_run_is_read_and_an_unreadable_one_is_not_the_end():
    run = LastRun(command="run", began=NOW, ended=NOW, status=77, tool_version="0.1.0")
    shelf = lay(Shelf(), manifest(YESTERDAY))
    assert read(shelf, PLACE, NOW).last_run is None
    shelf.lay(f"{PLACE.home}/last-run.json", document.encode(run))
    assert read(shelf, PLACE, NOW).last_run == run
    shelf.lay(f"{PLACE.home}/last-run.json", b"?")
    assert read(shelf, PLACE, NOW).last_run is None


def test_nothing_but_a_run_that_failed_is_not_empty():
    assert status_of().is_empty
    run = LastRun(command="run", began=NOW, ended=NOW, status=77, tool_version="0.1.0")
    shelf = lay(Shelf())
    shelf.lay(f"{PLACE.home}/last-run.json", document.encode(run))
    status = read(shelf, PLACE, NOW)
    assert not status.is_empty
    assert summary(status).endswith("; the last run ended with status 77.")


def test_a_day_being_replaced_is_publishing():
    assert only(status_of(replacing(manifest(YESTERDAY)))).state is State.PUBLISHING


def test_days_without_anything_between_the_first_published_one_and_yesterday_are_missing():
    days = status_of(manifest("2026-11-20"), manifest("2026-11-22")).days
    assert [(str(day.day), day.state.value) for day in days] == [
        ("2026-11-20", "final"),
        ("2026-11-21", "missing"),
        ("2026-11-22", "final"),
        ("2026-11-23", "missing"),
        ("2026-11-24", "missing"),
    ]


def test_yesterday_is_that_of_the_published_days_zone():
    made = replace(manifest("2026-11-23"), timezone="Pacific/Auckland")
    late = datetime(2026, 11, 25, 12, tzinfo=UTC)  # the 26th there
    assert [str(day.day) for day in status_of(made, now=late).days][-1] == "2026-11-25"


def test_a_day_that_has_not_rested_is_not_missing():
    days = read(
        lay(Shelf(), manifest("2026-11-18")),
        replace(PLACE, policy=Policy(publish=Publish.FINAL)),
        NOW,
    ).days
    assert [day.day.isoformat() for day in days] == ["2026-11-18", "2026-11-19", "2026-11-20"]


def test_a_zone_nobody_knows_leaves_the_settings_own():
    made = replace(manifest(YESTERDAY), timezone="Moon/Tranquility")
    assert status_of(made).zone == PLACE.zone


def test_a_date_that_the_calendar_never_showed_is_not_missing():
    apia = ZoneInfo("Pacific/Apia")
    made = replace(manifest("2011-12-29"), timezone=apia.key)
    days = status_of(made, now=datetime(2012, 1, 1, 6, tzinfo=UTC)).days
    assert [str(day.day) for day in days] == ["2011-12-29", "2011-12-31"]


def test_nothing_at_all_is_no_error():
    status = status_of()
    assert (status.days, status.recipe) == ((), None)


def test_a_failed_attempt_at_an_unpublished_day_is_failed():
    day = only(status_of(claim(YESTERDAY, failure=failure())))
    assert day.state is State.FAILED
    assert day.failure.status == 69


@pytest.mark.parametrize("status", [75, 130, 143])
def test_an_attempt_that_was_too_early_or_stopped_leaves_the_day_missing(status):
    day = only(status_of(claim(YESTERDAY, failure=failure(status))))
    assert day.state is State.MISSING
    assert day.failure.status == status


def test_a_published_day_keeps_its_state_and_shows_the_later_failure():
    made = manifest("2026-11-20", late=timedelta(1))
    later = failure(at=made.ended + timedelta(seconds=1))
    day = status_of(made, claim("2026-11-20", failure=later)).days[0]
    assert day.state is State.FINAL
    assert day.failure == later


def test_a_failure_before_what_is_published_now_is_forgotten():
    made = manifest("2026-11-20", late=timedelta(1))
    day = status_of(made, claim("2026-11-20", failure=failure(at=made.ended))).days[0]
    assert day.failure is None


def test_a_claim_that_is_not_released_says_who_holds_the_day_until_when():
    written = NOW - timedelta(minutes=5)
    held = only(status_of(claim(YESTERDAY, released=False), at=written)).held
    assert (held.host, held.pid, held.lapsed) == ("exporter-1", 4711, False)
    assert held.until == written + timedelta(seconds=900)


def test_a_claim_whose_lease_is_over_has_lapsed():
    held = only(status_of(claim(YESTERDAY, released=False), at=NOW - timedelta(seconds=900))).held
    assert held.lapsed


def test_an_attempt_that_was_killed_once_the_day_was_published_holds_nothing():
    made = manifest(YESTERDAY)
    mine, anothers = (
        claim(YESTERDAY, released=False, attempt=name) for name in (made.attempt, "a-claimer")
    )
    assert only(status_of(made, mine)).held is None
    assert only(status_of(made, anothers)).held
    assert only(status_of(replacing(made), mine)).held


def test_a_released_claim_holds_nothing():
    assert only(status_of(claim(YESTERDAY))).held is None


def test_lateness_is_counted_from_the_days_end_to_its_earliest_slice():
    made = manifest(YESTERDAY, "provisional", late=timedelta(hours=5))
    first, later = made.slices[0], replace(made.slices[0], fetched=NOW)
    day = only(status_of(replace(made, slices=(later, first))))
    assert day.fetched_late == timedelta(hours=5)
    assert day.published_late == timedelta(hours=5, minutes=11)


def test_the_watermark_is_the_lowest_and_unknown_where_a_slice_has_none():
    made = manifest(YESTERDAY)
    low = replace(made.slices[0], watermark=NOW - timedelta(9))
    assert only(status_of(replace(made, slices=(*made.slices, low)))).watermark == low.watermark
    none = replace(low, watermark=None)
    assert only(status_of(replace(made, slices=(*made.slices, none)))).watermark is None


def test_days_of_another_recipe_than_the_newest_say_what_is_different():
    old = replace(RECIPE, tables=(*RECIPE.tables[:2], "flows"), format="parquet", keep_raw=True)
    old = replace(old, filters={"segmentFilters": ["+49 30 1234"]})
    early = manifest("2026-11-23", recipe=old)
    days = status_of(early, manifest(YESTERDAY)).days
    assert days[1].differences == ()
    told = tuple(re.sub("t [0-9a-f]{8}", "t …", each) for each in days[0].differences)
    assert told == (
        "filters: segmentFilters (fingerprint …) -> none",
        "tables: now with segments, now without flows",
        "format: parquet -> csv.gz",
        "raw records: true -> false",
    )


def test_the_newest_recipe_is_that_of_the_last_export_whichever_day_it_was_of():
    new = replace(RECIPE, format="parquet")
    again = manifest("2026-11-20", recipe=new, late=timedelta(9))
    assert status_of(again, manifest(YESTERDAY)).recipe.format == "parquet"


def test_an_unreadable_manifest_is_that_days_damage_and_not_the_end():
    shelf = lay(Shelf(), manifest("2026-11-23"))
    shelf.lay(f"{PLACE.home}/{YESTERDAY}/manifest.json", b"{ not json")
    good, bad = read(shelf, PLACE, NOW).days
    assert (good.state, bad.state) == (State.FINAL, State.DAMAGED)
    assert "is not a manifest of genesys-export" in bad.unreadable


def test_a_manifest_of_a_newer_version_ends_the_report():
    shelf: Any = Shelf().lay(f"{PLACE.home}/{YESTERDAY}/manifest.json", b'{"format": 99}')
    with pytest.raises(WrongSettings, match="newer genesys-export"):
        read(shelf, PLACE, NOW)


def test_what_else_lies_below_the_home_is_left_alone():
    shelf = lay(Shelf(), manifest(YESTERDAY))
    for name in ("2026-11-24/rejects.jsonl.gz", "2026-13-45/manifest.json", "notes/claim.json"):
        shelf.lay(f"{PLACE.home}/{name}", b"?")
    shelf.lay(f"{PLACE.home}/9999-12-31/manifest.json", b"?")
    assert [day.day for day in read(shelf, PLACE, NOW).days] == [date(2026, 11, 24)]


def test_each_organisation_has_its_own_days():
    shelf = lay(lay(Shelf(), manifest(YESTERDAY), org="emea"), manifest("2026-11-23"), org="apac")
    status = read(shelf, replace(PLACE, org="emea"), NOW)
    assert [str(day.day) for day in status.days] == [YESTERDAY]


def test_what_the_store_refuses_goes_through():
    class Shut(Shelf):
        def list(self, prefix):
            del prefix
            raise NotPermitted("s3:ListBucket is missing")

    shut: Any = Shut()
    with pytest.raises(NotPermitted):
        read(shut, PLACE, NOW)


def test_a_manifest_that_vanished_since_it_was_listed_is_not_there():
    class Fleeting(Shelf):
        def read(self, key):
            del key

    [day] = read(lay(Fleeting(), claim(YESTERDAY)), PLACE, NOW).days
    assert day.state is State.MISSING


def test_a_policy_says_which_days_are_due():
    days = status_of(manifest("2026-11-23"), manifest(YESTERDAY, "partial")).days
    assert [day.due for day in days] == [
        None,
        "it is partial: Genesys did not have all of it yet",
    ]


def test_a_manifest_that_cannot_be_read_is_due_and_a_claim_is_not():
    shelf = lay(Shelf(), manifest("2026-11-22"), manifest("2026-11-23"))
    shelf.lay(f"{PLACE.home}/2026-11-23/claim.json", b"?")
    shelf.lay(f"{PLACE.home}/2026-11-24/manifest.json", b"?")
    due = [day.due for day in read(shelf, PLACE, NOW).days]
    assert due[:2] == [None, None]
    assert due[2]
    assert due[2].startswith("its manifest can't be read: s3://lake/analytics/")


SNAPSHOTS = replace(PLACE, policy=replace(ELSEWHERE, snapshot=True))


def test_a_past_day_of_a_snapshot_that_was_never_taken_is_absent_and_needs_nobody():
    found = read(lay(Shelf(), manifest("2026-11-21"), manifest("2026-11-23")), SNAPSHOTS, NOW)
    assert [day.state.value for day in found.days] == ["final", "absent", "final", "missing"]
    assert [needs_attention(day) for day in found.days] == [False, False, False, True]
    assert [bool(day.due) for day in found.days] == [False, False, False, True]
    [case] = cases(found)
    assert case.commands == ("genesys-export run",)
    assert ": 2 final, 1 missing, 1 absent; " in summary(found)


def test_a_past_day_of_a_snapshot_that_failed_is_absent_and_says_so():
    failed = claim("2026-11-22", failure=failure())
    days = read(lay(Shelf(), manifest("2026-11-21"), failed), SNAPSHOTS, NOW).days
    assert days[1].state is State.ABSENT
    assert not needs_attention(days[1])
    assert shorts(days[1]) == ("absent", "status 69")


def test_a_past_day_of_a_snapshot_that_lost_files_has_no_command_that_would_help():
    shelf = lay(Shelf(), *(manifest(f"2026-11-{day}") for day in (21, 22, 24)))
    for day in (21, 22):
        shelf.lose(f"segments/2026-11-{day}.csv.gz")
    found = read(shelf, SNAPSHOTS, NOW)
    assert [day.due for day in found.days] == [None] * 4
    told = cases(found)
    assert [one.title for one in told] == ["2026-11-22", "2026-11-21"]
    assert all(not one.commands and "backup" in one.texts[0] for one in told)


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict", "percent"),
    [
        (99, 100, "agrees", 99.0),
        (0, 0, "agrees", 100.0),
        (3, 0, "disagrees", 200.0),
        (3, None, "not comparable", None),
        (3, 4, "not comparable", None),
    ],
)
def test_completeness_is_ours_of_theirs_where_they_can_be_compared(ours, theirs, verdict, percent):
    day = only(status_of(manifest(YESTERDAY, source_count=counted(ours, theirs, verdict))))
    assert day.completeness == percent
    assert day.disagrees is (verdict == "disagrees")
