"""How the errors of several days are shown: each sentence once, with whose it is."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from genesys_export.cli.problems import show_problems
from genesys_export.days import Day
from genesys_export.errors import Aftermath, DataMismatch, Stopped, WrongSettings
from genesys_export.export import DayResult

DATASET = "conversation_details"
FOREIGN = "what is published here belongs to another organisation"


def ended(day: int, problem=None, org: str = "") -> DayResult:
    return DayResult(
        org=org, dataset=DATASET, day=Day(date(2026, 11, day), ZoneInfo("UTC")), problem=problem
    )


def foreign() -> WrongSettings:
    return WrongSettings(FOREIGN, advice="Use another --to.")


def test_an_error_that_many_days_share_is_shown_once_with_their_number(capsys):
    show_problems([ended(20), *(ended(day, foreign()) for day in (21, 22, 23))], "normal")
    assert capsys.readouterr().err == (
        f"genesys-export: 3 days (2026-11-21 to 2026-11-23): {FOREIGN}\n  Use another --to.\n"
    )


def test_each_organisation_is_named_with_its_own_error(capsys):
    show_problems([ended(21, foreign(), "emea"), ended(21, foreign(), "apac")], "normal")
    assert capsys.readouterr().err == (
        f"genesys-export: emea 2026-11-21: {FOREIGN}\n"
        f"genesys-export: apac 2026-11-21: {FOREIGN}\n"
        "  Use another --to.\n"
    )


def test_errors_that_differ_are_shown_for_each_day_and_a_signal_at_the_end(capsys):
    shrunk = [
        ended(day, DataMismatch(f"2026-11-{day}: {day} are gone", advice="See doctor."))
        for day in (21, 22)
    ]
    show_problems([*shrunk, ended(23, Stopped(15))], "normal")
    told = capsys.readouterr().err.splitlines()
    assert told[:3] == [
        "genesys-export: 2026-11-21: 21 are gone",
        "genesys-export: 2026-11-22: 22 are gone",
        "  See doctor.",
    ]
    assert told[3:] == ["genesys-export: stopped by SIGTERM", f"  {Stopped.default_advice}"]


def test_a_signal_that_stopped_several_days_is_shown_once_after_what_was_not_tried(capsys):
    begun, decided = Stopped(15), Stopped(15)
    decided.aftermath, decided.advice = Aftermath.PUBLISHING, "It finishes the day."
    left = DayResult(org="", dataset=DATASET, day=ended(24).day, not_tried="stopped by SIGTERM")
    show_problems([ended(21, begun), ended(22, decided), ended(23, begun), left], "verbose")
    assert capsys.readouterr().err.splitlines() == [
        "genesys-export: 1 day was not tried (2026-11-24): stopped by SIGTERM",
        "genesys-export: stopped by SIGTERM",
        "  It finishes the day.",
    ]


def test_the_error_of_a_day_alone_names_nobody(capsys):
    show_problems([ended(21, foreign(), "emea")], "normal")
    assert capsys.readouterr().err == f"genesys-export: {FOREIGN}\n  Use another --to.\n"
