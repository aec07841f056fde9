"""Errors of several days: each is shown once, and says which days it ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from genesys_export.cli.problems import show_problems
from genesys_export.days import Day
from genesys_export.errors import DataMismatch, ExportError, TryAgainLater, WrongSettings
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
