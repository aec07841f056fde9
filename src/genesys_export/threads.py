"""Slices in parallel, prefetching a page, and the first error that counts.

A slice that fails makes the others stop at their next page; what they had staged is discarded. A
signal that reaches the main thread while it waits does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from enum import Enum, auto
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Generic, TypeVar

from . import time_limit
from .about import carried
from .errors import ExportError
from .model import Clock

Part = TypeVar("Part")
Done = TypeVar("Done")
Item = TypeVar("Item")

_LOOK_EVERY_S = 0.1  # for a signal or another slice's failure, while a page is under way


class _Ask(Enum):
    NEXT = auto()
    NO_MORE = auto()


class Abandoned(ExportError):
    """Another slice of the day failed; its error is the one to show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceCallbacks(Generic[Done]):
    """What the waiting thread does; all of it happens in that thread."""

    finished: Callable[[Done], None]  # with each result, as it comes
    meanwhile: Callable[[], None]  # ten times a second
    undo: Callable[[Done], None]  # with what came too late to be finished


def side_by_side(
    work: Callable[[Part], Done],
    parts: Sequence[Part],
    *,
    most: int,
    abandon: Event,
    callbacks: SliceCallbacks[Done],
) -> None:
    """Work on every slice in its own thread, `most` at a time, in order.

    On the first error (of the work, of the callbacks, or a signal that reaches the waiting thread)
    `abandon` is set, what is under way is awaited, what was done but not finished is undone, the
    rest is never begun, and the error goes on.
    """
    if not parts:
        return
    with ThreadPoolExecutor(min(most, len(parts)), thread_name_prefix="slice") as pool:
        running = {pool.submit(carried(work), slice_) for slice_ in parts}
        try:
            while running:
                done, _ = wait(running, timeout=_LOOK_EVERY_S, return_when=FIRST_COMPLETED)
                callbacks.meanwhile()
                for future in done:
                    callbacks.finished(future.result())
                    running.remove(future)
        except BaseException:
            begun = [future for future in running if not future.cancel()]
            abandon.set()
            wait(begun)
            for future in begun:
                if future.exception() is None:
                    callbacks.undo(future.result())
            raise


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

    Thread(target=carried(fetch), name="ahead", daemon=True).start()
    asked.put(_Ask.NEXT)
    try:
        while (item := _taken(given, abandon, clock)) is not None:
            asked.put(_Ask.NEXT)
            yield item
    finally:
        asked.put(_Ask.NO_MORE)


def interruptible(ask: Callable[[], Item], clock: Clock, abandon: Event | None = None) -> Item:
    """Return what `ask` returns; raises what it raises; Abandoned, Stopped without waiting for it.

    A signal interrupts the main thread wherever it is, but no other one that waits for an answer.
    """

    def only() -> Iterator[tuple[Item]]:
        yield (ask(),)

    [(answer,)] = ahead(only(), abandon=abandon or Event(), clock=clock)
    return answer


def _taken(
    given: SimpleQueue[tuple[Item | None, BaseException | None]], abandon: Event, clock: Clock
) -> Item | None:
    while True:
        if abandon.is_set():
            raise Abandoned("another slice failed")
        clock.sleep(0)
        time_limit.check(clock, grace_s=time_limit.GRACE_S)
        try:
            item, problem = given.get(timeout=_LOOK_EVERY_S)
        except Empty:
            continue
        if problem is not None:
            raise problem
        return item
