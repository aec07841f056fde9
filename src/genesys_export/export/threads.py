"""Slices side by side, the page ahead, and the first error that counts.

A slice that fails makes the others stop at their next page; what they had staged is discarded. A
signal that reaches the main thread while it waits does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from datetime import datetime
from enum import Enum, auto
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Protocol, TypeVar

from ..errors import ExportError

Part = TypeVar("Part")
Done = TypeVar("Done")
Item = TypeVar("Item")

_LOOK_EVERY_S = 0.1  # for a signal or another slice's failure, while a page is under way


class Clock(Protocol):
    """What the loop needs of time."""

    def now(self) -> datetime:
        """Return this instant, in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; raises Stopped, even for no wait at all, once a signal has come."""
        ...


class _Ask(Enum):
    NEXT = auto()
    NO_MORE = auto()


class Abandoned(ExportError):
    """Another slice of the day failed; its error is the one to show."""


def side_by_side(
    work: Callable[[Part], Done],
    parts: Sequence[Part],
    *,
    abandon: Event,
    undo: Callable[[Done], None],
) -> tuple[Done, ...]:
    """Do the work on every part in a thread of its own; return the results in the parts' order.

    On the first error (or a signal that reaches the waiting thread) `abandon` is set, what is
    under way is awaited, what was done is undone, and the error goes on.
    """
    with ThreadPoolExecutor(len(parts), thread_name_prefix="slice") as pool:
        running = [pool.submit(work, part) for part in parts]
        try:
            for done in as_completed(running):
                done.result()
        except BaseException:
            abandon.set()
            wait(running)
            for future in running:
                if future.exception() is None:
                    undo(future.result())
            raise
        return tuple(future.result() for future in running)


def ahead(items: Iterator[Item], *, abandon: Event, clock: Clock) -> Iterator[Item]:
    """Yield the items while the next one (no more) is already being fetched in another thread.

    Raises what fetching raises; Abandoned or Stopped within a moment, without waiting for an
    answer that may be minutes away.
    """
    asked: SimpleQueue[_Ask] = SimpleQueue()
    given: SimpleQueue[tuple[Item | None, BaseException | None]] = SimpleQueue()

    def fetch() -> None:
        while asked.get() is _Ask.NEXT:
            try:
                given.put((next(items, None), None))
            except BaseException as problem:  # noqa: BLE001 - raised again by who reads
                given.put((None, problem))

    Thread(target=fetch, name="ahead", daemon=True).start()
    asked.put(_Ask.NEXT)
    try:
        while (item := _taken(given, abandon, clock)) is not None:
            asked.put(_Ask.NEXT)
            yield item
    finally:
        asked.put(_Ask.NO_MORE)


def _taken(
    given: SimpleQueue[tuple[Item | None, BaseException | None]], abandon: Event, clock: Clock
) -> Item | None:
    while True:
        if abandon.is_set():
            raise Abandoned("another slice failed")
        clock.sleep(0)
        try:
            item, problem = given.get(timeout=_LOOK_EVERY_S)
        except Empty:
            continue
        if problem is not None:
            raise problem
        return item
