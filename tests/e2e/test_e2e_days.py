"""Which conversations make a day, in whatever zone, in however many slices, and when it is ready.

The truth about a day's bounds comes from the calendar of the zone, the truth about its
conversations from the world's own records.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from e2e_reading import TABLES, begun, begun_between, bounds, ids

from genesys_simulator import Simulator, World

HOUR = timedelta(hours=1)


def test_four_slices_hold_the_same_rows_as_the_day_in_one(command, genesys, lake, day, exported):
    genesys, whole = genesys(), exported.lake
    command.against(genesys).run("--date", day, "--slices", 4).ends(0)
    lake.check(day)
    for table in TABLES:
        ours, theirs = (sorted(map(repr, one.rows(day, table))) for one in (lake, whole))
        assert ours == theirs, table
        assert lake.keys(day, table) == [f"{table}/{day}.{n:03d}.csv.gz" for n in range(4)]
    assert lake.manifest(day)["digest"] == whole.manifest(day)["digest"]
    assert len(lake.ids(day)) == len(set(lake.ids(day)))
    asked = sorted(one.body["interval"] for one in genesys.asked("submit"))
    hours = [f"{day}T{hour:02d}:00:00.000Z" for hour in (0, 6, 12, 18)]
    ends = [*hours[1:], f"{day + timedelta(days=1)}T00:00:00.000Z"]
    assert asked == [f"{start}/{end}" for start, end in zip(hours, ends, strict=True)]
    assert genesys.jobs == {}


def test_midnight_crossers_belong_to_the_day_they_began_on(
    command, genesys, lake, day, world, exported
):
    following = day + timedelta(days=1)
    command.against(genesys()).run("--date", following).ends(0)
    midnight = bounds(day)[1].isoformat()[:19]
    crossers = {
        one["conversationId"]
        for one in begun(world, day)
        if one.get("conversationEnd", "9999") >= midnight
    }
    assert crossers
    assert crossers <= set(exported.lake.ids(day))
    assert not crossers & set(lake.ids(following))
    assert lake.ids(following) == ids(begun(world, following))


@pytest.mark.parametrize(
    ("date_", "hours"),
    [(date(2025, 3, 30), 23), (date(2025, 10, 26), 25), (date(2025, 11, 20), 24)],
    ids=["spring", "autumn", "plain"],
)
def test_a_day_in_berlin_has_the_hours_the_calendar_gives_it(
    command, genesys, lake, world, date_, hours
):
    first, last = bounds(date_, "Europe/Berlin")
    assert last - first == hours * HOUR
    command.against(genesys()).run(
        "--date", date_, "--timezone", "Europe/Berlin", "--slices", 3
    ).ends(0)
    assert lake.ids(date_) == ids(begun_between(world, first, last))
    assert lake.manifest(date_)["timezone"] == "Europe/Berlin"
    dates = {row["conversation_date"] for row in lake.rows(date_, "conversations")}
    assert dates == {str(date_)}


def test_a_zones_day_is_not_the_utc_day(command, genesys, lake, world, day):
    command.against(genesys()).run("--date", day, "--timezone", "Pacific/Auckland").ends(0)
    first, last = bounds(day, "Pacific/Auckland")
    assert first.date() == day - timedelta(days=1)
    assert lake.ids(day) == ids(begun_between(world, first, last))
    assert lake.ids(day) != ids(begun(world, day))


# --- the data lake lags behind ----------------------------------------------------------------


def yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)


def test_before_the_watermark_nothing_is_published(command, genesys, lake):
    result = command.against(genesys(lag=timedelta(hours=30))).run("--date", yesterday()).ends(75)
    assert lake.files() == []
    assert "not complete at Genesys" in result.err
    assert "Try again after 20" in result.err


def test_a_partial_day_goes_up_to_the_watermark_and_says_so(command, genesys, lake, world):
    lag, day = timedelta(hours=30), yesterday()
    reaches = datetime.now(UTC) - lag
    if reaches.date() < day:  # early in the morning thirty hours ago was the day before
        lag = datetime.now(UTC) - bounds(day)[0] - timedelta(hours=20)
    result = command.against(genesys(lag=lag)).run("--date", day, "--allow-partial").ends(0)
    manifest = lake.manifest(day)
    assert manifest["state"] == "partial"
    assert "partial" in result.err
    until = datetime.fromisoformat(manifest["slices"][-1]["interval"]["end"])
    assert bounds(day)[0] < until < bounds(day)[1]
    assert lake.ids(day) == ids(begun_between(world, bounds(day)[0], until))
    lake.check(day)


def test_waiting_ends_when_the_watermark_has_moved(command, genesys, lake):
    day = yesterday()
    started: list[Simulator] = []

    def lag() -> timedelta:
        early = started and len(started[0].asked("availability")) < 2
        return timedelta(days=2 if early else 0)

    started.append(genesys(lag=lag))
    result = command.against(started[0]).run("--date", day, "--wait", "1s").ends(0)
    assert len(started[0].asked("availability")) >= 2
    assert "availability" in result.err
    lake.check(day)


def test_waiting_in_vain_is_too_early_all_the_same(command, genesys, lake):
    genesys = genesys(lag=timedelta(days=3))
    command.against(genesys).run("--date", yesterday(), "--wait", "1s").ends(75)
    assert len(genesys.asked("availability")) >= 2
    assert lake.files() == []


def test_a_day_that_has_not_begun_is_wrong_use_and_not_to_be_tried_again(command, genesys, lake):
    to_come = datetime.now(UTC).date() + timedelta(days=2)
    served = genesys()
    for day in (to_come, "2999-12-24"):
        result = command.against(served).run("--date", day, "--allow-partial").ends(2)
        assert f"--date {day} is in the future: today is " in result.err
    assert (
        "in the future"
        in command.against(served)("verify", "--date", to_come, "--to", "lake").ends(2).err
    )
    assert served.requests == []
    assert lake.files() == []


def test_today_is_too_early(command, genesys, lake):
    command.against(genesys()).run("--date", datetime.now(UTC).date()).ends(75)
    assert lake.files() == []


def test_force_without_a_date_is_wrong_use(command, genesys, lake):
    served = genesys()
    result = command.against(served).run("--force").ends(2)
    assert "--force needs --date" in result.err
    assert served.requests == []
    assert lake.files() == []


def test_an_early_run_leaves_an_older_day_alone(command, genesys, lake, day):
    command.against(genesys()).run("--date", day).ends(0)
    before = lake.snapshot()
    late = genesys(World.of([]), lag=timedelta(days=20_000))
    command.against(late).run("--date", day, "--force").ends(75)
    assert lake.snapshot() == before


# --- a clock that is wrong ---------------------------------------------------------------------


@pytest.mark.parametrize("off", [-6, 6], ids=["ahead", "behind"])
@pytest.mark.parametrize("engine", ["jobs", "query"])
def test_a_machine_whose_clock_is_days_off_exports_nothing(command, genesys, lake, off, engine):
    wrong = genesys(now=lambda: datetime.now(UTC) + timedelta(days=off))
    day = yesterday() + timedelta(days=min(off, 0))
    result = command.against(wrong).run("--date", day, "--engine", engine).ends(78)
    assert f"clock is 6 days, 0:00:00 {'ahead of' if off < 0 else 'behind'}" in result.err
    assert "Set this machine's clock" in result.err
    assert lake.files() == []


def test_a_run_that_finds_nothing_due_looks_at_the_clock(command, genesys, lake):
    settings = {"GENESYS_EXPORT_SETTLE__DAYS": "0"}
    command.against(genesys(), **settings).run("--date", yesterday()).ends(0)
    command.against(genesys(), **settings).run().ends(0)
    wrong = genesys(now=lambda: datetime.now(UTC) + timedelta(days=9))
    command.against(wrong, **settings).run().ends(78)
    assert lake.manifest(yesterday())["state"] == "final"


@pytest.mark.parametrize(
    "more", [("--engine", "query"), ("--publish", "final")], ids=["query", "publish = final"]
)
def test_a_day_that_seems_too_young_is_not_judged_by_a_clock_far_behind(
    command, genesys, lake, more
):
    wrong = genesys(now=lambda: datetime.now(UTC) + timedelta(days=9))
    settings = {"GENESYS_EXPORT_EXPORT__PUBLISH": "final"} if more[0] == "--publish" else {}
    day = yesterday() + timedelta(days=0 if settings else 1)
    flags = () if settings else more
    command.against(wrong, **settings).run("--date", day, *flags).ends(78)
    assert lake.files() == []
