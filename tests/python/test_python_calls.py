"""Calls in any thread: each is stopped by itself, and the next one works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from threading import Event as Flag
from threading import Thread, current_thread, main_thread
from typing import Any

import pytest

from genesys_export import Event, Report, Stopped
from genesys_export.about import carried
from genesys_export.assembly.stopping import StoppableClock, one_call
from genesys_export.events import JobSubmitted

DAY = "2025-11-20"
DAYS = ("2025-11-17", DAY)

stop: ContextVar[Flag] = ContextVar("stop")


def in_a_thread(work: Callable[[], Any]) -> Any:
    """Do it in a thread that is not the main one."""

    def done() -> Any:
        assert current_thread() is not main_thread()
        return work()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(done).result()


def test_every_call_of_the_api_works_in_any_thread(make):
    with make(tables=["conversations"], days_at_once=2) as exporter:
        (exported,) = in_a_thread(lambda: exporter.export(DAY)).results
        assert exported.status == "published"
        ended = in_a_thread(lambda: list(exporter.backfill(*DAYS)))
        assert {one.status for one in ended} == {"published", "skipped"}
        assert in_a_thread(lambda: list(exporter.export_due()))
        assert in_a_thread(exporter.due) is not None
        (verified,) = in_a_thread(lambda: exporter.verify(DAY, source=True))
        assert verified.problem is None
        assert len(in_a_thread(exporter.status)) == 1
        assert in_a_thread(lambda: exporter.read("conversations", DAY)).num_rows == 40


def test_of_two_calls_in_two_threads_one_is_stopped_and_the_next_call_works(make):
    flags = {DAY: Flag(), "2025-11-19": Flag()}

    def seen(event: Event) -> None:
        if isinstance(event, JobSubmitted) and event.day == DAY:
            stop.get().set()  # its own call alone: the caller's context is known everywhere

    with make(
        tables=["conversations"],
        slices=2,
        on_event=seen,
        should_stop=lambda: stop.get().is_set(),
    ) as exporter:

        def export(day: str) -> Report:
            stop.set(flags[day])
            return exporter.export(day)

        with ThreadPoolExecutor(2) as pool:
            stopped, fine = (pool.submit(export, day) for day in flags)
            assert isinstance(stopped.exception(), Stopped)
            assert fine.result().results[0].status == "published"
        flags[DAY] = Flag()
        with pytest.raises(Stopped):
            export(DAY)
        assert export("2025-11-19").results[0].status == "skipped"


def test_after_a_stop_the_next_call_of_the_same_exporter_publishes(make):
    stop_at = {JobSubmitted}
    stopped = Flag()

    def seen(event: Event) -> None:
        if type(event) in stop_at:
            stopped.set()

    with make(on_event=seen, should_stop=stopped.is_set, tables=["conversations"]) as exporter:
        with pytest.raises(Stopped):
            in_a_thread(lambda: exporter.export(DAY))
        stop_at.clear()
        stopped.clear()
        assert in_a_thread(lambda: exporter.export(DAY)).results[0].status == "published"


def test_what_is_left_behind_wakes_the_sleepers_of_its_call_alone():
    clock, asleep, woken = StoppableClock(), Flag(), Flag()

    def sleeps() -> None:
        asleep.set()
        try:
            clock.sleep(60)
        except Stopped:
            woken.set()

    def call() -> Iterator[str]:
        thread = Thread(target=carried(sleeps))
        thread.start()
        try:
            yield "an item"
        finally:
            asleep.wait()
            clock.abandon()
            thread.join()

    items = one_call(call())
    assert next(items) == "an item"
    del items
    assert woken.is_set()
    clock.sleep(0)
    clock.sleep(0)
    assert list(one_call(iter([1]))) == [1]
    clock.abandon()  # outside of a call there is nobody
    clock.sleep(0)


def test_the_first_days_of_a_new_destination_are_exported_by_two_exporters_at_once(make):
    def export(day: str) -> str:
        with make(tables=["conversations"]) as exporter:
            return exporter.export(day).results[0].status

    with ThreadPoolExecutor(4) as pool:
        days = ("2025-11-16", "2025-11-17", "2025-11-18", "2025-11-19")
        assert list(pool.map(export, days)) == ["published"] * 4
