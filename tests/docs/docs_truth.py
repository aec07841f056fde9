"""The answers to the analyst's questions, computed from the simulator's records by plain loops.

Knows conversations as the API gives them and the organisation's lists; nothing of the exported
tables and nothing of SQL. Each function returns the rows that the query of its page must return.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import mean, median
from typing import Any

from genesys_simulator import World
from genesys_simulator.times import DAY_MS, Span

Json = dict[str, Any]
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Truth:
    """A day's conversations, and what ids are called."""

    records: tuple[Json, ...]
    queues: dict[str, str]
    users: dict[str, str]
    codes: dict[str, str]


def truth(world: World, day: str) -> Truth:
    """Read a day of a world."""
    start_ms = (date.fromisoformat(day) - date(1970, 1, 1)).days * DAY_MS
    found = list(world.holdings.positions(Span(start_ms, start_ms + DAY_MS), start_ms))
    org = world.holdings.org
    return Truth(
        tuple(json.loads(one) for one in world.holdings.render(found, attributes=True)),
        {one["id"]: one["name"] for one in org.queues},
        {one["id"]: one["name"] for one in org.users},
        {one["id"]: one["name"] for one in org.wrap_up_codes},
    )


def service_level(told: Truth) -> Rows:
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for _, _, session in _legs(told):
        for metric in session.get("metrics", ()):
            if session["mediaType"] == "voice" and metric["name"] in _JUDGED:
                booked = _time(metric["emitDate"])
                half = f"{booked:%Y-%m-%d %H}:{'00' if booked.minute < 30 else '30'}"
                counts[told.queues[_queue(session)], half][metric["name"]] += 1
    rows = []
    for (queue, half), found in counts.items():
        answered, abandoned, over = (found[name] for name in _JUDGED)
        visits = answered + abandoned
        level = 100 * (answered - over) / visits if visits else None
        rows.append((queue, half, answered, abandoned, over, level))
    return rows


_JUDGED = ("tAnswered", "tAbandon", "nOverSla")


def handle_time(told: Truth) -> Rows:
    handled: dict[str, list[int]] = defaultdict(list)
    wrapped: Counter[str] = Counter()
    for _, party, session in _legs(told):
        times = _values(session, "tHandle")
        if session["mediaType"] == "voice" and times and party.get("userId") in told.users:
            handled[party["userId"]] += times
            wrapped[party["userId"]] += sum(_values(session, "tAcw"))
    return [
        (told.users[user], len(all_), mean(all_) / 1000, wrapped[user] / len(all_) / 1000)
        for user, all_ in handled.items()
    ]


def abandoned(told: Truth) -> Rows:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for _, party, session in _legs(told):
        if party["purpose"] == "acd" and session["mediaType"] == "voice":
            for metric in session["metrics"]:
                counts[told.queues[_queue(session)]][metric["name"]] += 1
    rows = []
    for queue, found in counts.items():
        offered, gone, short = (found[n] for n in ("nOffered", "tAbandon", "tShortAbandon"))
        patient = 100 * (gone - short) / (offered - short)
        rows.append((queue, offered, gone, short, 100 * gone / offered, patient))
    return rows


def transfers(told: Truth) -> Rows:
    pairs: Counter[tuple[str, str]] = Counter()
    for record in told.records:
        handed, offered = [], []
        for party in record["participants"]:
            for session in party.get("sessions", ()):
                for metric in session.get("metrics", ()):
                    if metric["name"] == "nTransferred":
                        handed.append((metric["emitDate"], _queue(session)))
                    if metric["name"] == "nOffered":
                        offered.append((metric["emitDate"], _queue(session)))
        for at, queue in handed:
            after = sorted(one for one in offered if one[0] >= at)
            if after:
                pairs[told.queues[queue], told.queues[after[0][1]]] += 1
    return [(*pair, times) for pair, times in pairs.items()]


def repeat_callers(told: Truth) -> Rows:
    calls: list[tuple[datetime, str]] = []
    for record in told.records:
        numbers = {
            session["ani"]
            for party in record["participants"]
            for session in party.get("sessions", ())
            if party["purpose"] == "customer" and session["mediaType"] == "voice"
            if session["direction"] == "inbound"
        }
        calls += [(_time(record["conversationStart"]), number) for number in numbers]
    last: dict[str, datetime] = {}
    again = []
    for at, number in sorted(calls):
        if number in last and at - last[number] <= timedelta(hours=24):
            again.append(number)
        last[number] = at
    share = 100 * len(again) / len(calls)
    return [(len(calls), len(last), len(set(again)), len(again), share)]


def containment(told: Truth) -> Rows:
    contained: dict[str, list[bool]] = defaultdict(list)
    for record in told.records:
        bots = [one for one in record["participants"] if one["purpose"] == "botflow"]
        if bots:
            queued = any(one["purpose"] == "acd" for one in record["participants"])
            contained[bots[0]["sessions"][0]["flow"]["flowName"]].append(not queued)
    return [(bot, len(all_), sum(all_), 100 * mean(all_)) for bot, all_ in contained.items()]


def hold(told: Truth) -> Rows:
    held: dict[str, list[int]] = defaultdict(list)
    for _, _, session in _legs(told):
        if session["mediaType"] == "voice" and _values(session, "tHandle") and _queue(session):
            times = [
                (_time(one["segmentEnd"]) - _time(one["segmentStart"]))
                // timedelta(milliseconds=1)
                for one in session["segments"]
                if one["segmentType"] == "hold"
            ]
            held[told.queues[_queue(session)]].append(sum(times))
    rows = []
    for queue, times in held.items():
        on_hold = [one for one in times if one]
        average = mean(on_hold) / 1000 if on_hold else None
        rows.append((queue, len(times), len(on_hold), 100 * len(on_hold) / len(times), average))
    return rows


def wrap_ups(told: Truth) -> Rows:
    used = Counter(
        told.codes.get(segment["wrapUpCode"], segment["wrapUpCode"])
        for _, _, session in _legs(told)
        for segment in session.get("segments", ())
        if "wrapUpCode" in segment
    )
    return [(code, times, 100 * times / used.total()) for code, times in used.items()]


def at_once(told: Truth) -> Rows:
    calls: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for record in told.records:
        stretches: dict[str, list[Json]] = defaultdict(list)
        for party in record["participants"]:
            for session in party.get("sessions", ()):
                if party["purpose"] == "agent" and session["mediaType"] == "voice":
                    stretches[party["userId"]] += session["segments"]
        for user, found in stretches.items():
            if all("segmentEnd" in one for one in found):
                first = min(one["segmentStart"] for one in found)
                calls[user].append((first, max(one["segmentEnd"] for one in found)))
    everything = [call for theirs in calls.values() for call in theirs]
    return [(len(calls), max(map(_level, calls.values())), _level(everything))]


def _level(calls: list[tuple[str, str]]) -> int:
    """Return how many calls last at the same time: begun, and not ended, when one begins."""
    starts, ends = sorted(start for start, _ in calls), sorted(end for _, end in calls)
    return max(bisect_right(starts, at) - bisect_right(ends, at) for at in starts)


def first_response(told: Truth) -> Rows:
    waits: dict[str, list[int]] = defaultdict(list)
    for _, _, session in _legs(told):
        if session["mediaType"] == "message" and _values(session, "tFirstResponse"):
            waits[told.queues[_queue(session)]] += _values(session, "tFirstResponse")
    rows = []
    for queue, times in waits.items():
        soon = 100 * bisect_left(sorted(times), 60_001) / len(times)
        rows.append((queue, len(times), mean(times) / 1000, median(times) / 1000, soon))
    return rows


def _legs(told: Truth) -> Iterator[tuple[Json, Json, Json]]:
    for record in told.records:
        for party in record["participants"]:
            for session in party.get("sessions", ()):
                yield record, party, session


def _values(session: Json, name: str) -> list[int]:
    return [one["value"] for one in session.get("metrics", ()) if one["name"] == name]


def _queue(session: Json) -> str:
    """Return the id of a leg's queue; every leg of a made-up world has one at most."""
    found = {one["queueId"] for one in session.get("segments", ()) if "queueId" in one}
    assert len(found) <= 1
    return found.pop() if found else ""


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
