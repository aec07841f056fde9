"""Laws of clipped rows: days tile the time as the source does, whatever the clocks do."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lake import PRESENCE, ROUTING, did, read_day, user, was

from genesys_export.days import Day, Interval, iso_ms, parse_instant, zone_named

MS = timedelta(milliseconds=1)
# Days around which clocks change: forward and back, by an hour or by half of one.
CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29), 23),
    ("Europe/Berlin", date(2026, 10, 25), 25),
    ("America/New_York", date(2026, 3, 8), 23),
    ("America/New_York", date(2026, 11, 1), 25),
    ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
    ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
]
AROUND = (-1, 0, 1)
VALUES = ("ON_QUEUE", "MEAL", "OFFLINE")

# A user's rows: how long each lasts, and whether what follows is a gap.
lasting = st.tuples(
    st.one_of(st.integers(0, 5_000), st.integers(0, 40 * 3_600_000)), st.booleans()
)
users = st.lists(st.tuples(st.lists(lasting, max_size=9), st.booleans()), min_size=1, max_size=3)


def days_of(zone: str, day: date) -> list[Day]:
    return [Day(day + timedelta(each), zone_named(zone)) for each in AROUND]


def drawn(begin: datetime, made: Any) -> dict[str, list[tuple[str, datetime, datetime | None]]]:
    """Return each user's rows: value, start, end; they begin a day before the first day."""
    found = {}
    for number, (steps, stays_open) in enumerate(made):
        at, rows = begin - timedelta(hours=20), []
        for place, (length, is_gap) in enumerate(steps):
            end = at + MS * length
            if not is_gap:
                rows.append((VALUES[place % 3], at, end))
            at = end + MS  # a row without length would begin with the next one
        if stays_open:
            rows.append(("AVAILABLE", at, None))
        found[f"user-{number}"] = rows
    return found


def records_of(rows: dict[str, Any], rng: random.Random) -> list[dict[str, Any]]:
    """Write each row in one to three records, one of which may know no end yet."""
    records = []
    for ident, mine in rows.items():
        for value, start, end in mine:
            ended = None if end is None else iso_ms(end)
            copies = [ended] * rng.randint(1, 2) + [None] * rng.randint(0, 1)
            for copy in copies:
                made = (was(value, iso_ms(start), copy), did(value, iso_ms(start), copy))
                records.append(user(ident, [made[0]], [made[1]]))
    rng.shuffle(records)
    return records


def expected(rows: dict[str, Any], day: Day) -> set[tuple[Any, ...]]:
    """Return a day's rows by plain loops, from the words of the declaration."""
    whole, found = day.interval, set()
    for ident, mine in rows.items():
        for value, start, end in mine:
            if start >= whole.end or (end is not None and end <= whole.start and end != start):
                continue
            if end == start and start not in whole:
                continue
            first = max(start, whole.start)
            last = whole.end if end is None else min(end, whole.end)
            ended = None if end is None else iso_ms(end)
            found.add(
                (
                    day.date,
                    ident,
                    value,
                    iso_ms(start),
                    ended,
                    iso_ms(first),
                    iso_ms(last),
                    (last - first) // MS,
                    end is None,
                )
            )
    return found


def told(row: dict[str, Any], value: str) -> tuple[Any, ...]:
    names = ("status_date", "user_id", value, "start_time", "end_time")
    return tuple(
        row[name] for name in (*names, "clipped_start", "clipped_end", "duration_ms", "is_open")
    )


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
@settings(deadline=None, max_examples=25)
@given(made=users, slices=st.integers(1, 3), size=st.integers(1, 9), seed=st.integers())
def test_every_days_rows_are_those_of_plain_loops(zone, day, hours, made, slices, size, seed):
    days = days_of(zone, day)
    assert (days[1].interval.end - days[1].interval.start) / timedelta(hours=1) == hours
    rows = drawn(days[0].interval.start, made)
    records = records_of(rows, random.Random(seed))
    for each in days:
        found = read_day(records, each, size=size, slices=slices)
        for table, value in ((PRESENCE, "system_presence"), (ROUTING, "routing_status")):
            all_rows = [told(row, value) for part in found for row in part.rows[table]]
            assert len(all_rows) == len({*all_rows})
            assert {*all_rows} == expected(rows, each)


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
@settings(deadline=None, max_examples=25)
@given(made=users, slices=st.integers(1, 3), seed=st.integers())
def test_consecutive_days_tile_the_time_wherever_the_source_does(
    zone, day, hours, made, slices, seed
):
    days = days_of(zone, day)
    whole = Interval(days[0].interval.start, days[-1].interval.end)
    rows = drawn(whole.start, made)
    records = records_of(rows, random.Random(seed))
    pieces = defaultdict(list)
    for each in days:
        for part in read_day(records, each, slices=slices):
            for row in part.presence:
                pieces[row["user_id"], row["start_time"]].append(row)
    for ident, mine in rows.items():
        for _, start, end in mine:
            first = max(start, whole.start)
            last = whole.end if end is None else min(end, whole.end)
            if first >= last:
                continue
            parts = sorted(pieces[ident, iso_ms(start)], key=lambda row: row["clipped_start"])
            edges = [(row["clipped_start"], row["clipped_end"]) for row in parts]
            assert parse_instant(edges[0][0]) == first
            assert parse_instant(edges[-1][1]) == last
            assert [end for _, end in edges[:-1]] == [start for start, _ in edges[1:]]
            assert sum(row["duration_ms"] for row in parts) == (last - first) // MS


@settings(deadline=None, max_examples=60)
@given(made=users, seed=st.integers(), size=st.integers(1, 9))
def test_the_order_and_the_pages_of_the_records_change_nothing(made, seed, size):
    day = Day(date(2026, 11, 20), zone_named("UTC"))
    rng = random.Random(seed)
    records = records_of(drawn(day.interval.start, made), rng)
    (one,) = read_day(records, day)
    rng.shuffle(records)
    (other,) = read_day(records, day, size=size)
    assert other.rows == one.rows
    assert other.summary == one.summary


def test_an_instant_is_written_as_it_is():
    day = Day(date(2026, 11, 20), zone_named("UTC"))
    start = datetime(2026, 11, 20, 1, 2, 3, 4000, tzinfo=UTC)
    (found,) = read_day([user("a", [was("MEAL", iso_ms(start))])], day)
    assert found.presence[0]["start_time"] == "2026-11-20T01:02:03.004Z"
