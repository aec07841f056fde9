"""Errors of several days: each is shown once, and says which days it ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from genesys_export.cli.problems import show_problems
from genesys_export.days import Day
from genesys_export.errors import (
    DataMismatch,
    DeadlineReached,
    ExportError,
    TryAgainLater,
    WrongSettings,
)
from genesys_export.export import DayResult

DATASET = "conversation_details"
LATE = "the deadline is reached"
SETTINGS = "the settings have changed"


def ended(of_month: int, problem: ExportError | None, org: str = "") -> DayResult:
    return DayResult(
        org=org,
        dataset=DATASET,
        day=Day(date(2026, 11, of_month), ZoneInfo("UTC")),
        problem=problem,
    )


@pytest.fixture
def shown(capsys):
    def show(*outcomes: DayResult) -> list[str]:
        show_problems(outcomes, "info")
        return capsys.readouterr().err.splitlines()

    return show


def test_the_same_error_of_several_days_is_shown_once_and_names_them(shown):
    days = [
        ended(number, WrongSettings(SETTINGS, advice="Go back.")) for number in (20, 21, 22, 26)
    ]
    assert shown(*days, ended(27, None)) == [
        f"genesys-export: 4 days (2026-11-20 to 2026-11-22, 2026-11-26): {SETTINGS}",
        "  Go back.",
    ]


def test_errors_of_other_kinds_keep_their_own_lines_and_share_their_advice(shown):
    told = shown(
        ended(20, TryAgainLater("2026-11-20 is not complete", advice="Later.")),
        ended(21, DataMismatch("the count differs", advice="Look.")),
        ended(22, TryAgainLater("2026-11-22 is not complete", advice="Later.")),
    )
    assert told == [
        "genesys-export: 2026-11-20 is not complete",
        "genesys-export: 2026-11-22 is not complete",
        "  Later.",
        "genesys-export: 2026-11-21: the count differs",
        "  Look.",
    ]


def test_organisations_do_not_share_a_line(shown):
    told = shown(*(ended(20, WrongSettings(SETTINGS, advice=""), org) for org in ("emea", "apac")))
    assert told == [
        f"genesys-export: emea 2026-11-20: {SETTINGS}",
        f"genesys-export: apac 2026-11-20: {SETTINGS}",
    ]


def test_a_single_day_is_not_named_again(shown):
    assert shown(ended(20, WrongSettings(SETTINGS, advice=""))) == [f"genesys-export: {SETTINGS}"]


def late(of_month: int, org: str, why: str = "its job needs at least 3 s more") -> DayResult:
    problem = DeadlineReached(f"2026-11-{of_month:02}: {why}", advice="Again.")
    return ended(of_month, problem, org)


def test_days_whose_messages_differ_by_the_day_alone_share_a_line(shown):
    days = [late(number, org) for org in ("apac", "emea") for number in (20, 21)]
    assert shown(*days, late(22, "emea", "the deadline is reached")) == [
        "genesys-export: apac 2 days (2026-11-20 to 2026-11-21): its job needs at least 3 s more",
        "genesys-export: emea 2 days (2026-11-20 to 2026-11-21): its job needs at least 3 s more",
        "genesys-export: emea 2026-11-22: the deadline is reached",
        "  Again.",
    ]


def test_a_message_that_names_its_day_and_one_that_does_not_are_shown_alike(shown):
    told = shown(late(20, "apac", "as before"), ended(21, DeadlineReached("as before"), "apac"))
    assert told[0] == "genesys-export: apac 2026-11-20: as before"
    assert told[2] == "genesys-export: apac 2026-11-21: as before"


def test_a_message_of_several_lines_keeps_them(shown):
    told = shown(ended(20, WrongSettings("one\ntwo", advice=""), "apac"), ended(21, None))
    assert told == ["genesys-export: apac 2026-11-20: one", "two"]


def test_a_single_late_day_keeps_its_message(shown):
    assert shown(late(20, "")) == [
        "genesys-export: 2026-11-20: its job needs at least 3 s more",
        "  Again.",
    ]


def test_a_day_that_the_deadline_left_is_counted_and_shown_only_where_no_day_was_at_work(shown):
    left = replace(
        ended(20, DeadlineReached("the deadline is reached", advice="Again.")),
        not_tried="the deadline is reached",
    )
    counted = "genesys-export: 1 day was not tried (2026-11-20): the deadline is reached"
    assert shown(left) == ["genesys-export: the deadline is reached", "  Again.", counted]
    assert shown(left, late(21, "")) == [
        "genesys-export: 2026-11-21: its job needs at least 3 s more",
        "  Again.",
        counted,
    ]


def test_days_that_were_not_tried_are_named_with_their_organisations(shown):
    left = [
        replace(ended(number, None, org), not_tried=LATE)
        for org in ("apac", "emea", "latam")
        for number in ((20, 21) if org != "latam" else (21,))
    ]
    assert shown(*left) == [
        f"genesys-export: 4 days were not tried (apac, emea: 2026-11-20 to 2026-11-21): {LATE}",
        f"genesys-export: 1 day was not tried (latam: 2026-11-21): {LATE}",
    ]
