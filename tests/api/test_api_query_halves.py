"""Intervals that hold too much for their pages are asked for in halves, which miss nothing."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import DAY, expected, ids

from genesys_export.api.query import halves
from genesys_export.days import MILLISECOND, Day, Interval
from genesys_export.errors import GenesysUnavailable
from genesys_export.events import IntervalHalved
from genesys_simulator import Fault, World
from genesys_simulator.faults import Refusal
from genesys_simulator.times import Span, to_ms

TOO_DEEP = "Pagination may not exceed 100000 results. Query a smaller interval instead."


def intervals(line):
    return [one.body["interval"] for one in line.genesys.asked("query")]


def begun(world, interval):
    """Return the ids of the conversations that began in the interval."""
    span = Span(to_ms(interval.start), to_ms(interval.end))
    places = list(world.holdings.positions(span, span.start_ms))
    found = [json.loads(one) for one in world.holdings.render(places, attributes=False)]
    return {one["conversationId"] for one in found}


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Asia/Kolkata", date(2026, 11, 22)),
        ("Pacific/Apia", date(2026, 11, 22)),
        ("America/New_York", date(2026, 11, 1)),
        ("UTC", date(2026, 11, 22)),
    ],
)
@pytest.mark.parametrize("most_hits", [100, 90_000])
def test_every_conversation_that_began_on_a_zones_day_is_found(dial, zone, day, most_hits):
    interval = Day(day, ZoneInfo(zone)).interval
    world = World.generated(seed=3, per_day=240)
    found = ids(dial(world=world).query(most_hits=most_hits).fetch(interval).pages())
    assert begun(world, interval) <= set(found)


def test_an_interval_with_too_many_hits_is_asked_for_in_halves(dial):
    line = dial()
    pages = list(line.query(most_hits=150).fetch(DAY).pages())
    assert set(ids(pages)) == expected()
    halved = line.events.of(IntervalHalved)
    assert halved[0] == IntervalHalved(interval=DAY, reason="240 hits")
    given_up = [str(one.interval) for one in halved]
    read = [one for one in dict.fromkeys(intervals(line)) if one not in given_up]
    edges = [edge for one in read for edge in one.split("/")]
    assert (edges[0], edges[-1]) == tuple(str(DAY).split("/"))
    assert edges[1:-1:2] == edges[2:-1:2]
    assert all(intervals(line).count(one) == 1 for one in given_up)


def test_an_interval_near_the_depth_limit_is_halved_at_its_first_page(dial):
    line = dial(world=World.generated(seed=1, per_day=95_000))
    pages = line.query().fetch(DAY).pages()
    next(pages)
    assert intervals(line) == [
        str(DAY),
        "2026-11-22T00:00:00.000Z/2026-11-22T12:00:00.000Z",
    ]
    pages.close()


def test_what_genesys_says_of_its_depth_halves_the_interval(dial):
    line = dial(options={"query_depth": 200})
    pages = list(line.query().fetch(DAY).pages())
    assert set(ids(pages)) == expected()
    halved = line.events.of(IntervalHalved)
    assert halved[0].interval == DAY
    assert "Pagination may not exceed 200 results" in halved[0].reason


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(400, "bad.request", TOO_DEEP),
        Refusal(400, "bad.request", "The search interval is too long."),
        Refusal(400, "response.entity.too.large", "The answer is too large."),
    ],
)
def test_a_refusal_of_too_much_halves_the_interval(dial, refusal):
    line = dial(Fault("query", 2, refusal))
    assert set(ids(line.query().fetch(DAY).pages())) == expected()
    assert len(line.events.of(IntervalHalved)) == 1


def test_an_interval_that_cant_be_halved_any_more_ends_the_fetch_with_a_sentence(dial):
    line = dial(Fault("query", 1, Refusal(400, "bad.request", TOO_DEEP), times=999))
    with pytest.raises(GenesysUnavailable) as failed:
        list(line.query().fetch(DAY).pages())
    assert failed.value.status == 69
    assert "too short to be halved" in failed.value.message
    assert TOO_DEEP in failed.value.message
    assert failed.value.advice == "Use the jobs engine, or filter more."
    assert line.asked("query") == 17  # a day, and sixteen halvings down to 1.3 s


def test_the_floor_can_be_set(dial):
    line = dial(Fault("query", 1, Refusal(400, "bad.request", TOO_DEEP), times=999))
    with pytest.raises(GenesysUnavailable):
        list(line.query(floor=timedelta(hours=6)).fetch(DAY).pages())
    assert line.asked("query") == 3


def test_pages_that_never_end_are_halved_and_then_an_error(speak):
    line = speak(lambda _: {"conversations": [{}] * 2, "totalHits": 0})
    source = line.query(page_size=100, floor=timedelta(hours=13))
    with pytest.raises(GenesysUnavailable, match="page 1001 would be beyond 100000"):
        list(source.fetch(DAY).pages())
    assert len(line.genesys.bodies) == 1_000


INSTANTS = st.integers(0, 1_800_000_000_000).map(
    lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + ms * MILLISECOND
)


@given(INSTANTS, st.integers(0, 90_000_000), st.integers(1, 10_000_000))
def test_halves_tile_the_interval_and_none_is_below_the_floor(start, length_ms, floor_ms):
    whole = Interval(start, start + length_ms * MILLISECOND)
    floor = floor_ms * MILLISECOND
    waiting, leaves = [whole], []
    for _ in range(64):
        if not waiting:
            break
        part = waiting.pop()
        parts = halves(part, floor)
        if parts is None:
            leaves.append(part)
            assert part.end - part.start < 2 * floor + MILLISECOND
        else:
            assert all(one.end - one.start >= floor for one in parts)
            waiting += reversed(parts)
    tiles = [*leaves, *reversed(waiting)]
    assert (tiles[0].start, tiles[-1].end) == (whole.start, whole.end)
    assert all(a.end == b.start for a, b in pairwise(tiles))
