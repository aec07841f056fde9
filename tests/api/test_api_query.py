"""A day read by the synchronous query: found whole, whatever its pages do."""

import json
from collections import Counter
from datetime import timedelta

import pytest
from reading import DAY, expected, ids

from genesys_export.api import Filters, QueryPolicy, RetryPolicy
from genesys_export.errors import GenesysUnavailable, NotPermitted, RequestRefused, WrongSettings
from genesys_export.events import Noticed
from genesys_simulator import CutBody, DeadToken, Fault, HtmlPage, RateLimited, World
from genesys_simulator.faults import GarbledBody, Refusal, Reset, ServerError


def test_a_day_is_read_page_by_page_until_one_is_empty(dial):
    line = dial()
    fetch = line.query().fetch(DAY)
    assert line.genesys.requests == []
    pages = list(fetch.pages())
    assert [len(page.records) for page in pages] == [100, 100, 40, 0]
    assert set(ids(pages)) == expected()
    assert {page.watermark for page in pages} == {None}
    assert [one.body for one in line.genesys.asked("query")] == [
        {
            "interval": "2026-11-22T00:00:00.000Z/2026-11-23T00:00:00.000Z",
            "order": "asc",
            "orderBy": "conversationStart",
            "paging": {"pageSize": 100, "pageNumber": number},
        }
        for number in (1, 2, 3, 4)
    ]
    assert fetch.job_ids == ()
    fetch.release()
    assert line.asked("submit") == line.asked("delete") == 0


def test_it_has_no_watermark_and_asks_nobody_for_one(dial):
    line = dial()
    assert line.query().watermark() is None
    assert line.genesys.requests == []


def test_a_day_without_conversations_is_one_empty_page(dial):
    line = dial(world=World.of([]))
    assert [list(page.records) for page in line.query().fetch(DAY).pages()] == [[]]


def test_short_pages_are_not_the_last(dial):
    line = dial(options={"query_double": 3})  # of three hits one is left out of its page
    pages = list(line.query().fetch(DAY).pages())
    assert [len(page.records) for page in pages] == [67, 67, 66, 40, 0]
    assert Counter(ids(pages)) == Counter(expected())


def test_empty_pages_are_passed_while_hits_lie_ahead(speak):
    told = [["a"], [], [], ["b"], []]

    def answer(body):
        rows = told[body["paging"]["pageNumber"] - 1]
        rows = [{"conversationId": name} for name in rows]
        return {**({"conversations": rows} if rows else {}), "totalHits": 350}

    line = speak(answer)
    assert ids(line.query().fetch(DAY).pages()) == ["a", "b"]


def test_rows_beyond_the_hits_that_were_told_are_read(speak):
    def answer(body):
        number = body["paging"]["pageNumber"]
        rows = [{"conversationId": f"{number}"}] if number < 4 else []
        return {"conversations": rows, "totalHits": 1}

    assert ids(speak(answer).query().fetch(DAY).pages()) == ["1", "2", "3"]


@pytest.mark.parametrize("last", [{}, {"totalHits": 0}, {"totalHits": 1}, {"conversations": None}])
def test_the_end_may_be_told_in_many_ways(speak, last):
    first = {"conversations": [{"conversationId": "a"}], "totalHits": 1}
    line = speak(lambda body: first if body["paging"]["pageNumber"] == 1 else last)
    assert ids(line.query().fetch(DAY).pages()) == ["a"]
    assert line.events.of(Noticed) == []


def test_hits_that_grow_fewer_while_they_are_read_are_read_again(speak):
    names = ["a", "b", "c", "d"]
    asked = []

    def answer(body):
        number = body["paging"]["pageNumber"]
        asked.append(number)
        if len(asked) == 2:
            names.remove("a")  # what follows moves forward: page 2 begins with d
        rows = names[(number - 1) * 2 : number * 2]
        return {"conversations": [{"conversationId": n} for n in rows], "totalHits": len(names)}

    line = speak(answer)
    assert set(ids(line.query(page_size=2, most_hits=100).fetch(DAY).pages())) == set("abcd")
    assert asked == [1, 2, 3, 1, 2, 3]
    assert line.events.of(Noticed) == []


def test_hits_that_never_stand_still_are_noticed(speak):
    hits = iter(range(99, 0, -1))
    line = speak(lambda _: {"totalHits": next(hits)} | {"conversations": []})
    assert ids(line.query(page_size=50).fetch(DAY).pages()) == []
    (noticed,) = line.events.of(Noticed)
    assert "3 readings" in noticed.message


@pytest.mark.parametrize(
    "kind",
    [
        RateLimited("2"),
        ServerError(500),
        ServerError(502),
        ServerError(503),
        HtmlPage(200),
        CutBody(0.5),
        GarbledBody(),
        Reset(),
        DeadToken(),
    ],
    ids=repr,
)
def test_a_page_that_does_not_arrive_is_asked_for_again(dial, kind):
    line = dial(Fault("query", 2, kind))
    found = ids(line.query().fetch(DAY).pages())
    assert Counter(found) == Counter(expected())


def test_an_answer_that_is_something_else_is_asked_for_again(speak):
    line = speak(lambda _: {"message": "Hello"}, retry=RetryPolicy(deadline_s=5))
    with pytest.raises(GenesysUnavailable, match="not a page of conversations"):
        list(line.query().fetch(DAY).pages())


def test_lone_surrogates_are_no_reason_to_refuse_a_page(speak):
    record = b'{"conversationId":"a","x":"\\ud800"}'
    full = b'{"totalHits":1,"conversations":[' + record + b"]}"
    line = speak(lambda body: full if body["paging"]["pageNumber"] == 1 else {"totalHits": 1})
    (page, _) = line.query().fetch(DAY).pages()
    assert page.records == [record]


def test_the_flags_filters_are_asked_of_genesys(dial):
    line = dial()
    pages = line.query(Filters(directions=["outbound"])).fetch(DAY).pages()
    records = [json.loads(record) for page in pages for record in page.records]
    assert {one["originatingDirection"] for one in records} == {"outbound"}
    assert "conversationFilters" in line.genesys.asked("query")[0].body


def test_filters_that_genesys_does_not_take_are_wrong_settings(dial):
    line = dial(Fault("query", 1, Refusal(400, "invalid.value", "No such dimension.")))
    with pytest.raises(WrongSettings, match="No such dimension"):
        list(line.query(Filters(directions=["outbound"])).fetch(DAY).pages())


def test_another_refusal_is_final(dial):
    line = dial(Fault("query", 1, Refusal(400, "invalid.value", "No such order.")))
    with pytest.raises(RequestRefused, match="No such order"):
        list(line.query().fetch(DAY).pages())


def test_a_missing_permission_ends_the_fetch(dial):
    line = dial(options={"missing_permissions": frozenset({"analytics:conversationDetail:view"})})
    with pytest.raises(NotPermitted, match="analytics:conversationDetail:view"):
        list(line.query().fetch(DAY).pages())


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ({"page_size": 0}, "1 to 100"),
        ({"page_size": 101}, "1 to 100"),
        ({"most_hits": 99}, "at least a page"),
        ({"most_hits": 100_001}, "at most 100,000"),
        ({"floor": timedelta(0)}, "a millisecond"),
        ({"readings": 0}, "at least once"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(bad, told):
    with pytest.raises(ValueError, match=told):
        QueryPolicy(**bad)
