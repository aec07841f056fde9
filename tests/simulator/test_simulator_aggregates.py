"""Statistics of the simulated world: those of its records, whoever adds them up."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from genesys_simulator import World
from genesys_simulator.aggregate_ask import read_ask
from genesys_simulator.aggregate_names import NAMES
from genesys_simulator.aggregates import aggregated
from genesys_simulator.times import DAY_MS, Span, to_ms

PATH = "/api/v2/analytics/{}/aggregates/query"
NOW_MS = to_ms(datetime(2026, 12, 1, tzinfo=UTC))
DAY = "2026-11-22T00:00:00.000Z/2026-11-23T00:00:00.000Z"


def told(world: World, kind: str = "conversations", known_ms: int = NOW_MS, **body: Any) -> Any:
    body = {"interval": DAY, "metrics": sorted(NAMES[kind].metrics), **body}
    return aggregated(world.holdings, read_ask(body, NAMES[kind]), known_ms, None)


def records(world: World, days: int) -> World:
    """Return the same conversations, begun up to so many days before the day, as records."""
    end_ms = to_ms(datetime(2026, 11, 23, tzinfo=UTC))
    begun = Span(end_ms - days * DAY_MS, end_ms)
    found = world.holdings.positions(begun, end_ms - DAY_MS - 1_000)
    return World.of(world.holdings.render([*found], attributes=False))


@pytest.mark.parametrize(
    ("kind", "group_by"),
    [
        ("conversations", ["queueId", "mediaType", "originatingDirection", "userId"]),
        ("conversations", ["divisionId", "requestedRoutingSkillId"]),
        ("conversations", []),
        ("flows", ["flowId", "flowType", "mediaType"]),
    ],
)
def test_copies_of_templates_add_up_to_what_their_records_do(kind, group_by):
    world = World.generated(seed=3, per_day=600)
    asked: dict[str, Any] = {"groupBy": group_by, "granularity": "PT30M"}
    found = told(world, kind, **asked)
    assert found
    assert found == told(records(world, 45), kind, **asked)


def test_what_is_not_known_yet_is_not_counted():
    world = World.generated(seed=3, per_day=600)
    noon = to_ms(datetime(2026, 11, 22, 12, tzinfo=UTC))
    early = told(world, known_ms=noon, metrics=["nConversations"])
    (bucket,) = early[0]["data"]
    assert 0 < bucket["metrics"][0]["stats"]["count"] < 600


def test_more_statistics_than_the_limit_are_refused(dial):
    client = dial(most_aggregates=10)
    body = {"interval": client.day, "metrics": ["tTalk"], "groupBy": ["userId"]}
    answer = client.call("POST", PATH.format("conversations"), body)
    assert (answer.status, answer.json["code"]) == (400, "response.entity.too.large")
    few = client.call("POST", PATH.format("conversations"), {**body, "groupBy": []})
    assert few.status == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"metrics": []},
        {"metrics": ["tHandled"]},
        {"groupBy": ["queue"]},
        {"granularity": "30 minutes"},
        {"granularity": "PT0S"},
        {"granularity": "PT1S"},
        {"timeZone": "Berlin"},
        {"interval": "2026-11-22/2026-11-23"},
        {"interval": "2026-01-01T00:00:00Z/2026-03-01T00:00:00Z"},
        {"paging": {"pageSize": 10}},
        {"filter": {"predicates": []}},
        {"filter": {"type": "and", "predicates": [{"dimension": "flowId", "value": "1"}]}},
        {"filter": {"type": "and", "predicates": [{"dimension": "queueId", "operator": "is"}]}},
    ],
)
def test_what_the_api_does_not_know_is_refused(dial, wrong):
    client = dial()
    body = {"interval": client.day, "metrics": ["tTalk"], **wrong}
    assert client.call("POST", PATH.format("conversations"), body).status == 400


def test_users_aggregates_have_no_metrics_of_conversations(dial):
    assert "tHandle" not in NAMES["users"].metrics


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("Asia/Kolkata", "2026-03-29", 24),
        ("Australia/Adelaide", "2026-10-04", 23),
    ],
)
def test_a_day_of_the_zone_is_one_bucket_however_long(zone, day, hours):
    start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    end = (start + timedelta(days=1)).astimezone(UTC)
    interval = f"{start.astimezone(UTC).isoformat()}/{end.isoformat()}"
    body = {"interval": interval, "metrics": ["tTalk"], "timeZone": zone}
    (whole,) = read_ask({**body, "granularity": "P1D"}, NAMES["conversations"]).buckets
    assert whole.end_ms - whole.start_ms == hours * 3_600_000
    halves = read_ask({**body, "granularity": "PT30M"}, NAMES["conversations"]).buckets
    assert len(halves) == 2 * hours


def test_a_filter_finds_sessions_and_its_opposite_the_others():
    world = World.generated(seed=3, per_day=300)
    about = {"type": "dimension", "dimension": "userId"}

    def talk(*predicates: dict[str, Any]) -> int:
        only = {"type": "and", "clauses": [{"type": "or", "predicates": [*predicates]}]}
        found = told(world, metrics=["tTalk"], filter=only)
        return sum(one["data"][0]["metrics"][0]["stats"]["count"] for one in found)

    users = [one["group"] for one in told(world, metrics=["tTalk"], groupBy=["userId"])]
    ids = [one["userId"] for one in users if one]
    matches = [{**about, "operator": "matches", "value": one} for one in ids]
    (whole,) = told(world, metrics=["tTalk"])
    every = whole["data"][0]["metrics"][0]["stats"]["count"]
    absent = talk({**about, "operator": "notExists"})
    assert talk(*matches[:9]) + talk(*matches[9:]) + absent == every
    assert talk({**about, "operator": "exists"}) + absent == every


def test_a_job_answers_what_the_query_answers(dial):
    client = dial(polls=3)
    body = {"interval": client.day, "metrics": ["tTalk"], "groupBy": ["userId"]}
    path = PATH.format("conversations").replace("query", "jobs")
    job = client.call("POST", path, {**body, "pageSize": 7}).json["jobId"]
    states = [client.get(f"{path}/{job}").json["state"] for _ in range(3)]
    assert states == ["QUEUED", "PENDING", "FULFILLED"]
    found, cursor = [], ""
    while cursor is not None:
        page = client.get(f"{path}/{job}/results?cursor={cursor}").json
        assert len(page["results"]) <= 7
        found += page["results"]
        cursor = page.get("cursor")
    assert found == client.call("POST", PATH.format("conversations"), body).json["results"]
    assert job in client.genesys.jobs
    client.call("DELETE", f"{path}/{job}")
    assert not client.genesys.jobs


def test_service_levels_are_those_answered_in_time():
    world = World.generated(seed=3, per_day=600)
    names = ["tAnswered", "tAbandon", "nOverSla", "oServiceLevel", "oServiceTarget"]
    found = told(world, metrics=names, groupBy=["queueId"], granularity="PT1H")
    seen = 0
    for group in found:
        for data in group["data"]:
            stats = {one["metric"]: one["stats"] for one in data["metrics"]}
            counts = [stats.get(name, {}).get("count", 0) for name in names[:3]]
            level = stats.get("oServiceLevel")
            assert ("oServiceTarget" in stats) == ("queueId" in group["group"])
            if level is not None:
                seen += 1
                assert level["denominator"] == counts[0] + counts[1]
                assert level["numerator"] == max(0, counts[0] - counts[2])
                assert level["ratio"] == level["numerator"] / level["denominator"]
    assert seen > 100
    assert json.dumps(found).count("oServiceLevel") == seen
