"""Generated worlds: exact, deterministic, complete, and true to the laws of real records."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest

from fakes import some
from genesys_simulator import World
from genesys_simulator.generated import HORIZON_MS
from genesys_simulator.times import DAY_MS, Span, read, to_ms

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = to_ms(NOON.replace(hour=0))


def ms(instant):
    return some(read(instant))


def written(world, start_ms=DAY, end_ms=DAY + DAY_MS, *, active_ms=None, attributes=True):
    holdings = world.at(NOON)
    found = holdings.positions(
        Span(start_ms, end_ms), start_ms if active_ms is None else active_ms
    )
    return holdings.render(list(found), attributes=attributes)


def parsed(*args, **options):
    return [json.loads(record) for record in written(*args, **options)]


def sessions(record):
    return [(p, s) for p in record["participants"] for s in p.get("sessions", ())]


@pytest.fixture(scope="module")
def records():
    return parsed(World.generated(seed=1, per_day=2_000))


@pytest.mark.parametrize("per_day", [0, 1, 7, 1_000])
@pytest.mark.parametrize("day", ["2019-02-28", "2024-02-29", "2026-11-22", "2031-01-01"])
def test_a_day_has_exactly_the_conversations_asked_for(per_day, day):
    start = to_ms(datetime.fromisoformat(day + "T00:00:00Z"))
    found = parsed(World.generated(seed=3, per_day=per_day), start, start + DAY_MS)
    assert len({one["conversationId"] for one in found}) == per_day
    assert all(one["conversationStart"].startswith(day) for one in found)


def test_ten_million_conversations_a_day_take_no_memory_and_no_time():
    holdings = World.generated(seed=1, per_day=10_000_000).at(NOON)
    found = holdings.positions(Span(DAY, DAY + DAY_MS), DAY)
    assert len(found) == 10_000_000
    page = holdings.render(found.cut(9_999_000, 10_000_000), attributes=True)
    assert len({json.loads(one)["conversationId"] for one in page}) == 1_000


def test_conversations_stand_in_order_of_their_start(records):
    starts = [one["conversationStart"] for one in records]
    assert starts == sorted(starts)


def test_the_same_seed_gives_the_same_bytes_and_another_one_others():
    once = written(World.generated(seed=5, per_day=50))
    assert once == written(World.generated(seed=5, per_day=50))
    assert not set(once) & set(written(World.generated(seed=6, per_day=50)))


def test_ids_never_repeat_between_days_or_conversations():
    world = World.generated(seed=1, per_day=300)
    seen = [one["conversationId"] for one in parsed(world, DAY, DAY + 5 * DAY_MS)]
    assert len(seen) == len(set(seen)) == 1_500


def test_ids_within_a_conversation_differ_and_refer_to_each_other(records):
    for record in records[:200]:
        own = [session["sessionId"] for _, session in sessions(record)]
        assert len(own) == len(set(own))
        assert all(s["peerId"] in own for _, s in sessions(record) if "peerId" in s)


def test_every_medium_and_every_purpose_occurs(records):
    media = {session["mediaType"] for record in records for _, session in sessions(record)}
    purposes = {party["purpose"] for record in records for party in record["participants"]}
    assert media == {
        "callback",
        "chat",
        "cobrowse",
        "email",
        "internalmessage",
        "message",
        "screenmonitoring",
        "screenshare",
        "unknown",
        "video",
        "voice",
    }
    assert purposes == {
        "acd",
        "agent",
        "api",
        "botflow",
        "campaign",
        "customer",
        "dialer",
        "external",
        "fax",
        "group",
        "inbound",
        "ivr",
        "manual",
        "outbound",
        "station",
        "user",
        "voicemail",
        "voicesurveyflow",
        "workflow",
    }


def test_odd_text_and_open_conversations_occur(records):
    text = json.dumps(records, ensure_ascii=False)
    for odd in ("000123", '\\"', "\\n", "\\r\\n", "\\u0007", "😀", '""', "日本語", "\u2028"):
        assert odd in text, odd
    still_open = [one for one in records if "conversationEnd" not in one]
    assert 0.005 < len(still_open) / len(records) < 0.05


def test_conversations_cross_midnight_and_some_end_weeks_later(records):
    lives = [
        ms(one["conversationEnd"]) - ms(one["conversationStart"])
        for one in records
        if "conversationEnd" in one
    ]
    crossing = [one for one in records if one.get("conversationEnd", "") >= "2026-11-23"]
    assert len(crossing) > 5
    assert 14 * DAY_MS < max(lives) < HORIZON_MS


def test_handling_time_is_the_sum_of_its_parts(records):
    parts = ("tTalkComplete", "tHeldComplete", "tAcw", "tDialing", "tContacting")
    handled = 0
    for record in records:
        for _, session in sessions(record):
            sums: dict[str, int] = defaultdict(int)
            for metric in session.get("metrics", ()):
                sums[metric["name"]] += metric["value"]
            if "tHandle" in sums:
                handled += 1
                assert sums["tHandle"] == sum(sums[name] for name in parts)
                assert sums["tTalkComplete"] == sums["tTalk"]
                assert sums["tHeldComplete"] == sums["tHeld"]
    assert handled > 500


def test_metrics_and_segments_stand_in_order_and_times_are_possible(records):
    for record in records:
        for _, session in sessions(record):
            emitted = [metric["emitDate"] for metric in session.get("metrics", ())]
            starts = [segment["segmentStart"] for segment in session.get("segments", ())]
            assert emitted == sorted(emitted)
            assert starts == sorted(starts)
            for segment in session.get("segments", ()):
                assert segment.get("segmentEnd", "9") >= segment["segmentStart"]
                assert segment.get("segmentEnd", "") <= record.get("conversationEnd", "9")
            assert all(metric["value"] >= 0 for metric in session.get("metrics", ()))


def test_what_is_missing_is_absent_never_null(records):
    assert "null" not in {json.dumps(value) for one in records for value in one.values()}
    assert ":null" not in json.dumps(records, separators=(",", ":")).replace('":"null"', "")


def test_the_synchronous_form_lacks_the_attributes_only():
    world = World.generated(seed=1, per_day=100)
    full, bare = parsed(world), parsed(world, attributes=False)
    assert any("attributes" in party for one in full for party in one["participants"])
    for record in full:
        for party in record["participants"]:
            party.pop("attributes", None)
    assert full == bare


def test_an_interval_finds_what_was_active_in_it():
    world = World.generated(seed=2, per_day=150)
    all_day = parsed(world, DAY - 45 * DAY_MS, DAY + DAY_MS, active_ms=DAY - 45 * DAY_MS)
    start, end = DAY + 6 * 3_600_000 + 12_345, DAY + 11 * 3_600_000 + 777
    for first in (DAY, DAY - 45 * DAY_MS):
        wanted = [
            one["conversationId"]
            for one in all_day
            if first <= ms(one["conversationStart"]) < end
            and (
                ms(one["conversationEnd"]) >= start
                if "conversationEnd" in one
                else ms(one["conversationStart"]) >= start - HORIZON_MS
            )
        ]
        found = parsed(world, first, end, active_ms=start)
        assert [one["conversationId"] for one in found] == wanted


def test_an_altered_day_differs_as_told():
    world = World.generated(seed=1, per_day=100)
    later = world.altered(date(2026, 11, 22), drop=3, change=5, add=2)
    before = {one["conversationId"]: one for one in parsed(world)}
    after = {one["conversationId"]: one for one in parsed(later)}
    assert len(before.keys() - after.keys()) == 3
    assert len(after.keys() - before.keys()) == 2
    changed = [one for key, one in after.items() if key in before and one != before[key]]
    assert [one["externalTag"] for one in changed] == ["corrected"] * 5
    assert all("conversationEnd" in one for one in changed)
    day_after = (DAY + DAY_MS, DAY + 2 * DAY_MS)
    assert written(world, *day_after) == written(later, *day_after)


def test_a_world_changes_at_its_instant():
    world = World.generated(seed=1, per_day=10)
    other = World.generated(seed=2, per_day=20)
    changing = world.until(NOON, then=other)
    assert changing.at(NOON - timedelta(milliseconds=1)) is world.holdings
    assert changing.at(NOON) is other.holdings


@pytest.mark.no_cover  # tracing takes its time
def test_more_than_twenty_thousand_conversations_a_second_are_written():
    holdings = World.generated(seed=1, per_day=20_000).at(NOON)
    found = holdings.positions(Span(DAY, DAY + DAY_MS), DAY)
    began = time.process_time()
    for start in range(0, 20_000, 1_000):
        b",".join(holdings.render(found.cut(start, start + 1_000), attributes=True))
    assert time.process_time() - began < 1


def test_conversations_are_about_as_large_as_real_ones():
    size = sum(map(len, written(World.generated(seed=1, per_day=2_000)))) / 2_000
    assert 4_500 < size < 10_000


@pytest.mark.parametrize("per_day", [-1, 1 << 25])
def test_a_world_too_large_for_its_ids_is_refused(per_day):
    with pytest.raises(ValueError, match="per_day"):
        World.generated(per_day=per_day)


def test_given_worlds_can_be_altered_too():
    still = {"conversationId": "a", "conversationStart": "2026-11-22T08:00:00.000Z"}
    world = World.of([still])
    ended = parsed(world.altered(date(2026, 11, 22), change=1))
    assert ended == [
        {**still, "externalTag": "corrected", "conversationEnd": "2026-11-22T09:00:00.000Z"}
    ]
    twins = parsed(world.altered(date(2026, 11, 22), add=1))
    assert len({one["conversationId"] for one in twins}) == 2
