"""Generated worlds are believable: waits, abandons, agents, callers and wrap-ups look real."""

from __future__ import annotations

import json
from collections import Counter, defaultdict

import pytest

from genesys_simulator import World
from genesys_simulator.times import DAY_MS, HOUR_MS, Span, read

DAY = 20_779 * DAY_MS
TALKED = ("voice", "callback", "video")


def records(*, seed=1, per_day=5_000, start_ms=DAY, end_ms=DAY + DAY_MS):
    holdings = World.generated(seed=seed, per_day=per_day).holdings
    found = holdings.positions(Span(start_ms, end_ms), start_ms)
    return [json.loads(one) for one in holdings.render(list(found), attributes=False)]


def legs(record):
    for party in record["participants"]:
        for session in party.get("sessions", ()):
            yield party, session


def readings(found, name, media="voice"):
    return [
        metric["value"]
        for record in found
        for _, session in legs(record)
        for metric in session.get("metrics", ())
        if session["mediaType"] == media and metric["name"] == name
    ]


def work_of(found):
    """Return, by agent and by whether they talk or write, from when to when each contact was.

    What is parked occupies nobody, and of what never ends only the recorded part is known.
    """
    work = defaultdict(list)
    for record in found:
        spans: dict[tuple, list] = defaultdict(list)
        for party, session in legs(record):
            if "userId" in party:
                talked = session["mediaType"] in TALKED
                spans[party["userId"], talked] += [
                    (read(segment["segmentStart"]), read(segment["segmentEnd"]))
                    for segment in session.get("segments", ())
                    if segment["segmentType"] != "parked" and "segmentEnd" in segment
                ]
        for key, times in spans.items():
            if times:
                work[key].append((min(a for a, _ in times), max(b for _, b in times)))
    return work


def at_once(spans):
    """Return how many spans overlap at most."""
    steps = sorted([(a, 1) for a, _ in spans] + [(b, -1) for _, b in spans])
    level = most = 0
    for _, step in steps:
        level += step
        most = max(most, level)
    return most


@pytest.fixture(scope="module", params=[1, 2, 3, 4, 5])
def day(request):
    return records(seed=request.param)


def test_four_of_five_calls_are_answered_within_twenty_seconds(day):
    waits, abandoned = readings(day, "tAnswered"), readings(day, "tAbandon")
    over = sum(readings(day, "nOverSla"))
    assert 20_000 < sum(waits) / len(waits) < 60_000
    assert 0.75 < sum(wait <= 20_000 for wait in waits) / len(waits) < 0.85
    assert over == sum(wait > 20_000 for wait in waits)
    assert 0.75 < (len(waits) - over) / (len(waits) + len(abandoned)) < 0.85


def test_a_few_per_cent_of_the_callers_give_up_and_some_at_once(day):
    offered, abandoned = readings(day, "nOffered"), readings(day, "tAbandon")
    assert 0.03 < len(abandoned) / len(offered) < 0.08
    short = readings(day, "tShortAbandon")
    assert 0.1 < len(short) / len(abandoned) < 0.4
    assert sorted(short) == sorted(wait for wait in abandoned if wait < 5_000)


def test_an_agent_has_one_call_or_up_to_four_written_contacts_at_a_time(day):
    work = work_of(day)
    assert max(at_once(spans) for (_, talked), spans in work.items() if talked) == 1
    written = [at_once(spans) for (_, talked), spans in work.items() if not talked]
    assert 2 <= max(written) <= 4


def test_agents_take_some_dozens_of_calls_in_a_shift_of_six_hours(day):
    shifts = [spans for (_, talked), spans in work_of(day).items() if talked]
    assert 15 < sum(map(len, shifts)) / len(shifts) < 40
    assert all(max(spans)[1] - min(spans)[0] < 8 * HOUR_MS for spans in shifts)


def test_a_few_per_cent_of_the_callers_call_again(day):
    callers = Counter(
        session["ani"]
        for record in day
        for party, session in legs(record)
        if party["purpose"] == "customer"
        and session["mediaType"] == "voice"
        and session["direction"] == "inbound"
    )
    assert 0.02 < sum(calls > 1 for calls in callers.values()) / len(callers) < 0.06


def test_who_calls_again_has_the_same_name_and_contact(day):
    names, contacts = defaultdict(set), defaultdict(set)
    for party, session in (leg for record in day for leg in legs(record)):
        if party["purpose"] == "customer" and "ani" in session:
            number = session["ani" if session["direction"] == "inbound" else "dnis"]
            names[number].add(party.get("participantName"))
            contacts[number].add(party.get("externalContactId"))
    assert {len(known) for known in names.values()} == {1}
    assert {len(known - {None}) for known in contacts.values()} == {0, 1}


def test_some_wrap_up_codes_are_used_much_more_than_others(day):
    used = Counter(
        segment["wrapUpCode"]
        for record in day
        for _, session in legs(record)
        for segment in session.get("segments", ())
        if "wrapUpCode" in segment
    )
    (_, most), *_, (_, fewest) = used.most_common()
    assert 0.15 < most / used.total() < 0.35
    assert fewest / used.total() < 0.02


def test_a_call_is_handled_in_minutes(day):
    handled = readings(day, "tHandle")
    assert 240_000 < sum(handled) / len(handled) < 480_000


def test_most_bots_contain_their_conversations(day):
    purposes = [[party["purpose"] for party in one["participants"]] for one in day]
    bots = [each for each in purposes if "botflow" in each]
    assert 0.5 < sum("acd" not in each for each in bots) / len(bots) < 0.7


@pytest.mark.parametrize("per_day", [10, 300, 1_000, 8_000])
@pytest.mark.parametrize("seed", [6, 7])
def test_nobody_has_two_calls_at_once_in_a_world_of_any_size(per_day, seed):
    work = work_of(records(seed=seed, per_day=per_day))
    assert max(at_once(spans) for (_, talked), spans in work.items() if talked) == 1
    assert max(at_once(spans) for (_, talked), spans in work.items() if not talked) <= 4


@pytest.mark.parametrize("hours", [(0, 2), (5, 7)])
def test_nobody_has_two_calls_at_once_where_days_have_twins(hours):
    first, last = (DAY + hour * HOUR_MS for hour in hours)
    work = work_of(records(per_day=290_000, start_ms=first, end_ms=last))
    assert len(work) > 100
    assert max(at_once(spans) for (_, talked), spans in work.items() if talked) == 1
    assert max(at_once(spans) for (_, talked), spans in work.items() if not talked) <= 4


def test_nobody_has_two_calls_at_once_about_midnight():
    found = records(start_ms=DAY - 3 * HOUR_MS, end_ms=DAY + 3 * HOUR_MS)
    assert max(at_once(spans) for (_, talked), spans in work_of(found).items() if talked) == 1


@pytest.mark.parametrize("per_day", [300, 20_000, 250_000])
def test_whoever_takes_a_contact_stands_in_the_list_of_users(per_day):
    org = World.generated(per_day=per_day).holdings.org
    states = {user["id"]: user["state"] for user in org.users}
    found = records(
        per_day=per_day, start_ms=DAY + 14 * HOUR_MS, end_ms=DAY + 14 * HOUR_MS + 600_000
    )
    agents = {party["userId"] for one in found for party, _ in legs(one) if "userId" in party}
    assert {states[agent] for agent in agents} == {"active"}
    assert len(states) == len(org.users)
