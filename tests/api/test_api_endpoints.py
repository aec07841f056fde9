"""Engines know no dataset: where they ask, and what a page holds, their endpoint says."""

from dataclasses import replace

import pytest
from reading import DAY

from fakes import CONVERSATIONS, some
from genesys_export.api import Filters, ReferenceLists
from genesys_export.datasets import JobEndpoint, ListEndpoint, Paging, QueryEndpoint
from genesys_export.errors import GenesysUnavailable

JOBS = JobEndpoint(
    path="/api/v2/made/up/jobs",
    availability="/api/v2/made/up/jobs/availability",
    records_key="userDetails",
    permission="made:up:view",
    body={"order": "desc"},
)
QUERY = QueryEndpoint(
    path="/api/v2/made/up/query",
    records_key="userDetails",
    permission="made:up:view",
    body={"order": "desc"},
)
INTERVAL = "2026-11-22T00:00:00.000Z/2026-11-23T00:00:00.000Z"


def records(pages):
    return [bytes(record) for page in pages for record in page.records]


def test_a_job_of_any_dataset_is_read_where_and_as_it_is_declared(speak):
    told: list[dict[str, object]] = [
        {"jobId": "j"},
        {"state": "FULFILLED"},
        {"userDetails": [1], "cursor": "c"},
        {"userDetails": [2]},
        {},
    ]

    def answer(asked):
        del asked
        return told.pop(0)

    line = speak(answer)
    line.genesys.bodies.clear()
    fetch = replace(line.source(), endpoint=JOBS).fetch(DAY)
    assert records(fetch.pages()) == [b"1", b"2"]
    job = f"{JOBS.path}/j"
    results = f"{job}/results?pageSize=100"
    assert line.genesys.paths == [JOBS.path, job, results, f"{results}&cursor=c"]
    assert line.genesys.bodies[0] == {"interval": INTERVAL, "order": "desc"}


def test_a_query_of_any_dataset_is_asked_where_and_as_it_is_declared(speak):
    line = speak(lambda asked: {"userDetails": [3] if asked["paging"]["pageNumber"] == 1 else []})
    source = replace(line.query(), endpoint=QUERY)
    assert records(source.fetch(DAY).pages()) == [b"3"]
    assert set(line.genesys.paths) == {QUERY.path}
    assert source.describe(DAY) == (line.genesys.bodies[0],)


@pytest.mark.parametrize("body", [b'{"conversations":[1]}', b'{"totalHits":"many"}'])
def test_records_under_another_key_are_no_page(speak, body):
    source = replace(speak(lambda _: body).query(), endpoint=QUERY)
    with pytest.raises(GenesysUnavailable):
        list(source.fetch(DAY).pages())


def test_what_will_be_asked_can_be_told_without_asking(dial):
    line = dial()
    filters = Filters(media_types=("voice",))
    (job,) = line.source(filters).describe(DAY)
    (query,) = line.query(filters).describe(DAY)
    (own,) = line.own({"at": "{start}/{end}"}).describe(DAY)
    assert job == {
        "interval": INTERVAL,
        "order": "asc",
        "orderBy": "conversationStart",
        "startOfDayIntervalMatching": True,
        **filters.as_body(),
    }
    assert query["paging"] == {"pageSize": 100, "pageNumber": 1}
    assert own == {"at": INTERVAL}
    assert line.genesys.requests == []


def test_trying_a_source_out_asks_for_a_minute_and_leaves_nothing(dial):
    line = dial()
    bodies = {"interval": "{start}/{end}"}
    for source in (line.source(), line.query(), line.own(bodies)):
        assert source.try_out()
    asked = [*line.genesys.asked("submit"), *line.genesys.asked("query")]
    assert len(asked) >= 3
    minute = "2026-11-22T00:00:00.000Z/2026-11-22T00:01:00.000Z"
    assert {one.body["interval"] for one in asked} == {minute}
    assert line.genesys.jobs == {}


def test_a_source_names_what_it_needs(dial):
    line = dial()
    assert line.source().needs == line.query().needs == some(CONVERSATIONS.jobs).permission
    own = line.own({})
    assert own.needs == "POST /api/v2/analytics/conversations/details/query"
    assert [one.is_bounded for one in (line.source(), line.query(), own)] == [True, False, False]


def test_a_list_is_paged_by_cursor_where_it_is_declared_so(speak):
    told = {None: {"entities": [{"id": "a"}], "cursor": "x"}, "x": {"entities": [{"id": "b"}]}}
    line = speak(lambda asked: told[asked.get("cursor")])
    source = ListEndpoint(path="/api/v2/made/up", page_size=7, paging=Paging.CURSOR)
    pages = ReferenceLists(line.client).pages(source)
    assert [one["id"] for page in pages for one in page] == ["a", "b"]
    assert line.genesys.paths == [
        "/api/v2/made/up?pageSize=7",
        "/api/v2/made/up?pageSize=7&cursor=x",
    ]


def test_a_next_page_that_is_no_address_leads_nowhere_else(speak):
    line = speak(lambda _: {"entities": [{"id": "a"}], "nextUri": "https://[no:address"})
    source = ListEndpoint(path="/api/v2/made/up", page_size=7)
    with pytest.raises(GenesysUnavailable, match="has no end"):
        list(ReferenceLists(line.client).pages(source))
