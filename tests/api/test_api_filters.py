"""Flags become the API's own filters; what would silently match nothing is refused."""

import pytest

from genesys_export.api import Filters, parse_raw
from genesys_export.errors import WrongSettings

QUEUES = ("8a1c2c1e-2a51-4f1e-9a0f-0d3f5a1b2c3d", "00000000-0000-4000-8000-000000000002")


def matches(dimension, *values):
    return {
        "type": "or",
        "predicates": [
            {"type": "dimension", "dimension": dimension, "operator": "matches", "value": value}
            for value in values
        ],
    }


def test_without_filters_everything_is_asked_for():
    assert Filters().is_empty
    assert Filters().as_body() == {}
    assert Filters().canonical() == "{}"


def test_values_of_a_flag_are_alternatives_and_flags_must_all_hold():
    filters = Filters(
        media_types=("voice", "email"), queues=QUEUES, divisions=QUEUES[:1], directions=["inbound"]
    )
    assert not filters.is_empty
    assert filters.as_body() == {
        "conversationFilters": [
            matches("divisionId", QUEUES[0]),
            matches("originatingDirection", "inbound"),
        ],
        "segmentFilters": [
            matches("mediaType", "email", "voice"),
            matches("queueId", QUEUES[1], QUEUES[0]),
        ],
    }


def test_raw_filters_are_added_to_those_of_the_flags():
    raw = {
        "segmentFilters": [matches("wrapUpCode", "x")],
        "surveyFilters": [{"type": "and", "clauses": [matches("surveyStatus", "Finished")]}],
    }
    body = Filters(media_types=["voice"], raw=raw).as_body()
    assert body["segmentFilters"] == [matches("mediaType", "voice"), matches("wrapUpCode", "x")]
    assert body["surveyFilters"] == raw["surveyFilters"]
    assert raw["segmentFilters"] == [matches("wrapUpCode", "x")]


def test_the_canonical_form_does_not_depend_on_the_order_of_values():
    one = Filters(media_types=["voice", "email"], directions=["inbound", "outbound"])
    other = Filters(media_types=["email", "voice", "email"], directions=["outbound", "inbound"])
    assert one.canonical() == other.canonical()
    assert one.canonical() != Filters(media_types=["voice"]).canonical()


@pytest.mark.parametrize(
    "raw",
    [
        {"filters": []},
        {"segmentFilters": {}},
        {"segmentFilters": ["x"]},
        {"segmentFilters": [{}]},
        {"segmentFilters": [{"type": "or"}]},
        {"segmentFilters": [{"type": "or", "predicates": []}]},
        {"segmentFilters": [{"type": "nor", "predicates": [{"dimension": "x"}]}]},
        {"segmentFilters": [{"type": "or", "predicates": "x"}]},
        {"segmentFilters": [{"type": "or", "predicates": [{}]}]},
        {"segmentFilters": [{"type": "or", "predicates": [{"dimention": "x"}]}]},
        {"segmentFilters": [{"type": "or", "predicates": [{"dimension": "x"}], "more": 1}]},
        {"segmentFilters": [{"type": "or", "clauses": [{"type": "or"}]}]},
        {
            "segmentFilters": [
                {"type": "or", "clauses": [{"type": "or", "clauses": [matches("queueId", "x")]}]}
            ]
        },
    ],
)
def test_raw_filters_of_another_shape_are_refused(raw):
    with pytest.raises(WrongSettings, match=r"^filters: "):
        Filters(raw=raw)


def test_all_wrong_values_are_told_at_once():
    with pytest.raises(WrongSettings) as refused:
        Filters(
            media_types=["voice", "Voice"],
            directions=["in"],
            queues=["Support", "{8a1c2c1e-2a51-4f1e-9a0f-0d3f5a1b2c3d}"],
            divisions=[""],
        )
    lines = str(refused.value).splitlines()
    assert len(lines) == 5
    assert "'Voice'" in lines[0]
    assert "inbound" in lines[1]
    assert "'Support' is not the id of a queue" in lines[2]


def test_raw_filters_are_read_from_json():
    assert parse_raw('{"segmentFilters": []}') == {"segmentFilters": []}
    for text in ("{", "[]", "1"):
        with pytest.raises(WrongSettings):
            parse_raw(text)
