"""The pages of a job: nothing is lost on the way, and they come to an end."""

import pytest
from reading import DAY, expected, ids

from genesys_export.errors import JobFailed
from genesys_export.events import Retrying
from genesys_simulator import (
    CutBody,
    DeadToken,
    EndlessCursors,
    Fault,
    GarbledBody,
    HtmlPage,
    NoConversations,
    RateLimited,
    RepeatedCursor,
    RepeatedRows,
    Reset,
    ServerError,
    ShortPage,
)


@pytest.mark.parametrize(
    ("kind", "nth"),
    [
        (ShortPage(1), 1),
        (ShortPage(0), 1),
        (ShortPage(0), 2),
        (NoConversations(), 1),
        (NoConversations(), 3),
    ],
)
def test_a_short_empty_or_absent_list_is_not_the_end(dial, kind, nth):
    line = dial(Fault("results", nth, kind))
    found = ids(line.source().fetch(DAY).pages())
    assert set(found) == expected()
    assert len(found) == 240


def test_repeated_rows_are_given_on_as_they_come(dial):
    line = dial(Fault("results", 2, RepeatedRows(3)))
    found = ids(line.source().fetch(DAY).pages())
    assert set(found) == expected()
    assert len(found) > 240


@pytest.mark.parametrize("nth", [1, 2])
def test_a_cursor_that_comes_twice_stops_the_fetch(dial, nth):
    line = dial(Fault("results", nth, RepeatedCursor(), times=99))
    fetch = line.source().fetch(DAY)
    with pytest.raises(
        JobFailed, match="have no end: the same cursor was returned twice"
    ) as failed:
        list(fetch.pages())
    assert fetch.job_ids[0] in failed.value.message
    assert line.asked("results") <= 4


def test_empty_pages_without_end_stop_the_fetch(dial):
    line = dial(Fault("results", 2, EndlessCursors()))
    with pytest.raises(JobFailed, match="have no end: 25 pages in a row had nothing new"):
        list(line.source(empty_pages=25).fetch(DAY).pages())
    assert line.asked("results") == 26


@pytest.mark.parametrize("on", ["submit", "status", "results"])
@pytest.mark.parametrize(
    "kind",
    [
        RateLimited("5"),
        RateLimited(None),
        ServerError(500),
        ServerError(502),
        Reset(),
        CutBody(),
        GarbledBody(),
        GarbledBody(gzip=True),
        HtmlPage(),
        DeadToken(),
    ],
)
def test_no_trouble_on_the_way_loses_a_conversation(dial, on, kind):
    line = dial(Fault(on, 1, kind), Fault("results", 3, kind), options={"gzip": True, "polls": 2})
    found = ids(line.source().fetch(DAY).pages())
    assert set(found) == expected()
    assert len(found) == 240
    assert line.events.of(Retrying) or kind == DeadToken()
