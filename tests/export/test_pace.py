"""How long the rest of a range takes, and when the rest of it is not worth trying."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from genesys_export.days import Day
from genesys_export.errors import (
    DestinationFailed,
    GenesysUnavailable,
    NotPermitted,
    SignInRefused,
    Stopped,
    TryAgainLater,
    WrongSettings,
)
from genesys_export.export import DayReport, DayResult, Outcome
from genesys_export.export.pace import Score, eta_s, is_hopeless

DATASET = "conversation_details"
DAY = Day(date(2026, 11, 22), ZoneInfo("UTC"))


def report(outcome: Outcome) -> DayReport:
    return DayReport(day=DAY, manifest=None, manifest_url="", outcome=outcome)


def ended(*, outcome: Outcome | None = None, problem=None, org: str = "") -> DayResult:
    made = report(outcome) if outcome else None
    return DayResult(org=org, dataset=DATASET, day=DAY, report=made, problem=problem)


# --- the time that is left -------------------------------------------------------------------


@pytest.mark.parametrize("took_s", [[], [60.0]])
def test_nothing_is_promised_before_two_days_are_exported(took_s):
    assert eta_s(took_s, [30.0], 10, 1) is None


def test_one_day_after_the_other_takes_as_long_as_those_before():
    assert eta_s([50.0, 70.0], [], 10, 1) == 600


def test_days_side_by_side_take_their_share_of_the_time():
    assert eta_s([50.0, 70.0], [], 10, 2) == 300


def test_what_the_days_under_way_have_behind_them_is_not_counted_again():
    assert eta_s([60.0, 60.0], [50.0, 20.0], 0, 2) == 40
    assert eta_s([60.0, 60.0], [50.0, 20.0], 2, 2) == (10 + 40 + 120) / 2


def test_no_end_is_nearer_than_that_of_the_last_day():
    assert eta_s([60.0, 60.0], [0.0], 0, 8) == 60


def test_only_the_latest_two_weeks_tell():
    assert eta_s([9_000.0, *[60.0] * 14], [], 1, 1) == 60


def test_where_all_that_is_left_takes_longer_than_ever_nobody_knows():
    assert eta_s([60.0, 60.0], [61.0, 200.0], 0, 2) is None


def test_when_all_is_done_nothing_is_left():
    assert eta_s([], [], 0, 2) == 0


def test_skipped_and_failed_days_say_nothing_of_the_others():
    score = Score(total=10, at_once=1)
    for _ in range(3):
        score.add(ended(outcome=Outcome.SKIPPED), 0.01)
        score.add(ended(problem=GenesysUnavailable("no answer")), 900.0)
    score.add(ended(outcome=Outcome.PUBLISHED), 60.0)
    assert score.progress([]).eta_s is None
    score.add(ended(outcome=Outcome.UNCHANGED), 40.0)
    told = score.progress([])
    assert (told.done, told.skipped, told.failed, told.total) == (2, 3, 3, 10)
    assert told.eta_s == 100


def test_a_day_that_was_stopped_is_neither_done_nor_failed():
    score = Score(total=2, at_once=1)
    score.add(ended(problem=Stopped(15)), 5.0)
    score.add(DayResult(org="", dataset=DATASET, day=DAY, not_tried="stopped"), 0.0)
    told = score.progress([])
    assert (told.done, told.skipped, told.failed) == (0, 0, 0)


# --- giving up -------------------------------------------------------------------------------

REFUSED = SignInRefused("no")


@pytest.mark.parametrize(
    ("ends", "at_once"),
    [
        ([REFUSED, REFUSED], 1),
        ([REFUSED] * 4, 4),
        ([None, None, REFUSED, REFUSED], 2),
        ([WrongSettings("a"), WrongSettings("b")], 2),
        ([DestinationFailed("full")] * 10, 2),
    ],
)
def test_what_meets_every_day_need_not_be_met_by_all(ends, at_once):
    assert is_hopeless(ends, at_once)


@pytest.mark.parametrize(
    ("ends", "at_once"),
    [
        ([], 1),
        ([REFUSED], 1),
        ([REFUSED] * 3, 4),
        ([REFUSED, None], 1),
        ([REFUSED, NotPermitted("another")], 2),
        ([DestinationFailed("a bad moment")] * 9, 2),
        ([GenesysUnavailable("down")] * 100, 2),
        ([TryAgainLater("early")] * 100, 2),
    ],
)
def test_what_may_pass_ends_no_range(ends, at_once):
    assert not is_hopeless(ends, at_once)


def test_a_day_that_is_published_without_its_names_is_no_reason_to_give_up():
    score = Score(total=9, at_once=1)
    for _ in range(4):
        score.add(ended(outcome=Outcome.PUBLISHED, problem=NotPermitted("no queues")), 1.0)
    assert not score.gives_up("", DATASET)
    assert score.progress([]).done == 4


def test_one_organisation_that_lets_nobody_in_is_not_the_other():
    score = Score(total=9, at_once=1)
    for _ in range(2):
        score.add(ended(problem=REFUSED, org="emea"), 1.0)
    assert score.gives_up("emea", DATASET)
    assert not score.gives_up("apac", DATASET)
