"""The contract of the API, held against the simulator over plain HTTP."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from genesys_simulator import World

NEXT_DAY = "2026-11-23T00:00:00.000Z/2026-11-24T00:00:00.000Z"


def test_a_client_signs_in_with_its_credentials(dial):
    answer = dial(token_lifetime_s=300).sign_in()
    assert answer.status == 200
    assert answer.json == {
        "access_token": "simulated-token-0002",
        "token_type": "bearer",
        "expires_in": 300,
    }


def test_the_grant_may_stand_in_the_query(dial):
    client = dial()
    pair = f"{client.genesys.client_id}:{client.genesys.client_secret}".encode()
    answer = client.send(
        "POST",
        "/oauth/token?grant_type=client_credentials",
        headers={"Authorization": f"Basic {base64.b64encode(pair).decode()}"},
    )
    assert answer.status == 200


@pytest.mark.parametrize(
    ("wrong", "status", "description"),
    [
        ({"client": "nobody"}, 400, "client not found"),
        ({"secret": "guess"}, 401, "authentication failed"),
    ],
)
def test_wrong_credentials_are_refused_in_the_login_hosts_shape(dial, wrong, status, description):
    answer = dial().sign_in(**wrong)
    assert answer.status == status
    assert answer.json == {
        "error": "invalid_client",
        "description": description,
        "error_description": description,
    }


def test_other_grants_and_broken_headers_are_refused(dial):
    client = dial()
    assert client.sign_in(grant_type="password").json["error"] == "unsupported_grant_type"
    for header in ("Basic !", "Basic " + base64.b64encode(b"nocolon").decode(), ""):
        answer = client.send(
            "POST",
            "/oauth/token?grant_type=client_credentials",
            headers={"Authorization": header},
        )
        assert answer.json["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("token", "code"),
    [("", "authentication.required"), ("Bearer made-up", "bad.credentials")],
)
def test_without_a_living_token_nothing_is_answered(dial, token, code):
    client = dial()
    headers = {"Authorization": token} if token else {}
    answer = client.send("GET", f"{client.jobs}/availability", headers=headers)
    assert (answer.status, answer.json["code"]) == (401, code)


def test_a_token_dies_when_its_time_is_over(dial, clock):
    client = dial(token_lifetime_s=300)
    clock.pass_by(seconds=299)
    assert client.get(f"{client.jobs}/availability").status == 200
    clock.pass_by(seconds=1)
    answer = client.get(f"{client.jobs}/availability")
    assert (answer.status, answer.json["code"]) == (401, "credentials.expired")
    client.sign_in()
    assert client.get(f"{client.jobs}/availability").status == 200


def test_errors_have_the_apis_shape_and_the_correlation_id(dial):
    client = dial()
    answer = client.get("/api/v2/nothing")
    assert answer.status == 404
    assert answer.json == {
        "message": "The requested resource was not found: /api/v2/nothing",
        "code": "not.found",
        "status": 404,
        "contextId": answer.headers["ININ-Correlation-Id"],
        "details": [],
        "errors": [],
    }


def test_a_missing_permission_is_named(dial):
    client = dial(missing_permissions=frozenset({"analytics:conversationDetail:view"}))
    answer = client.call("POST", client.jobs, {"interval": client.day})
    assert answer.status == 403
    assert answer.json["code"] == "missing.permissions"
    assert "analytics:conversationDetail:view" in answer.json["message"]
    assert client.get("/api/v2/authorization/divisions").status == 200


def test_a_job_goes_from_queued_over_pending_to_fulfilled(dial):
    client = dial(polls=4)
    job = client.submit()
    states = [client.get(f"{client.jobs}/{job}") for _ in range(5)]
    assert [one.json["state"] for one in states] == [
        "QUEUED",
        "PENDING",
        "PENDING",
        "FULFILLED",
        "FULFILLED",
    ]
    assert [one.status for one in states] == [202, 202, 202, 200, 200]
    assert states[0].json["submissionDate"] == "2026-12-24T12:00:00.000Z"
    assert states[0].json["expirationDate"] == "2026-12-31T12:00:00.000Z"
    assert "completionDate" not in states[0].json
    assert states[4].json["completionDate"] == "2026-12-24T12:00:00.000Z"


def test_results_are_refused_until_the_job_is_fulfilled(dial):
    client = dial()
    job = client.submit()
    assert client.results(job).status == 400
    client.get(f"{client.jobs}/{job}")
    assert client.results(job).status == 200


def test_cursors_lead_through_all_results_once(dial):
    rows = dial().read(size=100)
    assert len(rows) == len({row["conversationId"] for row in rows}) == 240
    starts = [row["conversationStart"] for row in rows]
    assert starts == sorted(starts)
    assert any("attributes" in party for row in rows for party in row["participants"])


def test_a_cursor_can_be_asked_again(dial):
    client = dial()
    job = client.submit()
    client.get(f"{client.jobs}/{job}")
    first = client.results(job, size=150).json
    assert len(first["conversations"]) == 150
    once, again = (client.results(job, first["cursor"], 150).json for _ in range(2))
    assert once == again
    assert len(once["conversations"]) == 90
    assert "cursor" not in once
    assert client.results(job, "bm9uc2Vuc2U=").status == 400


def test_an_oversized_page_is_clamped_and_a_nonsensical_one_refused(dial):
    client = dial(max_page_size=10)
    job = client.submit()
    client.get(f"{client.jobs}/{job}")
    assert len(client.results(job, size=500).json["conversations"]) == 10
    assert client.get(f"{client.jobs}/{job}/results?pageSize=x").status == 400


def test_a_deleted_or_unknown_job_is_not_found(dial):
    client = dial()
    job = client.submit()
    assert client.genesys.jobs == {job: "PENDING"}
    assert client.call("DELETE", f"{client.jobs}/{job}").status == 204
    assert client.genesys.jobs == {}
    for gone in (job, "00000000-0000-4000-8000-00000000dead"):
        assert client.get(f"{client.jobs}/{gone}").json["code"] == "not.found"
        assert client.results(gone).status == 404
        assert client.call("DELETE", f"{client.jobs}/{gone}").status == 404


def test_a_job_of_an_empty_day_has_one_page_without_rows(dial):
    client = dial(World.generated(per_day=0))
    job = client.submit()
    client.get(f"{client.jobs}/{job}")
    page = client.results(job).json
    assert page == {"conversations": [], "dataAvailabilityDate": "2026-12-24T12:00:00.000Z"}


def test_a_job_finds_conversations_of_earlier_days_unless_told(dial):
    client = dial()
    all_active = client.read(NEXT_DAY, startOfDayIntervalMatching=False)
    of_day = client.read(NEXT_DAY)
    assert {row["conversationStart"][:10] for row in of_day} == {"2026-11-23"}
    earlier = [row for row in all_active if row["conversationStart"] < "2026-11-23"]
    assert len(of_day) == 240
    assert len(all_active) == 240 + len(earlier) > 250
    assert all(row.get("conversationEnd", "9") >= "2026-11-23" for row in earlier)


def test_order_and_limit_are_kept(dial):
    client = dial()
    rows = client.read(order="desc", limit=7)
    assert rows == list(reversed(client.read()))[:7]
    ends = [row.get("conversationEnd", "9") for row in client.read(orderBy="conversationEnd")]
    assert ends == sorted(ends)
    firsts = [
        min(
            g["segmentStart"]
            for p in r["participants"]
            for s in p["sessions"]
            for g in s["segments"]
        )
        for r in client.read(orderBy="segmentStart")
    ]
    assert firsts == sorted(firsts)


def test_the_lake_is_behind_and_leaves_out_what_is_later(dial, clock):
    clock.time = datetime(2026, 11, 22, 15, tzinfo=UTC)
    client = dial(lag=timedelta(hours=3))
    available = client.get(f"{client.jobs}/availability").json
    assert available == {"dataAvailabilityDate": "2026-11-22T12:00:00.000Z"}
    latest = client.read()[-1]["conversationStart"]
    assert "2026-11-22T11" <= latest < "2026-11-22T12:00:00.000Z"
    hits = client.query(client.day).json["totalHits"]
    assert len(client.read()) < hits < 240
    clock.pass_by(hours=13)
    assert len(client.read()) == 240


def test_a_job_keeps_what_it_found_when_the_world_changes(dial, clock):
    later = clock.now() + timedelta(hours=1)
    day = datetime(2026, 11, 22, tzinfo=UTC).date()
    world = World.generated(seed=1, per_day=240)
    client = dial(world.until(later, then=world.altered(day, drop=40)))
    job = client.submit()
    client.get(f"{client.jobs}/{job}")
    clock.pass_by(hours=2)
    assert len(client.results(job, size=1_000).json["conversations"]) == 240
    assert len(client.read()) == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"interval": "yesterday"},
        {"interval": "2026-11-22T00:00:00Z"},
        {"interval": "2026-11-22T00:00:00/2026-11-23T00:00:00"},
        {"interval": "2026-11-23T00:00:00Z/2026-11-22T00:00:00Z"},
        {"interval": NEXT_DAY, "paging": {"pageSize": 5, "pageNumber": 1}},
        {"interval": NEXT_DAY, "order": "up"},
        {"interval": NEXT_DAY, "limit": -1},
        {"interval": NEXT_DAY, "segmentFilters": {}},
        {"interval": NEXT_DAY, "segmentFilters": [{"predicates": []}]},
        {
            "interval": NEXT_DAY,
            "segmentFilters": [{"type": "and", "predicates": [{"dimension": "x"}]}],
        },
        {
            "interval": NEXT_DAY,
            "conversationFilters": [
                {"type": "and", "predicates": [{"dimension": "mediaType", "value": "voice"}]}
            ],
        },
        ["no object"],
    ],
)
def test_a_malformed_job_is_refused(dial, body):
    client = dial()
    answer = client.call("POST", client.jobs, body)
    assert answer.status == 400
    assert answer.json["contextId"]


def test_offsets_in_intervals_are_understood(dial):
    client = dial()
    berlin = client.read("2026-11-22T00:00:00.000+01:00/2026-11-23T00:00:00+01:00")
    assert berlin[0]["conversationStart"] >= "2026-11-21"
    assert berlin[-1]["conversationStart"] < "2026-11-22T23"
