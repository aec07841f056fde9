"""The deadline of a call: nothing begins after it, and threads have their caller's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from fakes import Events, FakeClock
from genesys_export import time_limit
from genesys_export.errors import DeadlineReached
from genesys_export.events import Waiting, wait
from genesys_export.threads import SliceCallbacks, ahead, interruptible, side_by_side


def test_without_a_deadline_everything_may_begin():
    time_limit.check(FakeClock(), 1e9)
    assert not time_limit.is_set()


def test_at_the_deadline_nothing_begins_any_more():
    clock = FakeClock()
    with time_limit.ending(10):
        time_limit.check(clock)
        clock.rest(10)
        with pytest.raises(DeadlineReached, match="the deadline is reached") as late:
            time_limit.check(clock)
        time_limit.check(clock, grace_s=1)
    assert late.value.retry_at == clock.now()
    assert late.value.status == 75
    time_limit.check(clock)  # outside there is none


@pytest.mark.parametrize("wait_s", [10, 1e300])
def test_a_wait_that_does_not_fit_is_not_begun_and_says_when_it_would_end(wait_s):
    clock, events = FakeClock(), Events()
    with time_limit.ending(10), pytest.raises(DeadlineReached) as late:
        wait(events, clock, Waiting(reason="job", wait_s=wait_s))
    assert clock.slept == []
    assert events == []
    assert late.value.waited_for == "job"
    assert late.value.retry_at == clock.now() + timedelta(seconds=min(wait_s, 86_400))


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("job", "its job needs at least 10 s more"),
        ("budget", "its request budget allows the next request in 10 s or more"),
        ("rate limit", "Genesys's rate limit allows the next request in 10 s or more"),
        ("retry", "a failed request can be tried again in 10 s or more"),
        ("availability", "Genesys can be asked for more data in 10 s or more"),
        ("", "the next step is possible in 10 s or more"),
    ],
)
def test_a_wait_that_does_not_fit_says_what_it_was_for(reason, told):
    late = time_limit.reached(FakeClock(), 17.3, reason=reason)
    assert late.message == f"{told}, which is after the deadline"
    assert late.waited_for == reason


@pytest.mark.parametrize(("wait_s", "told"), [(0.2, 1), (3.9, 3), (9.9, 9), (10, 10), (66, 60)])
def test_waits_are_told_roughly_so_that_days_share_a_line(wait_s, told):
    assert (
        f"at least {told} s more" in time_limit.reached(FakeClock(), wait_s, reason="job").message
    )


def test_a_wait_that_fits_is_waited():
    clock = FakeClock()
    with time_limit.ending(10):
        wait(Events(), clock, Waiting(reason="job", wait_s=9))
    assert clock.slept == [9]


def test_an_inner_block_can_have_no_deadline():
    with time_limit.ending(0), time_limit.ending(None):
        time_limit.check(FakeClock())


def test_threads_have_the_deadline_of_whoever_starts_them():
    clock = FakeClock()
    seen: list[Any] = []
    ignore = SliceCallbacks(finished=seen.append, meanwhile=lambda: None, undo=lambda _done: None)

    def fetched() -> Iterator[bool]:
        yield time_limit.is_set()

    with time_limit.ending(1):
        side_by_side(
            lambda _: time_limit.is_set(), [1, 2], most=2, abandon=Event(), callbacks=ignore
        )
        assert seen == [True, True]
        assert list(ahead(fetched(), abandon=Event(), clock=clock)) == [True]
        assert interruptible(time_limit.is_set, clock)


def test_a_request_under_way_may_take_some_seconds_more():
    clock, answered = FakeClock(), Event()

    def late() -> str:
        clock.rest(5)
        return "answer"

    def too_late() -> None:
        clock.rest(5 + time_limit.GRACE_S)
        answered.wait(20)

    with time_limit.ending(1):
        assert interruptible(late, clock) == "answer"
        with pytest.raises(DeadlineReached):
            interruptible(too_late, clock)
    answered.set()


def test_what_is_left_until_the_deadline_is_bounded_on_both_sides():
    clock = FakeClock()
    assert time_limit.left_s(clock, 20) == 20
    with time_limit.ending(10):
        assert time_limit.left_s(clock, 20) == 10
        assert time_limit.left_s(clock, 5) == 5
        clock.rest(30)
        assert time_limit.left_s(clock, 20) == 0


def test_what_begins_after_a_tenth_of_the_call_is_late():
    clock = FakeClock()
    assert not time_limit.is_late(clock)
    with time_limit.ending(10, timedelta(seconds=10)):
        clock.rest(1)
        assert not time_limit.is_late(clock)
        clock.rest(0.5)
        assert time_limit.is_late(clock)
        with time_limit.ending(10):
            assert not time_limit.is_late(clock)
