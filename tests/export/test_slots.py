"""A day's slot: lent while it waits for its jobs, held again before anything is read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event
from typing import Any

import pytest

from fakes import FakeClock
from genesys_export.about import carried
from genesys_export.errors import Stopped
from genesys_export.export.slots import MOST_SET_BACK, Slot, Slots, most_open
from genesys_export.setback import set_back
from genesys_export.threads import Abandoned


class Waking(FakeClock):
    """A clock that does something whenever somebody looks for a signal."""

    def __init__(self, wake) -> None:
        super().__init__()
        self._wake = wake

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._wake()


def held(slots: Slots, org: str = "a", told=None) -> Slot:
    assert slots.take(org)
    told = [] if told is None else told
    return Slot(slots, org, lambda: told.append(org))


def granting(slots: Slots) -> Waking:
    return Waking(lambda: slots.grant("a"))


def test_a_day_that_waits_for_its_job_lends_its_slot_and_says_so():
    told: list[str] = []
    slots = Slots(each=1, in_all=1)
    slot = held(slots, told=told)
    assert not slots.take("b")
    with slot.used(), slot.lent(Event(), granting(slots)):
        assert told == ["a"]
        assert slots.take("b")
        slots.give_back("b")
    assert told == ["a", "a"]
    assert not slots.take("b")
    slot.end()
    assert slots.take("b")


def test_nothing_is_read_before_the_slot_is_held_again():
    granted: list[Any] = []
    slots = Slots(each=1, in_all=1)

    def looked():
        if len(granted) == 2:
            slots.give_back("b")
        granted.append(slots.grant("a"))

    slot = held(slots)
    with slot.used(), slot.lent(Event(), Waking(looked)):
        assert slots.take("b")
    assert granted == [False, False, True]
    assert not slots.take("b")


def test_no_day_begins_while_as_many_as_there_are_slots_want_theirs_again():
    slots, refused = Slots(each=1, in_all=2), []

    def looked():
        refused.append(slots.take("a"))
        slots.grant("a")

    slot = held(slots)
    with slot.used(), slot.lent(Event(), Waking(looked)):
        assert slots.take("a")
        slots.give_back("a")
    assert refused == [False]


def test_a_day_keeps_its_slot_while_any_slice_of_it_reads():
    slots = Slots(each=1, in_all=1)
    slot = held(slots)
    with slot.used():
        with slot.used(), slot.lent(Event(), granting(slots)):
            assert not slots.take("b")
        assert not slots.take("b")


def test_a_slice_that_ends_leaves_the_slot_to_others_while_the_rest_waits():
    slots = Slots(each=1, in_all=1)
    slot = held(slots)
    reads = slot.used()
    reads.__enter__()
    with slot.used(), slot.lent(Event(), granting(slots)):
        assert not slots.take("b")
        reads.__exit__(None, None, None)
        assert slots.take("b")
        slots.give_back("b")
    slot.end()
    assert slots.take("a")


def test_a_day_that_is_granted_a_slot_twice_gives_one_back_and_says_so():
    told: list[str] = []
    looks: list[Any] = []
    slots = Slots(each=2, in_all=2)
    slot, second = held(slots, told=told), ExitStack()

    def second_slice():
        """Wish for a slot, too, while the first slice waits for one; both wishes are granted."""
        looks.append(len(told))
        if len(looks) == 1:
            second.enter_context(slot.used())
            with slot.lent(Event(), granting(slots)):
                pass

    with second, slot.used(), slot.lent(Event(), Waking(second_slice)):
        pass
    assert len(told) == 1 + 2 + 1  # lent, two wishes, given back
    assert slots.take("a")
    assert not slots.take("a")


def test_a_slice_that_fails_in_its_wait_leaves_the_count_right():
    slots = Slots(each=1, in_all=1)
    slot = held(slots)
    with pytest.raises(KeyError), slot.used(), slot.lent(Event(), granting(slots)):
        raise KeyError
    slot.end()
    assert slots.take("a")
    assert not slots.take("a")


def test_whoever_wants_a_slot_again_can_be_stopped_and_abandoned():
    slots, clock, abandon = Slots(each=1, in_all=1), FakeClock(), Event()
    slot = held(slots)
    abandon.set()
    with pytest.raises(Abandoned), slot.used(), slot.lent(abandon, clock):
        assert slots.take("b")
    clock.interrupt(Stopped(15))
    with pytest.raises(Stopped), slot.used(), slot.lent(Event(), clock):
        pass
    slots.give_back("b")
    assert slots.take("a")


def test_a_day_without_others_beside_it_never_lends():
    slots = Slots(each=1, in_all=1)
    assert slots.take("a")
    slot = Slot(slots, "a")
    with slot.used(), slot.lent(Event(), granting(slots)):
        assert not slots.take("b")
    slot.end()
    assert slots.take("b")


def test_a_day_that_is_set_back_lends_its_slot_and_no_other_of_its_organisation_begins():
    told: list[str] = []
    slots = Slots(each=2, in_all=2)
    slot = held(slots, told=told)
    with slot.lendable(granting(slots)):
        assert not slots.is_set_back("a")
        set_back()
        set_back()
        assert told == ["a"]
        assert slots.is_set_back("a")
        assert (slots.aside("a"), slots.all_aside) == (1, 1)
        assert slots.take("b")
        assert slots.take("b")
        slots.give_back("b")
    assert (slots.is_set_back("a"), slots.aside("a"), slots.all_aside) == (False, 0, 0)
    assert told == ["a"] * 3  # lent, wished for, others may begin
    assert not slots.take("b")


def test_days_that_are_set_back_count_as_open_where_they_are_too_many():
    """Each has threads and a connection of its own, and a process has only so many."""
    slots = Slots(each=1, in_all=1)
    with ExitStack() as stack:
        for number in range(MOST_SET_BACK + 5):
            stack.enter_context(slots.set_back(f"org{number}"))
            assert slots.aside(f"org{number}") == 1
        assert slots.all_aside == MOST_SET_BACK
    assert slots.all_aside == 0


def test_a_day_whose_request_is_answered_at_once_keeps_its_slot():
    told: list[str] = []
    slots = Slots(each=1, in_all=1)
    with held(slots, told=told).lendable(FakeClock()):
        assert not slots.take("b")
    set_back()
    assert not told


def test_a_day_whose_request_is_given_up_holds_no_slot_and_holds_nobody_up():
    slots = Slots(each=1, in_all=1)
    slot = held(slots)

    def given_up():
        with slot.lendable(granting(slots)):
            set_back()
            raise KeyError

    with pytest.raises(KeyError):
        given_up()
    assert not slots.is_set_back("a")
    slot.end()
    assert slots.take("a")
    assert not slots.take("a")


def test_the_thread_that_is_set_back_never_waits_for_the_slot():
    """It may hold what days need that have the slots: the token that it renews."""
    slots, waits = Slots(each=1, in_all=1), ThreadPoolExecutor(1)
    slot = held(slots)
    with slot.lendable(granting(slots)):
        assert waits.submit(carried(set_back)).result(timeout=60) is None
        assert slots.take("b")
        assert waits.submit(carried(set_back)).result(timeout=60) is None
        slots.give_back("b")
    waits.shutdown()
    assert not slots.take("b")


def test_a_setback_that_comes_too_late_lends_nothing():
    slots = Slots(each=1, in_all=1)
    with held(slots).lendable(FakeClock()):
        late = carried(set_back)
    late()
    assert not slots.is_set_back("a")
    assert not slots.take("b")


def test_a_day_without_others_beside_it_keeps_its_slot_when_it_is_set_back():
    with Slot().lendable(FakeClock()):
        set_back()


@pytest.mark.parametrize(
    ("slots", "days"), [(1, 1), (2, 8), (4, 16), (8, 32), (32, 56), (1000, 1024)]
)
def test_more_days_are_open_than_there_are_slots_but_a_bounded_number(slots, days):
    assert most_open(slots) == days
