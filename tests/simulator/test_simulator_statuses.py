"""The agents' timeline: true to the conversations, whatever is asked; and how it is served."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from fakes import some
from genesys_simulator import World
from genesys_simulator.presences import PRESENCES
from genesys_simulator.timeline import statuses
from genesys_simulator.times import DAY_MS, HOUR_MS, MINUTE_MS, Span, read, text, to_ms

JOBS = "/api/v2/analytics/users/details/jobs"
QUERY = "/api/v2/analytics/users/details/query"
DAY = "2026-11-22T00:00:00.000Z/2026-11-23T00:00:00.000Z"
FIRST = to_ms(datetime(2026, 11, 22, tzinfo=UTC))
LATER = FIRST + 30 * DAY_MS
NOW = datetime(2026, 12, 24, tzinfo=UTC)
PER_DAY = 900
ROUTING = ("routingStatus", "routingStatus")


@pytest.fixture(scope="module")
def world():
    return World.generated(seed=4, per_day=PER_DAY)


def lines(world, days=1, *, first=FIRST, known_ms=LATER, user_id=None):
    span = Span(first, first + days * DAY_MS)
    return list(statuses(world.at(NOW), span, known_ms=known_ms, user_id=user_id))


def sessions_of(world):
    """Yield who had which session of conversations of the day, by the records alone."""
    holdings = world.at(NOW)
    chain = holdings.positions(Span(FIRST, FIRST + DAY_MS), FIRST)
    for record in holdings.render(list(chain), attributes=False):
        for participant in json.loads(record)["participants"]:
            for session in participant.get("sessions", ()):
                if "userId" in participant:
                    yield participant["userId"], session


def shown(rows, start, end):
    """Return what was shown within a stretch of time."""
    return {row.value for row in rows if row.start_ms < end and (row.end_ms or 1 << 62) > start}


def test_an_agent_is_interacting_while_its_sessions_with_a_queue_are(world):
    routing = {line.user_id: line.routing for line in lines(world, 2)}
    seen = 0
    for user, session in sessions_of(world):
        kinds = {segment["segmentType"] for segment in session["segments"]}
        if kinds == {"alert"} or not any("queueId" in one for one in session["segments"]):
            continue
        for segment in session["segments"]:
            if "segmentEnd" in segment and segment["segmentType"] != "parked":
                start, end = read(segment["segmentStart"]), read(segment["segmentEnd"])
                assert start == end or shown(routing[user], start, end) == {"INTERACTING"}
                seen += 1
    assert seen > PER_DAY


def test_an_agent_is_interacting_at_no_other_time(world):
    working: Counter[bool] = Counter()
    stretches = defaultdict(list)
    for user, session in sessions_of(world):
        if any("queueId" in one for one in session["segments"]):
            for one in session["segments"]:
                ends = read(one.get("segmentEnd")) or FIRST + 3 * DAY_MS
                stretches[user].append((read(one["segmentStart"]), ends))
    for line in lines(world):
        for row in line.routing:
            if row.value == "INTERACTING" and row.start_ms >= FIRST + 4 * HOUR_MS:
                working[
                    any(a <= row.start_ms and row.end_ms for a, _ in stretches[line.user_id])
                ] += 1
    assert working[True]
    assert not working[False]


def test_every_status_of_an_agents_day_occurs(world):
    found = lines(world)
    presences = {row.value for line in found for row in line.presence}
    assert presences >= {
        *("OFFLINE", "AVAILABLE", "ON_QUEUE", "BREAK", "MEAL", "MEETING", "TRAINING", "BUSY"),
    }
    assert {row.value for line in found for row in line.routing} == {
        *("OFF_QUEUE", "IDLE", "INTERACTING", "NOT_RESPONDING", "COMMUNICATING"),
    }


def test_a_presence_of_the_organisations_own_shows_only_in_its_id(world):
    own = {one.ident: one for one in PRESENCES if one.is_own}
    assert {one.label for one in own.values()} == {"Pre Break", "Back Office"}
    found = [row for line in lines(world) for row in line.presence]
    assert {row.organization_presence_id for row in found} & {*own}
    assert {row.value for row in found if row.organization_presence_id in own} == {"BUSY"}


@pytest.mark.parametrize("per_day", [0, 2, PER_DAY])
def test_the_rows_of_a_kind_leave_no_gap_and_are_the_same_whatever_is_asked(per_day):
    world = World.generated(seed=5, per_day=per_day)
    whole = {line.user_id: line for line in lines(world, 4)}
    for line in whole.values():
        for rows in (line.presence, line.routing):
            for one, other in pairwise(rows):
                assert one.end_ms == other.start_ms > one.start_ms
    for day in range(4):
        for line in lines(world, first=FIRST + day * DAY_MS):
            other = whole[line.user_id]
            assert {*line.presence} <= {*other.presence}
            assert {*line.routing} <= {*other.routing}


def test_who_works_is_on_queue_only_during_the_shift_and_never_in_a_break_while_interacting(world):
    for line in lines(world, 2):
        off_queue = [row for row in line.routing if row.value == "OFF_QUEUE"]
        for row in line.presence:
            if row.value != "ON_QUEUE" and row.end_ms is not None:
                assert any(
                    one.start_ms <= row.start_ms and row.end_ms <= (one.end_ms or row.end_ms)
                    for one in merged(off_queue)
                )


def merged(rows):
    """Join rows that follow one another."""
    joined: list[Any] = []
    for row in rows:
        follows = joined and joined[-1].end_ms == row.start_ms
        joined.append(replace(row, start_ms=joined.pop().start_ms) if follows else row)
    return joined


def test_what_is_not_known_yet_is_open_or_absent(world):
    noon = FIRST + 12 * HOUR_MS
    later = {(line.user_id, row) for line in lines(world) for row in line.routing}
    for line in lines(world, known_ms=noon):
        assert line.presence[-1].end_ms is None
        for row in line.routing:
            assert row.start_ms < noon
            assert row.end_ms is None or ((line.user_id, row) in later and row.end_ms < noon)


def test_who_is_on_leave_has_been_offline_for_ever(world):
    left = {one["id"] for one in world.at(NOW).org.users if one["state"] == "inactive"}
    rows = [line.presence for line in lines(world) if line.user_id in left]
    assert len(rows) == len(left)
    assert {(len(one), one[0].value, one[0].end_ms) for one in rows} == {(1, "OFFLINE", None)}


def test_a_day_without_conversations_has_shifts_all_the_same():
    found = lines(World.generated(seed=1, per_day=0))
    assert any(row.value == "IDLE" for line in found for row in line.routing)


def test_records_that_were_given_tell_who_worked_when():
    start = "2026-11-22T10:00:00.000Z"
    record = {
        "conversationId": "1",
        "conversationStart": "2026-11-19T10:00:00.000Z",
        "participants": [
            {
                "userId": "ana",
                "sessions": [
                    {
                        "mediaType": "email",
                        "segments": [
                            {"segmentType": "interact", "segmentStart": start, "queueId": "q"}
                        ],
                    }
                ],
            },
            {"userId": 7, "sessions": [{"segments": [{"segmentStart": 3}]}]},
        ],
    }
    (line,) = lines(World.of([record, b"{", {"conversationStart": start}]))
    assert [row.value for row in line.presence] == [
        *("AVAILABLE", "ON_QUEUE", "AVAILABLE", "OFFLINE"),
    ]
    begun = some(read(start))
    (working,) = [row for row in line.routing if row.value == "INTERACTING"]
    assert (working.start_ms, working.end_ms) == (begun, begun + HOUR_MS)
    assert lines(World.of([record]), user_id="ana") == [line]
    (line,) = lines(World.of([record]), known_ms=begun + MINUTE_MS)
    assert (line.routing[-1].value, line.routing[-1].end_ms) == ("INTERACTING", None)


def submit(client, **body):
    return client.call("POST", JOBS, {"interval": DAY, **body})


def read_all(client, *, size=100, **body):
    """Return the pages of a job."""
    answer = submit(client, **body)
    assert answer.status == 202, answer.body
    job = answer.json["jobId"]
    while client.get(f"{JOBS}/{job}").json["state"] in ("QUEUED", "PENDING"):
        pass
    pages, cursor = [], ""
    while True:
        more = f"&cursor={cursor}" if cursor else ""
        page = client.get(f"{JOBS}/{job}/results?pageSize={size}{more}").json
        pages.append(page)
        cursor = page.get("cursor", "")
        if not cursor:
            return pages


def rows_of(pages, kind="primaryPresence", value="systemPresence"):
    """Return how often each row comes."""
    return Counter(
        (user["userId"], row["startTime"], row.get("endTime"), row.get(value))
        for page in pages
        for user in page["userDetails"]
        for row in user.get(kind, ())
    )


def test_a_job_gives_the_rows_that_touch_its_interval_unclipped(dial, world):
    pages = read_all(dial(world))
    expected = {
        (line.user_id, text(row.start_ms), row.end_ms and text(row.end_ms), row.value)
        for line in lines(world)
        for row in line.presence
    }
    assert {
        (user["userId"], row["startTime"], row.get("endTime"), row["systemPresence"])
        for page in pages
        for user in page["userDetails"]
        for row in user.get("primaryPresence", ())
    } == expected
    assert all(page["dataAvailabilityDate"] for page in pages)


def test_a_status_that_crosses_midnight_comes_again_on_another_page(dial, world):
    found = rows_of(read_all(dial(world), size=20))
    for row, count in found.items():
        crosses = row[2] is not None and row[1][:10] != row[2][:10]
        assert count == (2 if crosses else 1)
    assert {*found.values()} == {1, 2}


def test_a_page_puts_a_user_together_and_holds_fewer(dial, world):
    client = dial(world)
    (page,) = read_all(client, size=10_000)
    users = [user["userId"] for user in page["userDetails"]]
    assert len(users) == len({*users})
    assert {*rows_of([page]).values()} == {1}
    pages = read_all(client, size=150)
    assert len(pages[0]["userDetails"]) < 150


def test_the_query_pages_by_number_and_counts_what_is_stored(dial, world):
    client = dial(world)
    pages = []
    for number in range(1, 100):
        paging = {"pageSize": 100, "pageNumber": number}
        page = client.call("POST", QUERY, {"interval": DAY, "paging": paging}).json
        if "userDetails" not in page:
            break
        pages.append(page)
    assert rows_of(pages).keys() == rows_of(read_all(client)).keys()
    users = {user["userId"] for page in pages for user in page["userDetails"]}
    assert pages[0]["totalHits"] > len(users)


def matching(dimension, value):
    return [{"type": "and", "predicates": [{"dimension": dimension, "value": value}]}]


def test_filters_leave_out_users_and_rows(dial, world):
    client = dial(world)
    user = lines(world)[3].user_id
    pages = read_all(client, userFilters=matching("userId", user))
    assert {one["userId"] for page in pages for one in page["userDetails"]} == {user}
    pages = read_all(client, presenceFilters=matching("systemPresence", "MEAL"))
    assert {row[3] for row in rows_of(pages)} == {"MEAL"}
    pages = read_all(client, routingStatusFilters=matching("routingStatus", "IDLE"))
    assert {row[-1] for row in rows_of(pages, *ROUTING)} == {"IDLE"}
    (page,) = read_all(client, limit=7)
    assert len(page["userDetails"]) == 7


def test_a_late_row_comes_later_and_an_end_too(dial, world, clock):
    clock.time = datetime(2026, 11, 23, tzinfo=UTC)
    client = dial(world, late_status=timedelta(days=2))
    before = rows_of(read_all(client), *ROUTING)
    clock.pass_by(days=3)
    client.sign_in()
    after = rows_of(read_all(client), *ROUTING)
    starts = {(row[0], row[1]) for row in before}
    assert starts < {(row[0], row[1]) for row in after}
    closed = {row for row in before if row[2] is not None}
    assert closed < {*after}
    opened = {row[:2] for row in before if row[2] is None} & {row[:2] for row in after if row[2]}
    assert len(opened) > len(before) / 20


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (JOBS, {"orderBy": "conversationStart"}),
        (JOBS, {"paging": {}}),
        (JOBS, {"segmentFilters": []}),
        (JOBS, {"limit": 0}),
        (JOBS, {"order": "up"}),
        (JOBS, {"interval": "yesterday"}),
        (JOBS, {"userFilters": matching("queueId", "1")}),
        (JOBS, {"presenceFilters": matching("routingStatus", "IDLE")}),
        (QUERY, {"limit": 3}),
        (QUERY, {"paging": {"pageSize": 101}}),
        (QUERY, {"interval": "2026-11-01T00:00:00Z/2026-11-09T00:00:00Z"}),
        (QUERY, {"presenceAggregations": [{}]}),
    ],
)
def test_what_the_api_does_not_know_is_refused(dial, world, path, body):
    answer = dial(world).call("POST", path, {"interval": DAY, **body})
    assert answer.status == 400
    assert answer.json["message"]


def test_a_longer_query_needs_a_filter(dial, world):
    body = {
        "interval": "2026-11-01T00:00:00Z/2026-11-20T00:00:00Z",
        "userFilters": matching("userId", lines(world)[0].user_id),
    }
    assert dial(world).call("POST", QUERY, body).status == 200


def test_its_availability_is_one_of_its_own(dial, world):
    client = dial(world, lag=timedelta(hours=1), status_lag=timedelta(hours=5))
    other = "/api/v2/analytics/conversations/details/jobs"
    found = [client.get(f"{path}/availability").json for path in (JOBS, other)]
    assert [one["dataAvailabilityDate"][11:16] for one in found] == ["07:00", "11:00"]


def test_its_permission_and_its_jobs_are_of_their_own(dial, world):
    client = dial(world, missing_permissions=frozenset({"analytics:userDetail:view"}))
    assert submit(client).status == 403
    assert "analytics:userDetail:view" in submit(client).json["message"]
    other = dial(world)
    job = submit(other).json["jobId"]
    assert other.genesys.jobs == {job: "PENDING"}
    assert other.get(f"/api/v2/analytics/conversations/details/jobs/{job}").status == 404
    assert other.call("DELETE", f"{JOBS}/{job}").status == 204
    assert not other.genesys.jobs


def test_every_presence_of_a_status_is_in_the_list_of_definitions(dial, world):
    client = dial(world)
    listed = client.get("/api/v2/presence/definitions").json["entities"]
    named = {one["id"]: one["systemPresence"].replace(" ", "_").upper() for one in listed}
    users = [user for page in read_all(client) for user in page["userDetails"]]
    rows = [row for user in users for row in user.get("primaryPresence", ())]
    assert rows
    assert all(named[row["organizationPresenceId"]] == row["systemPresence"] for row in rows)
