"""Events tell waits as planned and as they were, and name what their thread works on."""

from __future__ import annotations

from threading import Thread

import pytest

from fakes import FakeClock
from genesys_export.about import about, carried, known
from genesys_export.errors import Stopped
from genesys_export.events import Event, Noticed, Waited, Waiting, named, wait

PLAN = Waiting(reason="rate limit", wait_s=300)


def test_a_wait_is_told_before_it_begins_and_after_it_ended():
    clock = FakeClock()
    seen: list[Event] = []
    wait(seen.append, clock, PLAN)
    assert seen == [PLAN, Waited(reason="rate limit", waited_s=300)]
    assert clock.slept == [300]


def test_a_wait_that_a_signal_cuts_short_counts_as_long_as_it_was():
    class Woken(FakeClock):
        def sleep(self, _seconds):
            self.rest(7)
            raise Stopped(15)

    seen: list[Event] = []
    with pytest.raises(Stopped):
        wait(seen.append, Woken(), PLAN)
    assert seen == [PLAN, Waited(reason="rate limit", waited_s=7)]


def test_events_name_what_their_thread_works_on_and_keep_what_they_say_themselves():
    seen: list[Event] = []
    observe = named(seen.append)
    with about(org="emea", dataset="dimensions"):
        with about(day="2026-11-22", slice=""):
            observe(PLAN)
        observe(Noticed(day="2026-11-21", message="late"))
    observe(PLAN)
    assert [(one.org, one.dataset, one.day) for one in seen] == [
        ("emea", "dimensions", "2026-11-22"),
        ("emea", "dimensions", "2026-11-21"),
        ("", "", ""),
    ]
    assert seen[-1] is PLAN


def test_another_thread_knows_it_where_the_work_is_carried_there():
    found = []
    with about(org="emea"):
        for work in (carried(lambda: found.append(known())), lambda: found.append(known())):
            thread = Thread(target=work)
            thread.start()
            thread.join()
    assert found == [{"org": "emea"}, {}]
