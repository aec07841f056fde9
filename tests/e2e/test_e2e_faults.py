"""Whatever passes leaves no trace in what is published; whatever doesn't leaves nothing at all.

A day exported through trouble is held, byte for byte after decompression, against the same day
exported in peace.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from genesys_simulator import (
    CutBody,
    DeadToken,
    EndlessCursors,
    Fault,
    GarbledBody,
    HtmlPage,
    JobEnds,
    JobUnseen,
    NoConversations,
    RateLimited,
    Refusal,
    RepeatedCursor,
    RepeatedRows,
    Reset,
    Revoked,
    ServerError,
    ShortPage,
    Slow,
)


def interruptible() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)


# Every kind of trouble, where it meets the export; several in one run where they don't mix.
PASSING = {
    "429 in seconds": [Fault("results", 2, RateLimited("1"))],
    "429 as a date": [Fault("submit", 1, RateLimited(interruptible()))],
    "429 without a time": [Fault("results", 2, Refusal(429, "too.many.requests", "Too many."))],
    "429 on sign-in": [Fault("token", 1, RateLimited("1"))],
    "500, 502, 503, 504": [
        Fault("token", 1, ServerError(503)),
        Fault("availability", 1, ServerError(500)),
        Fault("submit", 1, ServerError(502)),
        Fault("status", 1, ServerError(503)),
        Fault("results", 3, ServerError(504)),
    ],
    "HTML with status 200": [
        Fault("token", 1, HtmlPage()),
        Fault("availability", 1, HtmlPage()),
        Fault("submit", 1, HtmlPage()),
        Fault("status", 1, HtmlPage()),
        Fault("results", 2, HtmlPage()),
    ],
    "cut bodies": [
        Fault("token", 1, CutBody()),
        Fault("status", 1, CutBody(0.9)),
        Fault("results", 1, CutBody(0.1)),
        Fault("results", 3, CutBody(0.99)),
    ],
    "garbled bodies": [
        Fault("availability", 1, GarbledBody()),
        Fault("submit", 1, GarbledBody()),
        Fault("results", 2, GarbledBody()),
    ],
    "garbled gzip": [
        Fault("status", 1, GarbledBody(gzip=True)),
        Fault("results", 2, GarbledBody(gzip=True)),
    ],
    "resets": [
        Fault("token", 1, Reset()),
        Fault("submit", 1, Reset()),
        Fault("results", 2, Reset()),
        Fault("delete", 1, Reset()),
    ],
    "slow answers": [Fault("results", 2, Slow(0.5))],
    "dead tokens": [
        Fault("availability", 1, DeadToken()),
        Fault("status", 1, DeadToken()),
        Fault("results", 2, DeadToken()),
    ],
    "a failed job": [Fault("submit", 1, JobEnds("FAILED"))],
    "a cancelled job": [Fault("submit", 1, JobEnds("CANCELLED"))],
    "a job that expires half-way": [Fault("submit", 1, JobEnds("EXPIRED", after_pages=2))],
    "a job that is seen late": [Fault("submit", 1, JobUnseen(0.5))],
    "two jobs that fail": [Fault("submit", 1, JobEnds("FAILED"), times=2)],
    "repeated rows": [Fault("results", 2, RepeatedRows(50)), Fault("results", 3, RepeatedRows())],
    "short and empty pages": [
        Fault("results", 1, ShortPage(0)),
        Fault("results", 3, ShortPage(1)),
        Fault("results", 4, ShortPage(0), times=2),
    ],
    "pages without conversations": [
        Fault("results", 1, NoConversations()),
        Fault("results", 3, NoConversations()),
    ],
}


@pytest.mark.parametrize("name", PASSING)
def test_trouble_that_passes_leaves_no_trace(command, genesys, lake, day, exported, name):
    genesys = genesys(faults=PASSING[name])
    command.against(genesys).run("--date", day).ends(0)
    lake.check(day)
    assert lake.contents(day) == exported.lake.contents(day)
    assert lake.manifest(day)["digest"] == exported.lake.manifest(day)["digest"]
    assert lake.staged() == []


@pytest.mark.parametrize("gzip", [False, True], ids=["plain", "gzip"])
def test_compressed_or_plain_the_answers_mean_the_same(
    command, genesys, lake, day, exported, gzip
):
    genesys = genesys(gzip=gzip, polls=3)
    command.against(genesys).run("--date", day, "--slices", 2).ends(0)
    assert lake.ids(day) == exported.lake.ids(day)
    assert len(genesys.asked("status")) >= 6
    assert len(genesys.asked("token")) == 1


JOBS_LEFT = {
    # The answer that named the job was lost, so nobody knows its id: it expires by itself.
    "HTML with status 200": 0,
    "garbled bodies": 1,
    "resets": 1,
}


@pytest.mark.parametrize("name", ["429 in seconds", "a failed job", "repeated rows", *JOBS_LEFT])
def test_every_job_whose_id_is_known_is_deleted(command, genesys, lake, day, name):
    genesys = genesys(faults=PASSING[name])
    command.against(genesys).run("--date", day, "--table", "conversations").ends(0)
    assert len(genesys.jobs) == JOBS_LEFT.get(name, 0)


def test_repeated_rows_are_counted_and_written_once(command, genesys, lake, day, exported):
    genesys = genesys(faults=PASSING["repeated rows"])
    command.against(genesys).run("--date", day).ends(0)
    counts = lake.manifest(day)["counts"]
    assert counts["duplicates"] == 53
    assert counts["received"] == 53 + exported.lake.manifest(day)["counts"]["received"]
    assert lake.ids(day) == exported.lake.ids(day)


def test_a_limit_of_requests_is_kept_by_all_slices_together(command, genesys, lake, day, exported):
    genesys = genesys(requests_per_minute=30)
    told = command.against(genesys, GENESYS_EXPORT_GENESYS__REQUESTS_PER_MINUTE="10000")
    told.run("--date", day, "--slices", 4).ends(0)
    assert lake.ids(day) == exported.lake.ids(day)


# What no patience mends: the plan, the status, and words that must be in the one sentence.
LASTING = {
    "endless cursors": ([Fault("results", 2, EndlessCursors())], 69, "no end"),
    "a cursor that leads to itself": (
        [Fault("results", 2, RepeatedCursor(), times=5)],
        69,
        "the same cursor",
    ),
    "a job that always fails": ([Fault("submit", 1, JobEnds("FAILED"), times=99)], 69, "FAILED"),
    "a client that is revoked": ([Fault("results", 2, Revoked())], 77, "GENESYS_CLIENT"),
    "an outage": ([Fault("results", 2, ServerError(503), times=999)], 69, "HTTP 503"),
    "a refusal": ([Fault("submit", 1, Refusal(400, "bad.request", "odd"))], 69, "bad.request"),
}


@pytest.mark.parametrize("name", LASTING)
def test_trouble_that_lasts_leaves_the_old_day_as_it_was(command, genesys, lake, day, name):
    plan, status, words = LASTING[name]
    command.against(genesys()).run("--date", day).ends(0)
    before = lake.snapshot()
    troubled = genesys(faults=plan)
    told = command.against(
        troubled,
        GENESYS_EXPORT_GENESYS__RETRY_DEADLINE="1s",
        GENESYS_EXPORT_GENESYS__REQUESTS_PER_MINUTE="100000",
    )
    result = told.run("--date", day, "--force").ends(status)
    assert words in result.err
    assert result.err.count("genesys-export: ") == 1
    assert "Traceback" not in result.err
    assert lake.snapshot() == before
    assert lake.staged() == []
    lake.check(day)


def test_a_slice_that_fails_takes_the_others_with_it(command, genesys, lake, day):
    genesys = genesys(faults=[Fault("submit", 3, Refusal(400))])
    command.against(genesys).run("--date", day, "--slices", 4).ends(69)
    assert lake.files() == []
    assert lake.staged() == []
    assert genesys.jobs == {}
