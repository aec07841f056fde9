"""What the handler answers and raises; each invocation is a process with an environment."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from lambda_day import DAY

from genesys_export.days import Day, zone_named
from genesys_export.errors import (
    DeadlineReached,
    ExportError,
    GenesysUnavailable,
    NotPermitted,
    TryAgainLater,
)
from genesys_export.export import DayResult
from genesys_export.integrations.aws_lambda import answer

# What Step Functions waits until: RFC 3339 in UTC, with T and Z.
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
AT = datetime(2026, 11, 28, 12, 0, 0, 1, tzinfo=UTC)


def result(problem: ExportError | None, **more: Any) -> DayResult:
    day = Day(date(2026, 11, 27), zone_named("UTC"))
    return DayResult(org="", dataset="conversation_details", day=day, problem=problem, **more)


def test_a_day_is_exported_and_nothing_is_left_to_do(start, function, tmp_path):
    invoked = function(start()).invoke({"day": DAY, "dataset": "conversation_details"})
    assert invoked.answer == {
        "again": False,
        "retry_at": None,
        "days": [
            {
                "org": "",
                "dataset": "conversation_details",
                "day": DAY,
                "status": "published",
                "exit_status": 0,
                "message": "",
                "retry_at": None,
            }
        ],
    }
    assert (tmp_path / f"lake/conversations/{DAY}.csv.gz").is_file()
    assert all(json.loads(line)["event"] for line in invoked.err.splitlines())


@pytest.mark.parametrize(
    "event",
    [None, {}, {"day": None}, {"version": "0", "detail-type": "Scheduled Event", "detail": {}}],
)
def test_without_a_day_the_due_ones_are_exported(start, function, event):
    of = function(start(), GENESYS_EXPORT_CATCH_UP__DAYS="0")
    (day,) = of.invoke(event).answer["days"]
    assert day["status"] == "published"
    yesterday = datetime.now(UTC).date() - timedelta(1)
    assert abs(date.fromisoformat(day["day"]) - yesterday) <= timedelta(1)


def test_at_the_deadline_it_says_when_to_invoke_again_and_goes_on_then(start, function):
    genesys = start()
    slow = function(genesys, GENESYS_EXPORT_GENESYS__POLL_FIRST="30s")
    told = slow.invoke({"day": DAY}, told_s=25).answer
    assert told["again"]
    assert TIMESTAMP.fullmatch(told["retry_at"])
    (day,) = told["days"]
    assert (day["status"], day["exit_status"]) == ("unfinished", 75)
    assert day["retry_at"] == told["retry_at"]
    assert len(genesys.jobs) == 1
    assert not function(genesys).invoke({"day": DAY}).answer["again"]
    assert len(genesys.asked("submit")) == 1


def test_a_day_that_is_not_complete_is_asked_for_again_when_it_may_be(start, function):
    today = datetime.now(UTC).date()
    told = function(start()).invoke({"day": str(today)}).answer
    assert told["again"]
    assert datetime.fromisoformat(told["retry_at"]) > datetime.now(UTC)


@pytest.mark.parametrize(
    ("event", "variables", "told_s", "words"),
    [
        ({"date": DAY}, {}, 300, "WrongUse: the event has a key that means nothing here: date"),
        ({"day": "soon"}, {}, 300, "WrongUse: day soon is not a valid date"),
        ({"dataset": "calls"}, {}, 300, "WrongSettings: 1 setting is missing or wrong"),
        ({"org": "emea"}, {}, 300, "WrongSettings: 1 setting is missing or wrong"),
        ({"org": 5}, {}, 300, "WrongUse: org in the event is not a string"),
        ({"dataset": [{}]}, {}, 300, "WrongUse: dataset in the event is not a string"),
        ([DAY], {}, 300, "WrongUse: the event is not a JSON object"),
        ({}, {}, 20, "WrongUse: the function has 20 s left, too little"),
        ({}, {"GENESYS_EXPORT_DESTINATION__STATE": "off"}, 300, "WrongSettings: an export in"),
        ({}, {"GENESYS_CLIENT_SECRET": "wrong-4711"}, 300, "SignInRefused: "),
    ],
)
def test_what_another_invocation_would_not_help_is_raised(
    start, function, event, variables, told_s, words
):
    genesys = start()
    of = function(genesys, GENESYS_EXPORT_CATCH_UP__DAYS="0", **variables)
    invoked = of.invoke(event, told_s=told_s)
    assert invoked.status == 1
    assert words in invoked.err
    assert of.environ["GENESYS_CLIENT_SECRET"] not in invoked.out + invoked.err


def test_unfinished_work_comes_before_other_errors():
    unfinished = result(DeadlineReached("later", retry_at=AT))
    denied = result(NotPermitted("denied"))
    told = answer([denied, unfinished, result(None, not_tried="the deadline is reached")])
    assert (told["again"], told["retry_at"]) == (True, "2026-11-28T12:00:01Z")
    with pytest.raises(NotPermitted):
        answer([denied, result(TryAgainLater("early", retry_at=AT))])
    with pytest.raises(GenesysUnavailable):
        answer([result(GenesysUnavailable("no answer", retry_at=AT))])


def test_the_earliest_known_time_counts():
    later = AT + timedelta(hours=1)
    told = answer([result(TryAgainLater("a", retry_at=one)) for one in (later, None, AT)])
    assert told["retry_at"] == "2026-11-28T12:00:01Z"
    assert answer([result(TryAgainLater("a"))])["retry_at"] is None
