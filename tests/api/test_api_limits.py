"""The budget: never too many starts in any minute, no start later than need be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesys_export.api import Budget, RequestBudget
from genesys_export.api.limits import Window, budget_for


def start(budget, now):
    """Wait as the client does; return when the request starts."""
    while (wait_s := budget.reserve(now)) > 0:
        now += wait_s
    return now


def most_in_a_minute(starts):
    return max(sum(one <= other < one + 60 for other in starts) for one in starts)


@settings(deadline=None)  # machines are slow at times
@given(
    per_minute=st.integers(1, 40),
    headroom=st.sampled_from([0.0, 0.04, 0.5, 0.99]),
    gaps=st.lists(st.floats(0, 20), min_size=1, max_size=120),
)
def test_there_are_never_more_starts_in_a_minute_than_allowed(per_minute, headroom, gaps):
    budget, now, starts = Window(per_minute, headroom), 0.0, []
    for gap in gaps:
        now = start(budget, now + gap)
        starts.append(now)
    assert most_in_a_minute(starts) <= max(1, int(per_minute * (1 - headroom) + 1e-9))


@settings(deadline=None)  # machines are slow at times
@given(per_minute=st.integers(1, 40), gaps=st.lists(st.floats(0, 5), min_size=1, max_size=120))
def test_a_wait_is_as_short_as_the_limit_allows(per_minute, gaps):
    budget, now = Window(per_minute, 0), 0.0
    starts: list[float] = []
    for gap in gaps:
        asked = now + gap
        now = start(budget, asked)
        if now > asked:  # then the start so many back is exactly a minute ago
            assert now == pytest.approx(starts[-per_minute] + 60)
        starts.append(now)


@settings(deadline=None)  # machines are slow at times
@given(
    st.lists(st.tuples(st.floats(0, 10), st.none() | st.floats(0, 90)), min_size=1, max_size=150)
)
def test_whatever_429s_come_the_limit_and_their_pauses_are_kept(steps):
    budget, now, starts, paused_until = Window(20, 0), 0.0, [], 0.0
    for gap, refused_for in steps:
        now = start(budget, now + gap)
        assert now >= paused_until
        starts.append(now)
        if refused_for is not None:
            budget.refused(now + 0.1, refused_for, now)
            paused_until = max(paused_until, now + 0.1 + refused_for)
    assert most_in_a_minute(starts) <= 20


def test_the_whole_budget_can_be_used_at_once():
    budget = Window()
    assert [budget.reserve(5.0) for _ in range(288)] == [0.0] * 288
    assert budget.reserve(5.0) == 60
    assert budget.reserve(30.0) == 35
    assert budget.reserve(65.0) == 0


def test_a_known_limit_is_used_to_at_least_95_percent():
    budget, now, starts = Window(), 0.0, []
    while now < 1_800:
        starts.append(now := start(budget, now) + 0.05)
    assert len(starts) / 30 >= 0.95 * 300


@pytest.mark.parametrize(
    ("per_minute", "headroom", "full"), [(300, 0.04, 288), (50, 0.02, 49), (1, 0.9, 1)]
)
def test_the_headroom_is_left_unused(per_minute, headroom, full):
    assert Window(per_minute, headroom).full == full


def test_a_429_holds_everybody_up_for_exactly_as_long_as_told():
    budget = Window()
    started = start(budget, 10.0)
    budget.refused(10.2, 42, started)
    assert budget.paused_until == 52.2
    assert budget.reserve(11.2) == pytest.approx(41)
    assert budget.reserve(52.2) == 0


def test_a_shorter_pause_does_not_shorten_a_longer_one():
    budget = Window()
    budget.refused(0, 42, 0)
    budget.refused(0, 1, 0)
    assert budget.reserve(2) == 40


def test_a_429_within_the_budget_lowers_the_limit_until_a_window_after_the_pause():
    budget = Window()
    for _ in range(201):
        budget.reserve(0.0)
    budget.refused(0.5, 59.5, started=0.1)  # 201 were let through: others took the rest
    assert sum(budget.reserve(60.0) == 0 for _ in range(300)) == 180
    assert budget.reserve(60.0) == 60
    assert sum(budget.reserve(119.999) == 0 for _ in range(300)) == 0
    assert sum(budget.reserve(120.0) == 0 for _ in range(300)) == 288


def test_a_wait_under_a_lowered_limit_ends_when_the_limit_is_full_again():
    budget = Window()
    for _ in range(100):
        budget.reserve(0.0)
    budget.refused(0.1, 0, started=0.1)  # 90 until 60.1
    for _ in range(90):
        budget.reserve(60.05)
    assert budget.reserve(60.06) == pytest.approx(0.04)


def test_a_429_at_the_very_start_leaves_a_quarter_of_the_budget():
    budget = Window()
    budget.refused(0.5, 30, started=start(budget, 0.0))
    assert sum(budget.reserve(30.5) == 0 for _ in range(300)) == 72 - 1


def test_a_storm_of_429s_lowers_the_limit_once():
    budget = Window()
    starts = [start(budget, 0.1 * number) for number in range(200)]
    for started in starts[-8:]:
        budget.refused(20.0, 1, started)
    allowed = sum(budget.reserve(81.0) == 0 for _ in range(300))
    assert allowed == 288
    budget.refused(81.5, 0, 81.2)
    assert sum(budget.reserve(141.4) == 0 for _ in range(300)) == 288 * 9 // 10


def test_a_budget_shared_with_others_settles_under_what_is_left():
    """The server lets 120 through in any minute; no more than one in twenty may be refused."""
    budget, now, refused = Window(), 0.0, 0
    taken: list[float] = []
    while now < 1_200:
        started = start(budget, now)
        within = [one for one in taken if one > started - 60]
        now = started + 0.05
        if len(within) >= 120:
            refused += 1
            budget.refused(now, within[0] + 60 - now, started)
        else:
            taken.append(started)
    assert refused < len(taken) / 20
    assert len(taken) / 20 >= 0.9 * 120


@pytest.mark.parametrize(("per_minute", "headroom"), [(0, 0.04), (300, 1.0), (300, -0.1)])
def test_a_budget_that_allows_nothing_is_refused(per_minute, headroom):
    with pytest.raises(ValueError, match="at least one request"):
        Window(per_minute, headroom)


def test_a_budget_keeps_its_window_by_a_clock_of_its_own(clock):
    budget = Budget(100, clock=clock.monotonic)
    clock.sleep(1_000)
    assert [budget.reserve() for _ in range(96)] == [0.0] * 96
    clock.sleep(20)
    assert budget.reserve() == 40
    clock.sleep(40)
    assert budget.reserve() == 0


def test_a_budget_pauses_everybody_after_a_429_and_counts_what_came_through(clock):
    budget = Budget(clock=clock.monotonic)
    for _ in range(200):
        budget.reserve()
    clock.sleep(0.5)
    budget.reserve()
    clock.sleep(0.5)
    budget.refused(wait_s=60, started_ago_s=0.5)
    clock.sleep(20)
    assert budget.paused_for() == budget.reserve() == 40
    clock.sleep(40)
    assert budget.paused_for() == 0
    assert sum(budget.reserve() == 0 for _ in range(300)) == 180  # 200 came through


def test_a_budget_goes_by_the_machines_clock_unless_told_otherwise():
    budget = Budget(1)
    assert budget.reserve() == 0
    assert 59 < budget.reserve() <= 60


def test_budgets_are_one_for_all_or_made_for_each_organisation():
    one = Budget()
    assert isinstance(one, RequestBudget)
    assert budget_for("emea", one) is one
    kept = {"emea": Budget(), "apac": Budget()}
    assert budget_for("apac", kept.__getitem__) is kept["apac"]
