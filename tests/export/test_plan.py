"""Names of files, and whether a day is ready: decisions from values alone."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from genesys_export.datasets import DEFAULT, dataset_named
from genesys_export.days import Day, split, to_the_minute
from genesys_export.encode import Format
from genesys_export.export.plan import (
    Layout,
    Plan,
    Ready,
    Roll,
    TooEarly,
    readiness,
)

DAY = Day(date(2026, 11, 22), ZoneInfo("UTC"))
END = DAY.interval.end
NOW = END + timedelta(hours=9)


def plan(**changes):
    dataset = dataset_named(DEFAULT)
    return Plan(dataset=dataset, tables=("conversations",), **changes)


def test_one_slice_makes_one_object_a_table_and_day():
    (whole,) = split(DAY, 1)
    assert plan().key("conversations", whole) == "conversations/2026-11-22.csv.gz"


def test_several_slices_are_numbered():
    second = split(DAY, 2)[1]
    assert plan(slices=2).key("sessions", second) == "sessions/2026-11-22.001.csv.gz"


def test_the_orgs_name_is_the_first_segment():
    (whole,) = split(DAY, 1)
    assert plan(org="emea").key("segments", whole) == "emea/segments/2026-11-22.csv.gz"
    assert plan(org="emea").home.day(DAY) == "emea/_genesys_export/conversation_details/2026-11-22"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "conversations/2026-11-22.csv.gz"),
        ({"format": Format.PARQUET}, "conversations/2026-11-22.parquet"),
        ({"slices": 3}, "conversations/2026-11-22.002.csv.gz"),
        ({"roll": Roll(rows=5)}, "conversations/2026-11-22.002-007.csv.gz"),
        ({"roll": Roll(size_bytes=5), "slices": 3}, "conversations/2026-11-22.002-007.csv.gz"),
        ({"layout": Layout.HIVE}, "conversations/dt=2026-11-22/002-007.csv.gz"),
        (
            {"layout": Layout.HIVE, "org": "emea"},
            "emea/conversations/dt=2026-11-22/002-007.csv.gz",
        ),
    ],
)
def test_a_files_name_says_what_it_takes_to_be_unique(changes, name):
    third = split(DAY, 3)[2]
    assert plan(**changes).key("conversations", third, rolled=7) == name


def test_the_raw_table_is_json_lines_beside_any_format():
    (whole,) = split(DAY, 1)
    kept = plan(format=Format.PARQUET, raw="conversation_details_raw")
    assert kept.written == ("conversations", "conversation_details_raw")
    key = kept.key("conversation_details_raw", whole)
    assert key == "conversation_details_raw/2026-11-22.jsonl.gz"


def test_a_file_is_long_enough_by_either_limit():
    roll = Roll(size_bytes=100, rows=10)
    assert not roll.is_due(99, 9)
    assert roll.is_due(100, 0)
    assert roll.is_due(0, 10)
    assert roll
    assert not Roll()


def test_a_day_behind_the_watermark_is_ready_whole():
    assert readiness(DAY, END, NOW, allow_partial=False) == Ready(END)


def test_a_source_without_watermark_asks_only_that_the_day_has_ended():
    assert readiness(DAY, None, END, allow_partial=False) == Ready(END)
    early = readiness(DAY, None, END - timedelta(seconds=1), allow_partial=False)
    assert isinstance(early, TooEarly)


def test_a_day_the_lake_has_not_caught_up_with_is_too_early_and_says_until_when():
    early = readiness(DAY, END - timedelta(hours=3), NOW, allow_partial=False)
    assert isinstance(early, TooEarly)
    assert early.retry_at == END + timedelta(hours=12)  # it lags twelve hours behind now
    assert "2026-11-22T21:00:00.000Z" in str(early.error())
    assert early.error().status == 75
    when = to_the_minute(early.retry_at)
    assert early.error().advice == f"Try again after {when}, or use --wait."
    assert early.error(waited=True).advice.endswith(", or use a longer --wait.")


def test_a_partial_day_reaches_up_to_the_watermark():
    reached = END - timedelta(hours=3)
    assert readiness(DAY, reached, NOW, allow_partial=True) == Ready(reached, partial=True)


def test_nothing_of_the_day_is_no_partial_day():
    early = readiness(DAY, DAY.interval.start, NOW, allow_partial=True)
    assert isinstance(early, TooEarly)


def test_a_watermark_in_the_future_is_not_believed():
    now = END - timedelta(minutes=1)
    early = readiness(DAY, END + timedelta(days=1), now, allow_partial=False)
    assert isinstance(early, TooEarly)
