"""A day's life from missing to final: when it is due, why, and which days a run looks at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import some
from genesys_export.days import Day
from genesys_export.life import (
    Known,
    Policy,
    Publish,
    State,
    Why,
    days_to_look_at,
    due,
    is_missing,
    known,
    may_publish,
    newest_day,
    state_of,
)
from genesys_export.manifest import Manifest, Recipe
from genesys_export.model import Counts, SliceRecord

UTC_ZONE = ZoneInfo("UTC")
DAY = Day(date(2026, 11, 22), UTC_ZONE)
END = DAY.interval.end
ONE, SECOND = timedelta(1), timedelta(seconds=1)
POLICY = Policy()
RECIPE = Recipe(
    timezone="UTC",
    engine="jobs",
    filters={},
    tables=("conversations",),
    format="csv.gz",
    layout="daily",
    csv={"newlines": "keep"},
    column_version=1,
)
law = settings(max_examples=150, derandomize=True, database=None, deadline=None)


def published(age: timedelta, *, open_=0, state: str = State.FINAL, day: Day = DAY) -> Known:
    """Return a day that was read at that age under RECIPE."""
    return Known(day=day, state=state, fetched=day.interval.end + age, open=open_, recipe=RECIPE)


def why(day: Known, age: timedelta, policy: Policy = POLICY) -> Why | None:
    found = due(day, day.day.interval.end + age, policy, RECIPE)
    return found.why if found else None


# --- what a day is ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (timedelta(0), "provisional"),
        (4 * ONE - SECOND, "provisional"),
        (4 * ONE, "final"),
        (400 * ONE, "final"),
    ],
)
def test_a_day_is_final_when_it_was_read_after_it_had_settled(age, state):
    assert state_of(DAY.interval, END + age, POLICY, partial=False) == state


def test_a_partial_day_is_never_called_complete():
    assert state_of(DAY.interval, END + 400 * ONE, POLICY, partial=True) == "partial"


def test_without_settling_a_day_is_final_as_soon_as_it_is_complete():
    policy = Policy(settle=timedelta(0))
    assert state_of(DAY.interval, END, policy, partial=False) == "final"


def test_loaders_that_read_once_get_final_days_only():
    assert [state for state in State if may_publish(state, Publish.FINAL)] == ["final"]
    assert all(may_publish(state, Publish.AVAILABLE) for state in State)


def manifest(*fetched: datetime, **changes) -> Manifest:
    quarter = SliceRecord(interval=DAY.interval, watermark=END, fetched=END, job_ids=())
    made = Manifest(
        dataset="conversation_details",
        day=str(DAY),
        interval=DAY.interval,
        timezone="UTC",
        recipe=RECIPE,
        state="final",
        attempt="a",
        attempts=(),
        tool_version="1",
        slices=tuple(replace(quarter, fetched=one) for one in fetched),
        tables={},
        digest="0" * 64,
        counts=Counts(exported=3, open=2),
        rejects=None,
        began=END + 5 * ONE,
        ended=END + 6 * ONE,
    )
    return replace(made, **changes)


def test_a_day_is_as_fresh_as_the_slice_that_was_read_first():
    told = known(DAY, manifest(END + 6 * ONE, END + 5 * ONE, END + 7 * ONE))
    assert told == Known(day=DAY, state="final", fetched=END + 5 * ONE, open=2, recipe=RECIPE)


def test_a_day_that_had_nothing_to_read_is_as_fresh_as_its_attempt():
    assert known(DAY, manifest()).fetched == END + 5 * ONE


def test_a_day_without_manifest_is_missing():
    assert why(known(DAY, None), ONE) is Why.MISSING


# --- when it is due --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "reason"),
    [("partial", Why.PARTIAL), ("damaged", Why.DAMAGED), ("provisional", Why.PROVISIONAL)],
)
def test_a_day_that_is_not_final_is_due_at_every_run(state, reason):
    day = published(5 * ONE, state=state)
    assert why(day, 5 * ONE) is reason
    assert why(day, 500 * ONE) is reason


def test_a_final_day_of_another_recipe_is_due():
    found = due(
        published(4 * ONE), END + 5 * ONE, POLICY, replace(RECIPE, timezone="Europe/Vienna")
    )
    assert some(found).why is Why.RECIPE


@pytest.mark.parametrize("age", [7, 14, 28])
def test_a_final_day_is_looked_at_again_at_each_of_its_ages(age):
    at = age * ONE
    assert why(published(at - SECOND), at - SECOND) is None
    assert why(published(at - SECOND), at) is Why.AGE
    assert why(published(at), at) is None


def test_one_look_makes_up_for_all_that_were_missed():
    found = due(published(5 * ONE), END + 40 * ONE, POLICY, RECIPE)
    assert str(found) == "it is over 28 days old and was last read before that"
    assert why(published(40 * ONE), 400 * ONE) is None


def test_open_conversations_are_looked_at_once_more_at_sixty_days():
    assert why(published(30 * ONE, open_=1), 60 * ONE - SECOND) is None
    assert why(published(30 * ONE, open_=1), 60 * ONE) is Why.AGE
    assert why(published(30 * ONE, open_=0), 60 * ONE) is None
    assert why(published(60 * ONE, open_=1), 600 * ONE) is None


def test_ages_are_hours_passed_whatever_the_clocks_did():
    day = Day(date(2026, 3, 28), ZoneInfo("Europe/Berlin"))  # the next day has 23 hours
    assert why(published(4 * ONE, day=day), 7 * ONE - SECOND) is None
    assert why(published(4 * ONE, day=day), 7 * ONE) is Why.AGE


def test_every_reason_says_so_in_a_sentence():
    final = replace(published(4 * ONE), recipe=replace(RECIPE, timezone="Asia/Tokyo"))
    others = [published(ONE, state=one) for one in ("partial", "damaged", "provisional")]
    days = [known(DAY, None), *others, final, published(4 * ONE)]
    told = [str(due(one, END + 9 * ONE, POLICY, RECIPE)) for one in days]
    assert len(set(told)) == len(Why)
    assert all(one.startswith(("it ", "its ")) for one in told)


ages = st.timedeltas(timedelta(0), 100 * ONE)
policies = st.builds(
    Policy,
    settle=st.timedeltas(timedelta(0), 80 * ONE),
    catch_up_days=st.integers(0, 40),
    publish=st.sampled_from(Publish),
)


@law
@given(ages, st.integers(0, 1), policies)
def test_a_day_just_read_is_due_at_once_only_while_it_is_not_final(age, open_, policy):
    state = state_of(DAY.interval, END + age, policy, partial=False)
    found = why(published(age, open_=open_, state=state), age, policy)
    assert found is (None if state == "final" else Why.PROVISIONAL)


@law
@given(ages, ages, ages, st.integers(0, 1))
def test_once_due_a_day_stays_due_until_it_is_read(read_at, earlier, later, open_):
    read_at, earlier, later = sorted((read_at, earlier, later))
    day = published(read_at, open_=open_)
    assert not (why(day, earlier) and not why(day, later))


@law
@given(ages, ages, ages)
def test_reading_a_final_day_later_never_makes_it_due_sooner(read_at, again, now):
    read_at, again, now = sorted((read_at, again, now))
    if why(published(again), now):
        assert why(published(read_at), now)


# --- which days a run looks at ---------------------------------------------------------------


def looked_at(now: datetime, first: date | None, zone=UTC_ZONE, policy=POLICY, last=None):
    return days_to_look_at(now, zone, first, policy, last_published=last)


NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
NEWEST = date(2026, 11, 22)


def test_the_first_run_looks_at_yesterday_only():
    assert looked_at(NOW, None) == (NEWEST,)
    assert newest_day(NOW, UTC_ZONE, POLICY) == NEWEST


def test_a_run_looks_at_all_days_from_the_first_published_on():
    days = looked_at(NOW, NEWEST - 10 * ONE)
    assert days == tuple(NEWEST - n * ONE for n in range(10, -1, -1))


def test_a_run_looks_beyond_the_last_age_so_that_what_failed_is_tried_again():
    days = looked_at(NOW, date(2020, 1, 1))
    assert days[0] == NEWEST - (60 + 2 + 31) * ONE


def test_catching_up_does_not_cap_the_looks():
    days = looked_at(NOW, date(2020, 1, 1), policy=Policy(catch_up_days=0))
    assert days[0] <= NEWEST - 60 * ONE


def test_after_a_long_pause_the_days_it_left_unsettled_are_looked_at():
    left_off = NEWEST - 300 * ONE
    days = looked_at(NOW, date(2020, 1, 1), last=left_off)
    assert days[0] == left_off - (60 + 2 + 31) * ONE
    assert looked_at(NOW, date(2020, 1, 1), last=NEWEST)[0] == NEWEST - 93 * ONE


def test_a_day_published_too_early_keeps_nobody_from_looking_at_yesterday():
    today = NEWEST + ONE
    assert looked_at(NOW, today, last=today) == (NEWEST,)


def test_days_that_settle_slowly_are_looked_at_until_they_have():
    days = looked_at(NOW, date(2020, 1, 1), policy=Policy(settle=200 * ONE))
    assert days[0] <= NEWEST - 200 * ONE


def test_where_only_final_days_are_published_the_newest_is_the_newest_that_settled():
    policy = Policy(publish=Publish.FINAL)
    assert looked_at(NOW, None, policy=policy) == (NEWEST - 4 * ONE,)
    at_its_hour = datetime(2026, 11, 23, tzinfo=UTC)
    assert newest_day(at_its_hour, UTC_ZONE, policy) == NEWEST - 4 * ONE
    assert newest_day(at_its_hour - SECOND, UTC_ZONE, policy) == NEWEST - 5 * ONE


def test_missing_is_what_lies_between_the_first_published_day_and_yesterday():
    first = NEWEST - 10 * ONE
    told = [is_missing(NEWEST - n * ONE, NOW, UTC_ZONE, first, POLICY) for n in (-1, 0, 1, 10, 11)]
    assert told == [False, True, True, True, False]


def test_missing_days_are_caught_up_with_so_far_and_no_further():
    first = date(2020, 1, 1)
    told = [is_missing(NEWEST - n * ONE, NOW, UTC_ZONE, first, POLICY) for n in (31, 32)]
    assert told == [True, False]
    none = Policy(catch_up_days=0)
    assert [is_missing(NEWEST - n * ONE, NOW, UTC_ZONE, first, none) for n in (0, 1)] == [
        True,
        False,
    ]


def test_before_anything_was_published_only_yesterday_is_missing():
    told = [is_missing(NEWEST - n * ONE, NOW, UTC_ZONE, None, POLICY) for n in (-1, 0, 1)]
    assert told == [False, True, False]


def test_a_date_that_no_calendar_showed_is_no_day():
    apia, skipped = ZoneInfo("Pacific/Apia"), date(2011, 12, 30)
    first = date(2011, 12, 20)
    right_after = datetime(2011, 12, 30, 12, tzinfo=UTC)  # the 31st there
    assert newest_day(right_after, apia, POLICY) == date(2011, 12, 29)
    assert looked_at(right_after, None, apia) == (date(2011, 12, 29),)
    later = datetime(2012, 1, 5, 12, tzinfo=UTC)
    days = looked_at(later, first, apia)
    assert skipped not in days
    assert {skipped - ONE, skipped + ONE} < set(days)
    assert not is_missing(skipped, later, apia, first, POLICY)
    assert is_missing(skipped + ONE, later, apia, first, POLICY)


ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Africa/Cairo", "Asia/Beirut")
instants = st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # naive bounds are what hypothesis wants


@law
@given(
    instants,
    st.sampled_from(ZONES),
    st.none() | st.integers(-3, 200),
    st.none() | st.integers(-3, 200),
    policies,
)
def test_a_run_looks_at_days_that_have_ended_each_once_oldest_first(
    now, zone_name, first_ago, last_ago, policy
):
    zone = ZoneInfo(zone_name)
    newest = newest_day(now, zone, policy)
    first = None if first_ago is None else newest - first_ago * ONE
    last = None if last_ago is None else newest - last_ago * ONE
    days = looked_at(now, first, zone, policy, last)
    rest = policy.settle if policy.publish is Publish.FINAL else timedelta(0)
    assert days[-1] == newest
    assert all(one < other for one, other in pairwise(days))
    for one in days:
        interval = Day(one, zone).interval
        assert not interval.is_empty
        assert interval.end + rest <= now
        assert one == newest or (first is not None and one >= first)
    span = [newest - n * ONE for n in range(-3, policy.catch_up_days + 5)]
    missing = [one for one in span if is_missing(one, now, zone, first, policy)]
    assert newest in missing
    assert set(missing) <= set(days)


# --- a whole life ----------------------------------------------------------------------------


@dataclass
class Life:
    """A destination of manifests' gist, and a machine that runs the program now and then."""

    zone: ZoneInfo
    policy: Policy
    days: dict[date, Known]
    exports: dict[date, int]

    def run(self, now: datetime, *, fails: bool, still_open: int) -> None:
        first, last = min(self.days, default=None), max(self.days, default=None)
        looked = days_to_look_at(now, self.zone, first, self.policy, last_published=last)
        for at in looked:
            there = self.days.get(at)
            day = Day(at, self.zone)
            if there is None and not is_missing(at, now, self.zone, first, self.policy):
                continue
            if fails or due(there or known(day, None), now, self.policy, RECIPE) is None:
                continue
            state = state_of(day.interval, now, self.policy, partial=False)
            assert may_publish(state, self.policy.publish)
            made = Known(day=day, state=state, fetched=now, open=still_open, recipe=RECIPE)
            self.days[at] = made
            self.exports[at] = self.exports.get(at, 0) + 1


runs = st.lists(
    st.tuples(st.integers(1, 20 * 24), st.booleans(), st.integers(0, 1)), min_size=1, max_size=25
)


@settings(law, max_examples=25)
@given(
    instants,
    st.sampled_from(ZONES),
    runs,
    policies,
)
def test_every_day_published_ends_final_and_after_its_last_look_is_left_alone(
    start, zone_name, pattern, policy
):
    life = Life(ZoneInfo(zone_name), policy, {}, {})
    now = start
    for hours, fails, still_open in pattern:
        now += timedelta(hours=hours)
        life.run(now, fails=fails, still_open=still_open)
    old = set(life.days)
    for _ in range(100):
        now += timedelta(hours=24)
        life.run(now, fails=False, still_open=1)
    for at in old:
        assert life.days[at].state == "final"
        assert due(life.days[at], now, policy, RECIPE) is None
    before = {at: life.exports[at] for at in old}
    life.run(now + 50 * ONE, fails=False, still_open=1)
    assert {at: life.exports[at] for at in old} == before


def test_a_day_in_a_quiet_life_is_read_eight_times():
    life = Life(UTC_ZONE, POLICY, {}, {})
    for n in range(120):
        life.run(NOW + n * ONE, fails=False, still_open=0)
    assert life.exports[NEWEST] == 5 + 3  # until it has settled, then at 7, 14 and 28 days
    assert life.exports[NEWEST + 50 * ONE] == 5 + 3


def test_what_a_long_pause_left_unsettled_settles_after_it():
    life = Life(UTC_ZONE, POLICY, {}, {})
    for n in (0, 1, 2, 300):
        life.run(NOW + n * ONE, fails=False, still_open=0)
    assert [life.days[NEWEST + n * ONE].state for n in range(3)] == ["final"] * 3
    assert NEWEST + 200 * ONE not in life.days  # longer missing than is caught up with
    assert NEWEST + 269 * ONE in life.days
