"""When to try again: every error that names the time in its text has it as `retry_at` too."""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import genesys_export
from genesys_export.days import Day, zone_named
from genesys_export.errors import ExportError, GenesysUnavailable, TryAgainLater
from genesys_export.export.report import DayResult, run_report

AT = datetime(2026, 11, 29, 4, tzinfo=UTC)
SOURCES = Path(genesys_export.__file__).parent
# A sentence that names an instant after which something works again.
_NAMES_IT = re.compile(r"[Tt]ry again after \{")


def result(problem):
    day = Day(date(2026, 11, 28), zone_named("UTC"))
    return DayResult(org="", dataset="conversation_details", day=day, problem=problem)


def test_any_error_can_say_when_to_try_again():
    assert ExportError("a sentence").retry_at is None
    assert GenesysUnavailable("a sentence", retry_at=AT).retry_at == AT


def test_a_result_says_when_to_try_again():
    assert result(TryAgainLater("early", retry_at=AT)).retry_at == AT
    assert result(None).retry_at is None


@pytest.mark.parametrize(("at", "text"), [(AT, "2026-11-29T04:00:00Z"), (None, None)])
def test_the_run_report_says_when_to_try_again(at, text):
    problem = TryAgainLater("early", retry_at=at)
    body = run_report([result(problem)], began=AT, ended=AT, totals={}, status=75)
    assert json.loads(body)["days"][0]["error"]["retry_at"] == text


def test_wherever_a_sentence_names_the_time_the_error_has_it():
    named = {}
    for file in SOURCES.rglob("*.py"):
        for place in _NAMES_IT.finditer(text := file.read_text("utf-8")):
            named[f"{file.name}:{place.start()}"] = text[place.start() : place.start() + 200]
    assert named
    assert {where for where, after in named.items() if "retry_at=" not in after} == set()
