"""Slices side by side: order, the first error, and that nothing done is left behind."""

from threading import Event

import pytest

from genesys_export.api import SystemClock
from genesys_export.errors import DestinationFailed, Stopped
from genesys_export.threads import Abandoned, SliceCallbacks, ahead, side_by_side


def nothing(*_results):
    """Take no notice."""


def test_every_result_is_told_to_the_waiting_thread():
    done: list[int] = []
    looks: list[int] = []
    side_by_side(
        lambda part: part * 2,
        [3, 1, 2],
        most=8,
        abandon=Event(),
        callbacks=SliceCallbacks(
            finished=done.append, meanwhile=lambda: looks.append(1), undo=nothing
        ),
    )
    assert sorted(done) == [2, 4, 6]
    assert looks


def test_without_parts_there_is_nothing_to_do():
    side_by_side(
        print,
        [],
        most=8,
        abandon=Event(),
        callbacks=SliceCallbacks(finished=nothing, meanwhile=nothing, undo=nothing),
    )


def test_an_error_of_the_waiting_thread_stops_the_work():
    abandon = Event()
    undone: list[str] = []

    def work(part):
        assert abandon.wait(10)
        return part

    def lost():
        raise DestinationFailed("the claim is gone")

    with pytest.raises(DestinationFailed):
        side_by_side(
            work,
            ["late"],
            most=8,
            abandon=abandon,
            callbacks=SliceCallbacks(finished=nothing, meanwhile=lost, undo=undone.append),
        )
    assert undone == ["late"]


def test_the_first_error_is_raised_and_what_came_too_late_is_undone():
    abandon, finished = Event(), Event()
    undone: list[str] = []
    told: list[str] = []

    def work(part):
        if part == "good":
            finished.set()
            return part
        if part == "bad":
            assert finished.wait(10)
            raise DestinationFailed("the bucket is gone")
        assert abandon.wait(10)
        raise Abandoned("another slice failed")

    with pytest.raises(DestinationFailed):
        side_by_side(
            work,
            ["waiting", "bad", "good"],
            most=8,
            abandon=abandon,
            callbacks=SliceCallbacks(finished=told.append, meanwhile=nothing, undo=undone.append),
        )
    assert told + undone == ["good"]


def test_no_more_parts_are_worked_on_at_once_than_may_be():
    working: list[int] = []
    most: list[int] = []
    done: list[int] = []

    def work(part):
        working.append(part)
        most.append(len(working))
        working.remove(part)
        return part

    side_by_side(
        work,
        [*range(20)],
        most=1,
        abandon=Event(),
        callbacks=SliceCallbacks(finished=done.append, meanwhile=nothing, undo=nothing),
    )
    assert sorted(done) == [*range(20)]
    assert {*most} == {1}


def test_parts_that_wait_are_never_begun_after_an_error():
    abandon = Event()
    begun: list[str] = []
    undone: list[str] = []

    def work(part):
        begun.append(part)
        if part == "first":
            raise DestinationFailed("the bucket is gone")
        assert abandon.wait(10)
        raise Abandoned("another slice failed")

    with pytest.raises(DestinationFailed):
        side_by_side(
            work,
            ["first", "second", "third", "fourth"],
            most=1,
            abandon=abandon,
            callbacks=SliceCallbacks(finished=nothing, meanwhile=nothing, undo=undone.append),
        )
    assert undone == []
    assert begun in (["first"], ["first", "second"])


def test_the_next_item_is_fetched_while_the_last_is_used():
    fetched = []
    second_is_here = Event()

    def items():
        for number in range(3):
            fetched.append(number)
            if number == 1:
                second_is_here.set()
            yield number

    pages = ahead(items(), abandon=Event(), clock=SystemClock())
    assert next(pages) == 0
    assert second_is_here.wait(10)
    assert list(pages) == [1, 2]
    assert fetched == [0, 1, 2]


def test_an_error_in_fetching_ahead_reaches_the_reader():
    def items():
        yield 1
        raise DestinationFailed("no more")

    pages = ahead(items(), abandon=Event(), clock=SystemClock())
    assert next(pages) == 1
    with pytest.raises(DestinationFailed):
        next(pages)


def test_a_stop_does_not_wait_for_a_page_that_does_not_come():
    never = Event()
    clock = SystemClock()

    def items():
        yield 1
        never.wait(60)
        yield 2

    pages = ahead(items(), abandon=Event(), clock=clock)
    assert next(pages) == 1
    clock.interrupt(Stopped(15))
    with pytest.raises(Stopped):
        next(pages)
    never.set()


def test_an_abandoned_slice_does_not_wait_for_its_page():
    never, abandon = Event(), Event()

    def items():
        yield 1
        never.wait(60)
        yield 2

    pages = ahead(items(), abandon=abandon, clock=SystemClock())
    assert next(pages) == 1
    abandon.set()
    with pytest.raises(Abandoned):
        next(pages)
    never.set()
