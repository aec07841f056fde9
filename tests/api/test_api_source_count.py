"""The source's own counts: what is asked, what is told, and what a refusal costs."""

from datetime import timedelta

import pytest
from reading import DAY, expected

from fakes import CONVERSATIONS, some
from genesys_export.api import Filters, GenesysCounter
from genesys_export.errors import Stopped
from genesys_simulator import Fault, World
from genesys_simulator.faults import GarbledBody, Refusal, ServerError


def counter(line, filters=None):
    return GenesysCounter(
        query=some(CONVERSATIONS.query),
        counts=CONVERSATIONS.counts,
        client=line.client,
        clock=line.clock,
        filters=filters or Filters(),
    )


def test_the_hits_of_a_whole_utc_day_are_the_conversations_that_began_on_it(dial):
    line = dial()
    counted = counter(line).count(DAY)
    assert (counted.hits, counted.missing) == (len(expected()), ())
    assert counted.asked == line.clock.now()


def test_one_conversation_of_one_page_is_asked_for_and_nothing_else(dial):
    line = dial()
    counter(line).count(DAY)
    assert [one.body for one in line.genesys.asked("query")] == [
        {
            "interval": "2026-11-22T00:00:00.000Z/2026-11-23T00:00:00.000Z",
            "order": "asc",
            "orderBy": "conversationStart",
            "paging": {"pageSize": 1, "pageNumber": 1},
        }
    ]
    assert line.asked("aggregates") == 1


def test_conversations_by_medium_are_told_beside_it(dial):
    counted = counter(dial()).count(DAY)
    assert set(counted.by_media) >= {"voice", "email", "message"}
    assert sum(counted.by_media.values()) > counted.hits  # some have two media


def test_the_filters_of_the_job_are_those_of_the_count(dial):
    line = dial()
    counted = counter(line, Filters(media_types=["email"])).count(DAY)
    assert 0 < counted.hits < len(expected())
    (asked,) = line.genesys.asked("query")
    assert (
        asked.body["segmentFilters"] == Filters(media_types=["email"]).as_body()["segmentFilters"]
    )
    assert (counted.by_media, line.asked("aggregates")) == (None, 0)  # theirs are others


def test_a_day_without_conversations_has_no_hits_and_no_media(dial):
    counted = counter(dial(world=World.of([]))).count(DAY)
    assert (counted.hits, counted.by_media, counted.missing) == (0, {}, ())


def test_a_permission_that_lacks_costs_its_reading_and_is_named(dial):
    needed = "analytics:conversationAggregate:view"
    counted = counter(dial(options={"missing_permissions": frozenset({needed})})).count(DAY)
    assert (counted.hits, counted.by_media) == (len(expected()), None)
    assert len(counted.missing) == 1
    assert counted.missing[0].endswith(f"is not permitted: {needed} is missing")


def test_a_403_without_words_names_the_documented_permission(dial):
    refusal = Refusal(403, "forbidden", "No.")
    counted = counter(dial(Fault(on="query", nth=1, kind=refusal))).count(DAY)
    assert counted.hits is None
    assert "analytics:conversationDetail:view is missing" in counted.missing[0]


def test_a_client_that_is_not_let_in_lacks_no_permission(dial):
    refusal = Refusal(401, "bad.credentials", "Invalid login credentials.")
    counted = counter(dial(Fault(on="query", nth=1, kind=refusal, times=9))).count(DAY)
    assert counted.hits is None
    assert "got HTTP 401 with a fresh token: " in counted.missing[0]
    assert "permit" not in counted.missing[0]
    assert "analytics:" not in counted.missing[0]


@pytest.mark.parametrize("kind", [ServerError(503), GarbledBody()])
def test_trouble_that_passes_is_sat_out(dial, kind):
    line = dial(Fault(on="query", nth=1, kind=kind))
    assert counter(line).count(DAY).hits == len(expected())
    assert line.asked("query") == 2


def test_trouble_that_lasts_costs_the_reading_and_a_minute_at_most(dial):
    line = dial(Fault(on="any", nth=2, kind=ServerError(503), times=1_000))
    began = line.clock.now()
    counted = counter(line).count(DAY)
    assert (counted.hits, counted.by_media, len(counted.missing)) == (None, None, 2)
    assert line.clock.now() - began <= timedelta(minutes=2)


def test_a_refusal_that_nothing_mends_costs_the_reading(dial):
    refusal = Refusal(400, "bad.request", "You must not.")
    counted = counter(dial(Fault(on="query", nth=1, kind=refusal))).count(DAY)
    assert counted.hits is None
    assert "You must not." in counted.missing[0]


@pytest.mark.parametrize(
    ("answer", "hits"),
    [
        ({}, 0),
        ({"totalHits": 0}, 0),
        ({"conversations": [{"conversationId": "a"}], "totalHits": 41}, 41),
    ],
)
def test_no_hits_may_be_told_in_many_ways(speak, answer, hits):
    line = speak(lambda body: answer if "paging" in body else {"results": []})
    assert counter(line).count(DAY).hits == hits


def test_an_answer_that_does_not_say_how_many_is_no_count(speak):
    silent = {"conversations": [{"conversationId": "a"}]}
    counted = counter(speak(lambda body: silent if "paging" in body else {})).count(DAY)
    assert counted.hits is None
    assert "number of hits" in counted.missing[0]


def test_what_is_no_answer_of_aggregates_is_no_count(speak):
    counted = counter(speak(lambda _: {"totalHits": 3})).count(DAY)
    assert (counted.hits, counted.by_media) == (3, None)
    assert "aggregates" in counted.missing[0]


def test_counts_of_one_medium_in_several_groups_are_added_up(speak):
    def group(medium, *counts):
        metrics = [{"metric": "nConversations", "stats": {"count": one}} for one in counts]
        other = [{"metric": "nOffered", "stats": {"count": 99}}]
        return {"group": medium, "data": [{"metrics": [*metrics, *other]}, {}]}

    results = [
        group({"mediaType": "voice"}, 2, 3.0),
        group({"mediaType": "voice"}, 1),
        group({}, 4),
    ]
    line = speak(lambda body: {"totalHits": 7} if "paging" in body else {"results": results})
    assert counter(line).count(DAY).by_media == {"unknown": 4, "voice": 6}


def test_a_signal_is_no_missing_reading(dial):
    line = dial(Fault(on="query", nth=1, kind=ServerError(503)))
    line.clock.interrupt(Stopped(15))
    with pytest.raises(Stopped):
        counter(line).count(DAY)
