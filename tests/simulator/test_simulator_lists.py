"""The reference lists: how they are paged, what they refuse, and that they tell the same."""

import pytest

from genesys_simulator import World
from genesys_simulator.presences import PRESENCES

SKILLS = "/api/v2/routing/skills"
TEAMS = "/api/v2/teams"


def whole(client, path):
    """Return all entities of a list, by the links of its answers."""
    found = []
    while path:
        answer = client.get(path).json
        found += answer["entities"]
        path = answer.get("nextUri")
    return found


@pytest.fixture
def client(dial):
    return dial()


def test_a_cursor_leads_on_and_tells_no_total(client):
    queue = client.get("/api/v2/routing/queues").json["entities"][0]["id"]
    first = client.get(f"{TEAMS}?pageSize=1").json
    assert first.keys() == {"entities", "selfUri", "nextUri"}
    second = client.get(first["nextUri"]).json
    assert "nextUri" not in second
    assert {one["id"] for one in (*first["entities"], *second["entities"])} == {
        one["id"] for one in whole(client, TEAMS)
    }
    assert client.get(f"{TEAMS}?after={queue}").status == 400


def test_members_tell_no_total_and_a_page_has_a_hundred_at_most(client):
    queue = client.get("/api/v2/routing/queues").json["entities"][0]
    path = f"/api/v2/routing/queues/{queue['id']}/members"
    first = client.get(f"{path}?pageSize=500").json
    assert len(first["entities"]) == first["pageSize"] == 100
    assert not first.keys() & {"total", "pageCount", "lastUri"}
    assert len(whole(client, f"{path}?pageSize=60")) == queue["memberCount"]


@pytest.mark.parametrize(
    "path",
    ["/api/v2/routing/queues/{}/members", "/api/v2/teams/{}/members", "/api/v2/groups/{}/members"],
)
def test_what_is_not_there_has_no_members(client, path):
    assert client.get(path.format("00000000-0000-4000-8000-000000000000")).status == 404


def test_lists_that_are_not_paged_give_everything_whatever_is_asked(client):
    path = "/api/v2/presence/definitions"
    assert len(client.get(f"{path}?pageSize=1").json["entities"]) == len(PRESENCES)
    assert client.get("/api/v2/analytics/dataretention/settings").json["retentionDays"] == 730


def test_users_show_what_they_can_do_only_when_asked_for(client):
    plain = client.get("/api/v2/users").json["entities"][0]
    assert not plain.keys() & {"skills", "languages", "groups"}
    path = "/api/v2/users?expand=skills,languages,presence"
    more = client.get(path).json["entities"][0]
    assert more.keys() - plain.keys() == {"skills", "languages"}
    assert client.get("/api/v2/users?expand=skills,everything").status == 400


def test_a_users_skills_are_those_of_the_list(client):
    names = {one["id"]: one["name"] for one in whole(client, SKILLS)}
    users = whole(client, "/api/v2/users?state=any&expand=skills&pageSize=100")
    told = {(one["id"], one["name"]) for user in users for one in user["skills"]}
    assert told == {*names.items()}
    levels = {one["proficiency"] for user in users for one in user["skills"]}
    assert levels == {1.0, 2.0, 3.0, 4.0, 5.0}


def test_groups_and_users_tell_the_same(client):
    users = whole(client, "/api/v2/users?state=any&expand=groups&pageSize=100")
    by_user = {(one["id"], user["id"]) for user in users for one in user["groups"]}
    by_group = {
        (group["id"], user["id"])
        for group in whole(client, "/api/v2/groups")
        for user in whole(client, f"/api/v2/groups/{group['id']}/members?pageSize=100")
    }
    assert by_group == by_user


def test_any_permission_of_several_will_do(dial):
    path = "/api/v2/outbound/campaigns/all"
    every = {f"outbound:{one}ampaign:view" for one in ("c", "messagingC", "emailC", "whatsAppC")}
    lacking = dial(missing_permissions=frozenset({"outbound:campaign:view"}))
    assert lacking.get(path).status == 200
    refused = dial(missing_permissions=frozenset(every)).get(path)
    assert refused.status == 403
    assert all(one in refused.json["message"] for one in every)


def test_given_conversations_have_lists_of_what_they_speak_of(dial):
    session = {"sessionId": "s", "segments": [{"requestedRoutingSkillIds": ["k-1", "k-2"]}]}
    participant = {"participantId": "p", "userId": "u", "teamId": "t", "sessions": [session]}
    record = {
        "conversationId": "c",
        "conversationStart": "2026-11-22T08:00:00.000Z",
        "participants": [participant],
    }
    client = dial(World.of([record]))
    assert [one["id"] for one in whole(client, SKILLS)] == ["k-1", "k-2"]
    assert [one["id"] for one in whole(client, TEAMS)] == ["t"]
    assert [one["id"] for one in whole(client, "/api/v2/teams/t/members")] == ["u"]
    for path in ("locations", "workforcemanagement/managementunits", "flows/outcomes"):
        assert whole(client, f"/api/v2/{path}") == []


def test_every_world_of_a_seed_has_the_same_lists(dial):
    paths = [SKILLS, TEAMS, "/api/v2/routing/queues?pageSize=500", "/api/v2/users?expand=skills"]
    one, other = (
        dial(World.generated(seed=5, per_day=10)),
        dial(World.generated(seed=5, per_day=10)),
    )
    assert [one.get(path).json for path in paths] == [other.get(path).json for path in paths]
