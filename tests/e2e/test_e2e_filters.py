"""Filters: what is asked of Genesys, and that what comes back is all of that and only that."""

from __future__ import annotations

import json

import pytest
from e2e_reading import begun, ids, participants, sessions

ASK = {
    "conversationFilters": [
        {
            "type": "and",
            "predicates": [
                {
                    "type": "dimension",
                    "dimension": "originatingDirection",
                    "operator": "matches",
                    "value": "outbound",
                }
            ],
        }
    ]
}


def media(record: dict) -> set[str]:
    return {session["mediaType"] for session in sessions([record])}


def queues(record: dict) -> set[str]:
    return {
        segment["queueId"]
        for session in sessions([record])
        for segment in session.get("segments", ())
        if "queueId" in segment
    }


def predicates(body: dict, array: str) -> list[dict]:
    return [one for each in body.get(array, ()) for one in each.get("predicates", ())]


def run(command, genesys, lake, day, *flags):
    """Export the day and return the body of the one job, and the ids that came."""
    genesys = genesys()
    command.against(genesys).run("--date", day, "--table", "conversations", *flags).ends(0)
    (asked,) = genesys.asked("submit")
    return asked.body, lake.ids(day)


def test_without_filters_everything_is_asked_for(exported, day):
    (asked,) = exported.genesys.asked("submit")
    assert asked.body["interval"].startswith(f"{day}T00:00:00.000Z/")
    assert not any(name.endswith("Filters") for name in asked.body)


def test_media_types_are_alternatives(command, genesys, lake, world, day):
    flags = ("--media-type", "email", "--media-type", "chat")
    body, found = run(command, genesys, lake, day, *flags)
    asked = predicates(body, "segmentFilters")
    assert {(one["dimension"], one["value"]) for one in asked} == {
        ("mediaType", "email"),
        ("mediaType", "chat"),
    }
    truth = [one for one in begun(world, day) if media(one) & {"email", "chat"}]
    assert found == ids(truth) != []
    assert lake.manifest(day)["recipe"]["filters"]["segmentFilters"] == body["segmentFilters"]


def test_a_queue(command, genesys, lake, world, day):
    records = begun(world, day)
    queue = min(set().union(*map(queues, records)))
    body, found = run(command, genesys, lake, day, "--queue", queue)
    assert [one["value"] for one in predicates(body, "segmentFilters")] == [queue]
    assert found == ids([one for one in records if queue in queues(one)]) != []


def test_a_division(command, genesys, lake, world, day):
    records = begun(world, day)
    division = min(set().union(*(one["divisionIds"] for one in records)))
    body, found = run(command, genesys, lake, day, "--division", division)
    assert [one["value"] for one in predicates(body, "conversationFilters")] == [division]
    assert found == ids([one for one in records if division in one["divisionIds"]]) != []


def test_a_direction_is_that_of_the_beginning(command, genesys, lake, world, day):
    body, found = run(command, genesys, lake, day, "--direction", "outbound")
    (asked,) = predicates(body, "conversationFilters")
    assert asked["dimension"] == "originatingDirection"
    truth = [one for one in begun(world, day) if one["originatingDirection"] == "outbound"]
    assert found == ids(truth) != []


def test_different_flags_must_all_hold(command, genesys, lake, world, day):
    flags = ("--media-type", "voice", "--direction", "outbound")
    _, found = run(command, genesys, lake, day, *flags)
    truth = [
        one
        for one in begun(world, day)
        if "voice" in media(one) and one["originatingDirection"] == "outbound"
    ]
    assert found == ids(truth) != []


def test_raw_filters_are_asked_as_they_are(command, genesys, lake, world, day):
    body, found = run(command, genesys, lake, day, "--filters", json.dumps(ASK))
    assert body["conversationFilters"] == ASK["conversationFilters"]
    truth = [one for one in begun(world, day) if one["originatingDirection"] == "outbound"]
    assert found == ids(truth) != []


@pytest.mark.parametrize(
    "flags",
    [
        ("--media-type", "carrier-pigeon"),
        ("--direction", "sideways"),
        ("--queue", "no-id"),
        ("--filters", '{"odd": []}'),
        ("--filters", "[1]"),
    ],
)
def test_filters_that_can_match_nothing_are_refused(command, genesys, day, flags):
    genesys = genesys()
    result = command.against(genesys).run("--date", day, *flags).ends(78)
    assert "filter" in result.err
    assert genesys.requests == []


def test_participants_of_filtered_conversations_come_whole(command, genesys, lake, world, day):
    command.against(genesys()).run("--date", day, "--media-type", "email").ends(0)
    truth = [one for one in begun(world, day) if "email" in media(one)]
    assert len(lake.rows(day, "participants")) == len(participants(truth))
    assert len(lake.rows(day, "sessions")) == len(sessions(truth))
