"""The official SDK against the simulator: what it can't read, the simulator says wrong.

A stage of its own (`make test-sdk`): the SDK is large, and its import takes seconds.
"""

from __future__ import annotations

import importlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from genesys_simulator import Options, World, serve
from genesys_simulator.presences import PRESENCES

pytestmark = [
    pytest.mark.sdk,
    # The SDK's own business: it is generated code for old Pythons.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::SyntaxWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

DAY = "2026-11-22T00:00:00.000Z/2026-11-23T00:00:00.000Z"
PER_DAY = 700


@pytest.fixture(scope="module")
def sdk():
    return importlib.import_module("PureCloudPlatformClientV2")


@pytest.fixture(scope="module")
def genesys():
    options = Options(now=lambda: datetime(2026, 12, 24, 12, tzinfo=UTC), polls=3)
    with serve(World.generated(seed=1, per_day=PER_DAY), options) as running:
        yield running


@pytest.fixture(scope="module")
def client(sdk, genesys):
    sdk.configuration.host = genesys.base_url
    api = sdk.api_client.ApiClient()
    return api.get_client_credentials_token(genesys.client_id, genesys.client_secret)


@pytest.fixture(scope="module")
def analytics(sdk, client):
    return sdk.AnalyticsApi(client)


def ask(sdk, **more):
    body = sdk.AsyncConversationQuery()
    body.interval = DAY
    body.order = "asc"
    body.order_by = "conversationStart"
    body.start_of_day_interval_matching = True
    for name, value in more.items():
        setattr(body, name, value)
    return body


def read(analytics, body):
    """Submit, poll and page as the SDK's users do; delete at the end."""
    job = analytics.post_analytics_conversations_details_jobs(body).job_id
    states: list[str] = []
    while not states or states[-1] in ("QUEUED", "PENDING"):
        states.append(analytics.get_analytics_conversations_details_job(job).state)
    assert states == ["QUEUED", "PENDING", "FULFILLED"]
    rows = []
    more: dict[str, str] = {}
    while True:
        page = analytics.get_analytics_conversations_details_job_results(
            job, page_size=200, **more
        )
        rows += page.conversations
        if page.cursor is None:
            break
        more = {"cursor": page.cursor}
    analytics.delete_analytics_conversations_details_job(job)
    return job, rows


def test_it_signs_in(client):
    assert client.access_token.startswith("simulated-token-")


def test_it_sees_how_far_the_data_is(analytics):
    available = analytics.get_analytics_conversations_details_jobs_availability()
    assert available.data_availability_date == datetime(2026, 12, 24, 12, tzinfo=UTC)


def test_its_objects_hold_every_value_of_a_job(sdk, client, genesys, analytics):
    job, rows = read(analytics, ask(sdk))
    assert len(rows) == PER_DAY
    assert job not in genesys.jobs
    holdings = genesys.world.holdings
    found = holdings.positions(*_day())
    for row, record in zip(rows, holdings.render(list(found), attributes=True), strict=True):
        held = client.sanitize_for_serialization(row)
        assert _plain(held) == _plain(json.loads(record))


def test_no_value_is_outside_the_sdks_enumerations(sdk, client, analytics):
    _, rows = read(analytics, ask(sdk))
    assert "outdated_sdk_version" not in json.dumps(client.sanitize_for_serialization(rows))


def test_it_filters(sdk, analytics):
    voice = sdk.SegmentDetailQueryPredicate()
    voice.type, voice.dimension, voice.operator = "dimension", "mediaType", "matches"
    voice.value = "chat"
    both = sdk.SegmentDetailQueryFilter()
    both.type, both.predicates = "and", [voice]
    _, rows = read(analytics, ask(sdk, segment_filters=[both]))
    media = [{s.media_type for p in row.participants for s in p.sessions} for row in rows]
    assert 0 < len(rows) < PER_DAY
    assert all("chat" in one for one in media)


def test_it_queries_and_pages_by_number(sdk, analytics):
    body = sdk.ConversationQuery()
    body.interval = DAY
    body.paging = sdk.PagingSpec()
    body.paging.page_size, body.paging.page_number = 100, 7
    page = analytics.post_analytics_conversations_details_query(body)
    assert page.total_hits == PER_DAY
    assert len(page.conversations) == 100
    assert page.conversations[0].conversation_start.date().isoformat() == "2026-11-22"
    body.paging.page_number = 8
    assert analytics.post_analytics_conversations_details_query(body).conversations is None


def test_it_counts(sdk, analytics):
    body = sdk.ConversationAggregationQuery()
    body.interval, body.metrics = DAY, ["nConnected"]
    body.group_by = ["mediaType"]
    answer = analytics.post_analytics_conversations_aggregates_query(body)
    assert answer.results[0].data[0].metrics[0].stats.count > 0


def test_it_reads_the_users_details_of_a_job(sdk, client, genesys, analytics):
    available = analytics.get_analytics_users_details_jobs_availability()
    assert available.data_availability_date == datetime(2026, 12, 24, 12, tzinfo=UTC)
    body = sdk.AsyncUserDetailsQuery()
    body.interval, body.order = DAY, "asc"
    job = analytics.post_analytics_users_details_jobs(body).job_id
    while analytics.get_analytics_users_details_job(job).state != "FULFILLED":
        pass
    users: list[Any] = []
    more: dict[str, Any] = {}
    while True:
        page = analytics.get_analytics_users_details_job_results(job, page_size=50, **more)
        users += page.user_details
        if page.cursor is None:
            break
        more = {"cursor": page.cursor}
    analytics.delete_analytics_users_details_job(job)
    assert job not in genesys.jobs
    rows = [row for user in users for row in user.primary_presence or ()]
    assert {row.system_presence for row in rows} >= {"ON_QUEUE", "OFFLINE", "BUSY"}
    assert all(row.organization_presence_id and row.start_time for row in rows)
    assert {row.end_time is None for row in rows} == {False, True}
    rows = [row for user in users for row in user.routing_status or ()]
    assert {row.routing_status for row in rows} >= {"INTERACTING", "IDLE", "OFF_QUEUE"}
    assert "outdated_sdk_version" not in json.dumps(client.sanitize_for_serialization(users))


def test_it_queries_the_users_details_of_one(sdk, analytics):
    body = sdk.UserDetailsQuery()
    body.interval, body.paging = DAY, sdk.PagingSpec()
    body.paging.page_size, body.paging.page_number = 100, 1
    user = analytics.post_analytics_users_details_query(body).user_details[-1].user_id
    one, both = sdk.UserDetailQueryPredicate(), sdk.UserDetailQueryFilter()
    one.type, one.dimension, one.operator, one.value = "dimension", "userId", "matches", user
    both.type, both.predicates, body.user_filters = "and", [one], [both]
    page = analytics.post_analytics_users_details_query(body)
    assert {found.user_id for found in page.user_details} == {user}
    assert page.total_hits >= 1


@pytest.mark.parametrize(
    ("api", "method", "total"),
    [
        ("UsersApi", "get_users", 120),
        ("RoutingApi", "get_routing_queues", 28),
        ("RoutingApi", "get_routing_wrapupcodes", 24),
        ("AuthorizationApi", "get_authorization_divisions", 4),
        ("RoutingApi", "get_routing_skills", 9),
        ("RoutingApi", "get_routing_languages", 3),
        ("GroupsApi", "get_groups", 4),
        ("LocationsApi", "get_locations", 2),
        ("ArchitectApi", "get_flows_outcomes", 2),
        ("ArchitectApi", "get_flows_milestones", 2),
        ("OutboundApi", "get_outbound_campaigns_all", 3),
        ("OutboundApi", "get_outbound_contactlists", 2),
        ("QualityApi", "get_quality_forms_evaluations", 1),
        ("QualityApi", "get_quality_forms_surveys", 1),
    ],
)
def test_it_lists(sdk, client, api, method, total):
    list_them = getattr(getattr(sdk, api)(client), method)
    more = {"state": "any"} if api == "UsersApi" else {}
    found, number = [], 1
    while True:
        page = list_them(page_size=50, page_number=number, **more)
        found += [(one.id, one.name) for one in page.entities]
        if page.next_uri is None:
            break
        number += 1
    assert len(set(found)) == page.total == total
    assert all(name for _, name in found)


@pytest.mark.parametrize(
    ("api", "method", "total"),
    [
        ("RoutingApi", "get_routing_skillgroups", 3),
        ("TeamsApi", "get_teams", 2),
        ("PresenceApi", "get_presence_definitions", len(PRESENCES)),
        ("WorkforceManagementApi", "get_workforcemanagement_businessunits", 1),
        ("WorkforceManagementApi", "get_workforcemanagement_managementunits", 2),
    ],
)
def test_it_lists_what_has_no_numbers(sdk, client, api, method, total):
    found = getattr(getattr(sdk, api)(client), method)().entities
    assert len({one.id for one in found}) == total
    assert all(one.name for one in found)


def test_it_reads_who_can_do_what(sdk, client):
    users = sdk.UsersApi(client).get_users(page_size=100, expand=["skills", "languages"])
    assert all(0 < one.proficiency <= 5 for user in users.entities for one in user.skills)
    assert all(user.languages for user in users.entities)
    assert {user.manager.id for user in users.entities}


def test_it_reads_what_a_queue_promises_and_its_members(sdk, client):
    routing = sdk.RoutingApi(client)
    queue = routing.get_routing_queues(page_size=1).entities[0]
    assert queue.media_settings.call.service_level.duration_ms > 0
    assert queue.media_settings.email.alerting_timeout_seconds == 300
    members = routing.get_routing_queue_members(queue.id, page_size=100)
    more = routing.get_routing_queue_members(queue.id, page_size=100, page_number=2)
    assert len([*members.entities, *more.entities]) == queue.member_count
    assert members.next_uri
    assert more.next_uri is None
    assert {one.member_by for one in members.entities} == {"user", "group"}


def test_it_reads_the_members_of_teams_and_groups(sdk, client):
    teams, groups = sdk.TeamsApi(client), sdk.GroupsApi(client)
    team, group = teams.get_teams().entities[0], groups.get_groups().entities[0]
    assert len(teams.get_team_members(team.id, page_size=100).entities) == 100
    assert all(one.name for one in groups.get_group_members(group.id).entities)


def test_it_reads_how_long_conversations_are_kept(analytics):
    assert analytics.get_analytics_dataretention_settings().retention_days == 730


def test_it_reads_errors(sdk, analytics):
    with pytest.raises(sdk.rest.ApiException) as caught:
        analytics.get_analytics_conversations_details_job("00000000-0000-4000-8000-00000000dead")
    assert caught.value.status == 404
    assert json.loads(caught.value.body)["code"] == "not.found"


def _day():
    times = importlib.import_module("genesys_simulator.times")
    start_ms = times.to_ms(datetime(2026, 11, 22, tzinfo=UTC))
    return times.Span(start_ms, start_ms + times.DAY_MS), start_ms


def _plain(value):
    """Bring two spellings of one record together: no nulls, times as numbers, keys sorted."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in sorted(value.items()) if one is not None}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, str) and value[:4].isdigit() and value[10:11] == "T":
        return datetime.fromisoformat(value).timestamp()
    return value


AGGREGATES = [
    ("Conversation", "conversations", ["queueId", "userId"], ["nOffered", "tTalk"]),
    ("Flow", "flows", ["flowId"], ["nFlow", "tFlow"]),
    ("User", "users", ["userId"], ["tSystemPresence", "tAgentRoutingStatus"]),
]


def statistics(sdk, model, group_by, metrics):
    body = getattr(sdk, model)()
    body.interval, body.granularity, body.time_zone = DAY, "PT30M", "Europe/Berlin"
    body.group_by, body.metrics = group_by, metrics
    return body


@pytest.mark.parametrize(("model", "kind", "group_by", "metrics"), AGGREGATES)
def test_it_reads_aggregates_by_query_and_by_job(
    sdk, client, analytics, model, kind, group_by, metrics
):
    body = statistics(sdk, f"{model}AggregationQuery", group_by, metrics)
    answer = getattr(analytics, f"post_analytics_{kind}_aggregates_query")(body)
    queried = client.sanitize_for_serialization(answer.results)
    assert {one["metric"] for each in queried for d in each["data"] for one in d["metrics"]} == {
        *metrics
    }
    body = statistics(sdk, f"{model}AsyncAggregationQuery", group_by, metrics)
    body.page_size = 50
    job = getattr(analytics, f"post_analytics_{kind}_aggregates_jobs")(body).job_id
    states: list[str] = []
    while not states or states[-1] in ("QUEUED", "PENDING"):
        states.append(getattr(analytics, f"get_analytics_{kind}_aggregates_job")(job).state)
    assert states == ["QUEUED", "PENDING", "FULFILLED"]
    rows: list[Any] = []
    more: dict[str, Any] = {}
    while True:
        pages = getattr(analytics, f"get_analytics_{kind}_aggregates_job_results")
        page = pages(job, **more)
        rows += page.results
        if page.cursor is None:
            break
        more = {"cursor": page.cursor}
    assert client.sanitize_for_serialization(rows) == queried
    assert "outdated_sdk_version" not in json.dumps(queried)
    getattr(analytics, f"delete_analytics_{kind}_aggregates_job")(job)
