"""Days tile time: whatever a zone's clocks did, every instant has one day and one slice."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from importlib.resources import files
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesys_export.days import (
    MILLISECOND,
    Day,
    Interval,
    floor_ms,
    iso_ms,
    midnight,
    parse_instant,
    split,
    to_the_minute,
    yesterday,
    zone_named,
    zone_names,
)

FROM, TO = datetime(1970, 1, 2, tzinfo=UTC), datetime(2037, 12, 31, tzinfo=UTC)
HOUR, WEEK = timedelta(hours=1), timedelta(7)
law = settings(max_examples=100, derandomize=True, database=None, deadline=None)


# --- every zone, every change ----------------------------------------------------------------


@cache
def zones() -> tuple[str, ...]:
    """Return the name of one zone of every kind: aliases have the same file."""
    root = files("tzdata.zoneinfo")
    names = files("tzdata").joinpath("zones").read_text("utf-8").split()
    kinds = {root.joinpath(*name.split("/")).read_bytes(): name for name in reversed(names)}
    return tuple(sorted(kinds.values()))


def changes(zone: ZoneInfo) -> list[datetime]:
    """Return the first instant of every new offset or name, to the second.

    Halves every week that ends otherwise than it began. (No zone undoes a change within a week:
    compared with the transitions that tzdata lists, 2026-11.)
    """
    found = []
    at, before = FROM, _reading(FROM, zone)
    while at < TO:
        after = _reading(at + WEEK, zone)
        if before != after:
            found += _changes_between(at, at + WEEK, zone)
        at, before = at + WEEK, after
    return found


def _reading(instant: datetime, zone: ZoneInfo) -> tuple:
    local = instant.astimezone(zone)
    return local.utcoffset(), local.tzname()


def _changes_between(low: datetime, high: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return the changes in (low, high]."""
    if _reading(low, zone) == _reading(high, zone):
        return []
    if high - low <= timedelta(seconds=1):
        return [high]
    middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
    return _changes_between(low, middle, zone) + _changes_between(middle, high, zone)


def day_by_the_calendar(instant: datetime, near: list[datetime], zone: ZoneInfo) -> date:
    """Return the latest date the zone's calendar has shown so far: no day comes back."""
    moments = [instant, *(change - MILLISECOND for change in near if change <= instant)]
    return max(moment.astimezone(zone).date() for moment in moments)


def assert_tiled(change: datetime, near: list[datetime], zone: ZoneInfo) -> None:
    """Check the days around a change: no gap, no overlap, each instant where it belongs."""
    dates = [change.astimezone(zone).date() + timedelta(n) for n in range(-2, 4)]
    days = {one: Day(one, zone).interval for one in dates}
    for one, following in pairwise(dates):
        assert days[one].end == days[following].start, (one, zone)
    edges = [edge for one in dates[1:-1] for edge in (days[one].start, days[one].end)]
    for moment in (change, *edges):
        for instant in (moment - MILLISECOND, moment, moment + HOUR):
            owners = [one for one in dates if instant in days[one]]
            assert owners == [day_by_the_calendar(instant, near, zone)], (instant, zone)


def is_at_midnight(change: datetime, zone: ZoneInfo) -> bool:
    """Tell whether the clock shows two dates around the change."""
    last = (change - MILLISECOND).astimezone(zone)
    unchanged = last.replace(tzinfo=None) + MILLISECOND  # what the old clock would have shown
    return len({last.date(), unchanged.date(), change.astimezone(zone).date()}) > 1


@pytest.mark.parametrize("letter", sorted({name[:2] for name in zones()}))
def test_days_tile_time_through_every_change_of_every_zone(letter):
    for name in zones():
        if not name.startswith(letter):
            continue
        zone = ZoneInfo(name)
        found = changes(zone)
        for change in found:
            if is_at_midnight(change, zone):
                near = [one for one in found if abs(one - change) < WEEK]
                assert_tiled(change, near, zone)
            else:
                day = Day(change.astimezone(zone).date(), zone)
                assert change in day.interval
                assert change - MILLISECOND in day.interval


# --- days that people remember ---------------------------------------------------------------

REMEMBERED = [
    # zone, day, hours, the first instant
    ("UTC", "2026-11-22", 24, "2026-11-22T00:00:00.000Z"),
    ("Europe/Berlin", "2026-03-29", 23, "2026-03-28T23:00:00.000Z"),
    ("Europe/Berlin", "2026-10-25", 25, "2026-10-24T22:00:00.000Z"),
    ("Pacific/Apia", "2011-12-29", 24, "2011-12-29T10:00:00.000Z"),
    ("Pacific/Apia", "2011-12-30", 0, "2011-12-30T10:00:00.000Z"),  # skipped the date line
    ("Pacific/Apia", "2011-12-31", 24, "2011-12-30T10:00:00.000Z"),
    ("Pacific/Kwajalein", "1993-08-21", 0, "1993-08-21T12:00:00.000Z"),
    ("America/Sao_Paulo", "2018-11-04", 23, "2018-11-04T03:00:00.000Z"),  # no 00:00 that day
    ("America/Sao_Paulo", "2018-02-17", 25, "2018-02-17T02:00:00.000Z"),  # 23:00 twice
    ("America/Havana", "2024-03-10", 23, "2024-03-10T05:00:00.000Z"),
    ("America/Havana", "2024-11-03", 25, "2024-11-03T04:00:00.000Z"),  # 00:00 twice
    ("America/Toronto", "1919-03-30", 23.5, "1919-03-30T05:00:00.000Z"),
    ("America/Toronto", "1919-03-31", 23.5, "1919-03-31T04:30:00.000Z"),  # 23:30 became 00:30
    ("America/St_Johns", "2006-10-29", 25, "2006-10-29T02:30:00.000Z"),  # 00:01 became 23:01
    ("Australia/Lord_Howe", "2026-04-05", 24.5, "2026-04-04T13:00:00.000Z"),
    ("Australia/Lord_Howe", "2026-10-04", 23.5, "2026-10-03T13:30:00.000Z"),
]


@pytest.mark.parametrize(("zone", "text", "hours", "first"), REMEMBERED)
def test_a_remembered_day_begins_and_lasts_as_it_did(zone, text, hours, first):
    interval = Day(date.fromisoformat(text), ZoneInfo(zone)).interval
    assert iso_ms(interval.start) == first
    assert (interval.end - interval.start) / HOUR == hours


def test_an_evening_that_came_twice_belongs_to_the_day_that_had_begun():
    zone = ZoneInfo("America/St_Johns")  # 2006-10-29: 00:01 became 23:01 of the 28th
    again = datetime(2006, 10, 29, 3, 0, tzinfo=UTC)
    assert again.astimezone(zone).date() == date(2006, 10, 28)
    assert again in Day(date(2006, 10, 29), zone).interval


# --- slices ----------------------------------------------------------------------------------

some_days = st.builds(
    Day,
    st.dates(date(1970, 1, 2), date(2037, 12, 30))
    | st.sampled_from([date.fromisoformat(text) for _, text, _, _ in REMEMBERED]),
    st.sampled_from(sorted({zone for zone, _, _, _ in REMEMBERED})).map(ZoneInfo),
)


@law
@given(some_days, st.integers(1, 100), st.none() | st.integers(-5_000_000, 100_000_000))
def test_slices_tile_the_day_in_order(day, count, before_ms):
    until = None if before_ms is None else day.interval.start + MILLISECOND * before_ms
    slices = split(day, count, until=until)
    whole = day.interval if until is None else day.interval.until(until)
    assert [one.index for one in slices] == list(range(count))
    assert slices[0].interval.start == whole.start
    assert slices[-1].interval.end == whole.end
    for one, following in pairwise(slices):
        assert one.interval.end == following.interval.start
    lengths = {one.interval.end - one.interval.start for one in slices}
    assert max(lengths) - min(lengths) <= MILLISECOND
    assert all(floor_ms(one.interval.start) == one.interval.start for one in slices)


@law
@given(some_days, st.integers(1, 24), st.integers(-7_200_000, 93_600_000))
def test_every_instant_is_in_exactly_one_slice_of_one_day(day, count, offset_ms):
    instant = day.interval.start + MILLISECOND * offset_ms
    near = [Day(day.date + timedelta(n), day.zone) for n in range(-2, 4)]
    owners = [one for each in near for one in split(each, count) if instant in one.interval]
    assert len(owners) == 1


def test_a_day_without_any_instant_has_slices_without_any():
    slices = split(Day(date(2011, 12, 30), ZoneInfo("Pacific/Apia")), 3)
    assert [one.interval.is_empty for one in slices] == [True] * 3


def test_a_day_has_at_least_one_slice():
    with pytest.raises(ValueError, match="at least one slice"):
        split(Day(date(2026, 11, 22), ZoneInfo("UTC")), 0)


def test_slices_and_days_say_what_they_are():
    (one,) = split(Day(date(2026, 11, 22), ZoneInfo("UTC")), 1)
    assert str(one) == "2026-11-22#0"
    assert str(one.interval) == "2026-11-22T00:00:00.000Z/2026-11-23T00:00:00.000Z"


# --- intervals and instants ------------------------------------------------------------------


def test_an_interval_holds_its_start_and_not_its_end():
    start = datetime(2026, 11, 22, tzinfo=UTC)
    interval = Interval(start, start + HOUR)
    assert start in interval
    assert start + HOUR not in interval
    assert not interval.is_empty


@pytest.mark.parametrize(
    "start",
    [
        datetime(2026, 11, 22),  # noqa: DTZ001
        datetime(2026, 11, 22, tzinfo=timezone(HOUR)),
        datetime(2026, 11, 24, tzinfo=UTC),
    ],
)
def test_an_interval_refuses_what_is_not_utc_or_ends_before_it_starts(start):
    with pytest.raises(ValueError, match="interval"):
        Interval(start, datetime(2026, 11, 23, tzinfo=UTC))


def test_yesterday_is_the_zones_own():
    now = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    assert yesterday(now, ZoneInfo("UTC")) == date(2026, 11, 21)
    assert yesterday(now, ZoneInfo("America/New_York")) == date(2026, 11, 20)


@law
@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)), st.integers(0, 9))  # noqa: DTZ001
def test_an_instant_is_read_back_however_many_digits_it_has(naive, digits):
    instant = naive.replace(tzinfo=UTC)
    fraction = f"{naive.microsecond:06}789"[:digits]
    text = f"{naive.isoformat(timespec='seconds')}{'.' + fraction if digits else ''}Z"
    kept = int((fraction + "000")[:3])
    assert parse_instant(text) == instant.replace(microsecond=kept * 1000)
    assert parse_instant(iso_ms(instant)) == floor_ms(instant)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", iso_ms(instant))


@law
@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)), st.integers(-1439, 1439))  # noqa: DTZ001
def test_an_offset_is_taken_off(naive, minutes):
    local = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_instant(local.isoformat()) == floor_ms(local)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22",
        "2026-11-22T08:00:00",
        "2021-04-2T15:30:51.418Z",
        "2026-02-30T08:00:00Z",
        "2026-11-22T08:00:60Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T08:00:00.1234567890Z",
        "2026-11-22T08:00:00,5Z",
        "2026-11-22T08:00:00.Z",
        "2026-11-22T08:00:00z",
        " 2026-11-22T08:00:00Z",
        "2026-W47-7T08:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "２026-11-22T08:00:00Z",
    ],
)
def test_what_names_no_instant_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_instant(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2026-11-22T08:00:00.1239999Z", "2026-11-22T08:00:00.123Z"),
        ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
        ("2026-11-22T08:00:00+05:45", "2026-11-22T02:15:00.000Z"),
        ("2026-11-22T08:00:00-0330", "2026-11-22T11:30:00.000Z"),
        ("2026-11-22T08:00:00+01", "2026-11-22T07:00:00.000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
    ],
)
def test_an_instant_is_cut_not_rounded(text, canonical):
    assert iso_ms(parse_instant(text)) == canonical


def test_midnight_is_the_first_instant_of_the_date():
    assert midnight(date(2018, 11, 4), ZoneInfo("America/Sao_Paulo")).hour == 3


# --- whose rules count -----------------------------------------------------------------------

ASK = """
from datetime import date
from zoneinfo import ZoneInfo
from genesys_export.days import Day, zone_named
from genesys_export.settings import load

told = load(flags={"timezone": "Europe/Berlin"}, environ={}).export.timezone
for zone in (ZoneInfo("Europe/Berlin"), zone_named("Europe/Berlin"), told):
    print(Day(date(2026, 7, 1), zone).interval.start.isoformat())
"""


def test_the_rules_of_zones_are_the_packages_whatever_the_system_says(tmp_path):
    other = tmp_path / "zoneinfo" / "Europe"
    other.mkdir(parents=True)
    rules = files("tzdata").joinpath("zoneinfo", "America", "New_York").read_bytes()
    (other / "Berlin").write_bytes(rules)
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env={"PYTHONTZPATH": str(other.parent)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [
        "2026-07-01T04:00:00+00:00",  # by the system's rules, as this machine has them
        "2026-06-30T22:00:00+00:00",
        "2026-06-30T22:00:00+00:00",
    ]


def test_every_zone_has_rules_and_nothing_else_has():
    assert len(zone_names()) > 500
    for name in zone_names():
        assert zone_named(name).key == name
    assert zone_named("Europe/Berlin") is zone_named("Europe/Berlin")
    for name in ("", "Mars/Olympus", "../zones", "zones", "Europe", "/etc/localtime"):
        with pytest.raises(LookupError):
            zone_named(name)


def test_a_day_is_pickled_by_its_zones_name():
    day = Day(date(2026, 11, 22), zone_named("Europe/Berlin"))
    again = pickle.loads(pickle.dumps(day))
    assert again == day
    assert again.interval == day.interval


@pytest.mark.parametrize(
    ("instant", "told"),
    [
        (datetime(2026, 11, 28, 23, 59, 0, 5_000, UTC), "2026-11-29T00:00Z"),
        (datetime(2026, 11, 28, 23, 59, tzinfo=UTC), "2026-11-28T23:59Z"),
        (datetime(2026, 11, 28, 23, 58, 1, tzinfo=UTC), "2026-11-28T23:59Z"),
    ],
)
def test_people_are_told_the_next_whole_minute(instant, told):
    assert to_the_minute(instant) == told
