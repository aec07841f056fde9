"""Queries, lists, counts and limits, held against the contract over plain HTTP."""

from __future__ import annotations

import json

import pytest

from genesys_simulator import World


def test_a_query_pages_by_number_without_attributes(dial):
    client = dial()
    pages = [
        client.query(client.day, paging={"pageSize": 100, "pageNumber": number}).json
        for number in (1, 2, 3, 4)
    ]
    assert [len(page.get("conversations", ())) for page in pages] == [100, 100, 40, 0]
    assert pages[3] == {"totalHits": 240}
    assert '"attributes"' not in json.dumps(pages)
    assert len(client.query(client.day).json["conversations"]) == 25


def test_a_query_refuses_what_the_real_one_refuses(dial):
    client = dial()
    month = client.query("2026-01-01T00:00:00Z/2026-02-02T00:00:00Z")
    assert "does not exceed 31 days" in month.json["message"]
    deep = client.query(client.day, paging={"pageSize": 100, "pageNumber": 1_001})
    assert deep.json["message"].startswith("Pagination may not exceed 100000 results.")
    assert client.query(client.day, paging={"pageSize": 101, "pageNumber": 1}).status == 400
    assert client.query(client.day, paging={"pageSize": 10, "pageNumber": 0}).status == 400


def test_a_querys_depth_can_be_set(dial):
    client = dial(query_depth=200)
    sizes = [client.query(client.day, paging={"pageSize": 100, "pageNumber": n}) for n in (2, 3)]
    assert [one.status for one in sizes] == [200, 400]
    assert "may not exceed 200 results" in sizes[1].json["message"]


def test_stored_doubles_count_as_hits_but_leave_their_pages_short(dial):
    client = dial(query_double=4)
    pages = [
        client.query(client.day, paging={"pageSize": 100, "pageNumber": number}).json
        for number in (1, 2, 3, 4, 5)
    ]
    assert [len(page.get("conversations", ())) for page in pages] == [75, 75, 75, 15, 0]
    assert {page["totalHits"] for page in pages} == {320}
    rows = [row["conversationId"] for page in pages for row in page.get("conversations", ())]
    assert len(set(rows)) == 240


def test_a_query_finds_what_began_on_a_touched_day_and_was_active(dial):
    client = dial()
    interval = "2026-11-22T12:00:00.000Z/2026-11-22T18:00:00.000Z"
    hits = client.query(interval).json["totalHits"]
    rows = [
        row
        for row in client.read()
        if row["conversationStart"] < "2026-11-22T18"
        and row.get("conversationEnd", "9") >= "2026-11-22T12"
    ]
    assert hits == len(rows) == len(client.read(interval))


@pytest.mark.parametrize(("bias", "told"), [(7, 247), (-40, 200), (-1_000, 0)])
def test_a_query_can_be_made_to_miscount_and_still_shows_what_there_is(dial, bias, told):
    client = dial(count_bias=bias)
    paging = {"pageSize": 100, "pageNumber": 3}
    answer = client.query(client.day, paging=paging).json
    assert (answer["totalHits"], len(answer["conversations"])) == (told, 40)


def test_lists_are_paged_and_clamp_their_pages(dial):
    client = dial()
    first = client.get("/api/v2/users?pageSize=60").json
    assert (first["pageNumber"], first["pageSize"], first["pageCount"]) == (1, 60, 2)
    assert len(first["entities"]) == 60
    second = client.get(first["nextUri"]).json
    assert len(second["entities"]) == first["total"] - 60
    assert "nextUri" not in second
    assert second["previousUri"] == first["selfUri"]
    assert client.get("/api/v2/users?pageSize=9999").json["pageSize"] == 500
    assert client.get("/api/v2/users?pageSize=none").status == 400


def test_users_who_left_are_listed_only_when_asked_for(dial):
    client = dial()
    counts = {
        state: client.get(f"/api/v2/users?state={state}").json["total"]
        for state in ("active", "inactive", "deleted", "any")
    }
    assert counts["any"] == counts["active"] + counts["inactive"] + counts["deleted"] == 120
    assert client.get("/api/v2/users").json["total"] == counts["active"]
    assert client.get("/api/v2/users?state=lost").status == 400


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/api/v2/users?state=any&pageSize=500", {"userId"}),
        ("/api/v2/routing/queues?pageSize=500", {"queueId"}),
        ("/api/v2/routing/wrapupcodes?pageSize=500", {"wrapUpCode"}),
        ("/api/v2/authorization/divisions", {"divisionIds"}),
    ],
)
def test_what_conversations_speak_of_stands_in_the_lists(dial, path, fields):
    client = dial()
    listed = {one["id"] for one in client.get(path).json["entities"]}
    found = set()

    def gather(value):
        for key, inner in value.items() if isinstance(value, dict) else ():
            if key in fields:
                found.update(inner if isinstance(inner, list) else [inner])
            gather(inner)
        for inner in value if isinstance(value, list) else ():
            gather(inner)

    gather(client.read())
    assert found
    assert {one for one in found if not one.startswith("ININ-")} <= listed


def test_queues_are_found_by_name(dial):
    answer = dial().get("/api/v2/routing/queues?name=support*").json
    assert [queue["name"] for queue in answer["entities"]] == ["Support 1", "Support 2"]


def test_aggregates_count_conversations_by_medium(dial):
    client = dial()
    path = "/api/v2/analytics/conversations/aggregates/query"
    body = {"interval": client.day, "metrics": ["nConversations", "nConnected"]}
    total = client.call("POST", path, body).json["results"]
    assert total[0]["data"][0]["metrics"][0] == {
        "metric": "nConversations",
        "stats": {"count": 240},
    }
    by_medium = client.call("POST", path, {**body, "groupBy": ["mediaType"]}).json["results"]
    rows = client.read()
    for group in by_medium:
        medium = group["group"]["mediaType"]
        with_it = [
            r
            for r in rows
            if any(s["mediaType"] == medium for p in r["participants"] for s in p["sessions"])
        ]
        assert group["data"][0]["metrics"][0]["stats"]["count"] == len(with_it)
    voice = {"type": "and", "predicates": [{"dimension": "mediaType", "value": "voice"}]}
    filtered = client.call("POST", path, {**body, "filter": voice}).json["results"]
    counts = {one["group"]["mediaType"]: one["data"][0]["metrics"] for one in by_medium}
    assert filtered[0]["data"][0]["metrics"][0] == counts["voice"][0]
    inbound = {
        "type": "and",
        "predicates": [{"dimension": "originatingDirection", "value": "inbound"}],
    }
    assert client.call("POST", path, {**body, "filter": inbound}).status == 200
    assert client.call("POST", path, {**body, "metrics": ["tSystemPresence"]}).status == 400


def test_a_token_may_ask_so_often_a_minute_and_no_more(dial, clock):
    client = dial(requests_per_minute=5)
    path = f"{client.jobs}/availability"
    assert [client.get(path).status for _ in range(5)] == [200] * 5
    clock.pass_by(seconds=42)
    refused = client.get(path)
    assert refused.status == 429
    assert refused.headers["Retry-After"] == "18"
    assert refused.json["code"] == "too.many.requests.retry.after"
    assert refused.json["message"] == (
        "Rate limit exceeded the maximum. Retry the request in [18] seconds"
    )
    assert "inin-ratelimit-count" not in refused.headers
    clock.pass_by(seconds=18)
    assert client.get(path).status == 200


def test_a_limit_is_each_tokens_or_that_of_all_tokens_of_the_client_together(dial):
    for limit_by, second in (("token", 200), ("client", 429)):
        client = dial(requests_per_minute=5, limit_by=limit_by)
        path = f"{client.jobs}/availability"
        assert [client.get(path).status for _ in range(5)] == [200] * 5
        client.sign_in()
        assert client.get(path).status == second


def test_answers_are_gzipped_only_if_wanted_and_told(dial):
    for told, wanted in ((True, "gzip"), (True, "identity"), (False, "gzip")):
        client = dial(gzip=told)
        answer = client.get("/api/v2/users", **{"Accept-Encoding": wanted})
        assert ("Content-Encoding" in answer.headers) == (told and wanted == "gzip")
        assert answer.json["pageNumber"] == 1


def test_requests_are_kept_without_secrets(dial):
    client = dial()
    job = client.submit(limit=3)
    client.get(f"{client.jobs}/{job}?a=1&b=two")
    seen = client.genesys.requests
    assert [one.endpoint for one in seen] == ["token", "submit", "status"]
    assert seen[1].body["limit"] == 3
    assert seen[2].query == {"a": "1", "b": "two"}
    assert [one.headers["authorization"] for one in seen] == ["Basic", "Bearer", "Bearer"]
    assert client.genesys.client_secret not in repr(seen)
    assert client.token not in repr(seen)
    assert client.genesys.asked("submit") == [seen[1]]


def test_aggregates_count_given_records_too(dial):
    record = {
        "conversationStart": "2026-11-22T08:00:00Z",
        "participants": [
            {"sessions": [{"mediaType": "chat", "metrics": [{"name": "nConnected"}]}]}
        ],
    }
    client = dial(World.of([record, record]))
    path = "/api/v2/analytics/conversations/aggregates/query"
    body = {"interval": client.day, "metrics": ["nConversations", "nConnected"]}
    answer = client.call("POST", path, body | {"groupBy": ["mediaType"]}).json["results"]
    counts = [one["stats"]["count"] for one in answer[0]["data"][0]["metrics"]]
    assert (answer[0]["group"], counts) == ({"mediaType": "chat"}, [2, 2])
    empty = {**body, "interval": "2020-01-01T00:00:00Z/2020-01-02T00:00:00Z"}
    assert client.call("POST", path, empty).json == {"results": []}
