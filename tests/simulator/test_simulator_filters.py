"""Filters, held against a plain reading of what they mean."""

from __future__ import annotations

import json

import pytest

from genesys_simulator import World
from genesys_simulator.dimensions import OF_CONVERSATIONS, things, values
from genesys_simulator.filters import read_filters
from genesys_simulator.replies import Refused
from genesys_simulator.times import DAY_MS, Span

RECORDS = World.generated(seed=1, per_day=1_500).holdings
POSITIONS = list(RECORDS.positions(Span(0, DAY_MS), 0))


@pytest.fixture(scope="module")
def records():
    return [json.loads(one) for one in RECORDS.render(POSITIONS, attributes=True)]


def segments(record):
    return [
        (participant, session, segment)
        for participant in record["participants"]
        for session in participant["sessions"]
        for segment in session["segments"]
    ]


def passing(records, **body):
    filters = read_filters(body)
    return [one["conversationId"] for one in records if filters.match(one)]


def of(*predicates, kind="and", **more):
    return {"type": kind, "predicates": list(predicates), **more}


def dim(name, value=None, **more):
    return {"type": "dimension", "dimension": name, "value": value, **more}


def expected(records, holds):
    return [one["conversationId"] for one in records if holds(one)]


def test_media_type_is_a_segment_filter(records):
    found = passing(records, segmentFilters=[of(dim("mediaType", "email"))])
    wanted = expected(records, lambda r: any(s["mediaType"] == "email" for _, s, _ in segments(r)))
    assert found == wanted
    assert 0 < len(found) < len(records)


def test_all_predicates_of_an_and_filter_must_hold_for_one_segment(records):
    both = [dim("mediaType", "voice"), dim("purpose", "agent"), dim("segmentType", "hold")]
    found = passing(records, segmentFilters=[of(*both)])
    wanted = expected(
        records,
        lambda r: any(
            p["purpose"] == "agent" and s["mediaType"] == "voice" and g["segmentType"] == "hold"
            for p, s, g in segments(r)
        ),
    )
    assert found == wanted
    apart = passing(records, segmentFilters=[of(one) for one in both])
    assert set(found) <= set(apart)


def test_or_filters_and_clauses_and_several_arrays_combine(records):
    some = of(dim("mediaType", "chat"), dim("mediaType", "email"), kind="or")
    chats = set(passing(records, segmentFilters=[of(dim("mediaType", "chat"))]))
    emails = set(passing(records, segmentFilters=[of(dim("mediaType", "email"))]))
    assert set(passing(records, segmentFilters=[some])) == chats | emails
    clauses = of(clauses=[some, of(dim("direction", "outbound"))])
    assert set(passing(records, segmentFilters=[clauses])) <= chats | emails
    inbound = of(dim("originatingDirection", "inbound"))
    both = passing(records, segmentFilters=[some], conversationFilters=[inbound])
    assert set(both) == (chats | emails) & set(passing(records, conversationFilters=[inbound]))


@pytest.mark.parametrize("name", ["queueId", "userId", "wrapUpCode", "flowId", "teamId"])
def test_ids_are_found_where_they_stand(records, name):
    def holders(record):
        """Return the ids of all that stand on the way to a segment."""
        for participant, session, segment in segments(record):
            yield {**session.get("flow", {}), **participant, **session, **segment}.get(name)

    value = min({one for record in records for one in holders(record)} - {None})
    found = passing(records, segmentFilters=[of(dim(name, value))])
    assert found == expected(records, lambda r: value in holders(r))


def test_divisions_are_a_conversation_filter(records):
    division = records[0]["divisionIds"][0]
    found = passing(records, conversationFilters=[of(dim("divisionId", division))])
    assert found == expected(records, lambda r: division in r["divisionIds"])


def test_existence_is_a_predicate(records):
    over = passing(records, conversationFilters=[of(dim("conversationEnd", operator="exists"))])
    still = passing(
        records, conversationFilters=[of(dim("conversationEnd", operator="notExists"))]
    )
    assert over == expected(records, lambda r: "conversationEnd" in r)
    assert len(over) + len(still) == len(records)
    assert passing(records, conversationFilters=[of(dim("conversationEnd"))]) == still


def test_metrics_and_ranges_are_understood(records):
    held = {"type": "metric", "metric": "tHeld", "range": {"gte": 30_000}}
    found = passing(records, conversationFilters=[of(held)])
    wanted = expected(
        records,
        lambda r: any(
            m["name"] == "tHeld" and m["value"] >= 30_000
            for p in r["participants"]
            for s in p["sessions"]
            for m in s.get("metrics", ())
        ),
    )
    assert found == wanted
    assert found
    good = {"type": "dimension", "dimension": "mediaStatsMinConversationMos", "range": {"gt": 4}}
    assert passing(records, conversationFilters=[of(good)]) == expected(
        records, lambda r: r.get("mediaStatsMinConversationMos", 0) > 4
    )
    short = {"metric": "tSegmentDuration", "range": {"lt": 10}}
    assert passing(records, segmentFilters=[of(short)])
    lasting = {"metric": "tConversationDuration", "range": {"gt": DAY_MS, "lte": 99 * DAY_MS}}
    assert passing(records, conversationFilters=[of(lasting)])
    assert len(passing(records, conversationFilters=[of({"metric": "nConversations"})])) == 0


def test_properties_of_segments_are_understood(records):
    case = {"type": "property", "property": "caseId", "propertyType": "string", "value": "000123"}
    found = passing(records, segmentFilters=[of(case)])
    assert found == expected(records, lambda r: '"caseId"' in json.dumps(r))
    assert found


def test_evaluations_surveys_and_resolutions_have_their_own_filters(records):
    done = of(dim("evaluationStatus", "Finished"), dim("released", "true"))
    assert passing(records, evaluationFilters=[done]) == expected(
        records,
        lambda r: any(e["evaluationStatus"] == "Finished" for e in r.get("evaluations", ())),
    )
    score = {"type": "metric", "metric": "oSurveyTotalScore", "range": {"gte": 50}}
    assert passing(records, surveyFilters=[of(score)]) == expected(
        records, lambda r: any(s.get("oSurveyTotalScore", 0) >= 50 for s in r.get("surveys", ()))
    )
    avoided = {"type": "metric", "metric": "nNextContactAvoided", "value": "1"}
    assert passing(records, resolutionFilters=[of(avoided)]) == expected(
        records, lambda r: any(s["nNextContactAvoided"] == 1 for s in r.get("resolutions", ()))
    )


def test_copies_of_a_conversation_share_all_values_said_to_be_fixed(records):
    by_kind: dict[int | None, list] = {}
    for position, record in zip(POSITIONS, records, strict=True):
        by_kind.setdefault(RECORDS.kind(position), []).append(record)
    for first, second, *_ in (one for one in by_kind.values() if len(one) > 1):
        for level in OF_CONVERSATIONS:
            pairs = zip(things(level, first), things(level, second), strict=True)
            for here, there in pairs:
                for name in {*here, *there}:
                    filters = _filter_by(level, name)
                    if filters is not None and filters.same_for_a_kind:
                        assert values(level, "dimension", name, here) == values(
                            level, "dimension", name, there
                        ), name


def _filter_by(level, name):
    try:
        return read_filters({level.value: [of(dim(name, "x"))]})
    except Refused:
        return None


def test_a_filter_by_the_conversations_own_id_is_no_matter_of_its_kind(dial):
    client = dial()
    one = client.read()[17]
    by_id = [of(dim("conversationId", one["conversationId"]))]
    assert client.read(conversationFilters=by_id) == [one]


def test_a_job_and_a_query_filter_alike(dial):
    client = dial()
    filters = {"segmentFilters": [of(dim("mediaType", "message"), dim("direction", "inbound"))]}
    rows = client.read(**filters)
    assert 0 < len(rows) < 240
    assert client.query(client.day, **filters).json["totalHits"] == len(rows)


@pytest.mark.parametrize(
    "wrong",
    [
        {"segmentFilters": "mediaType"},
        {"segmentFilters": ["mediaType"]},
        {"segmentFilters": [{"type": "nor", "predicates": []}]},
        {"segmentFilters": [of("x")]},
        {"segmentFilters": [of(dim("divisionId", "x"))]},
        {"segmentFilters": [of(dim("mediaType", "x", operator="like"))]},
        {"segmentFilters": [of({"dimension": "mediaType", "range": {"about": 1}})]},
        {"segmentFilters": [of({"dimension": "mediaType", "range": {"gt": "much"}})]},
        {"conversationFilters": [of({"type": "property", "property": "x", "value": "y"})]},
        {"segmentFilters": [{"type": "and", "clauses": {}}]},
        {"segmentFilters": [{"type": "and", "predicates": {}}]},
        {"segmentFilters": [of({"type": "fact", "fact": "x"})]},
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(Refused, match="not valid"):
        read_filters(wrong)
