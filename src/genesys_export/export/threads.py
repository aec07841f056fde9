"""Slices side by side, and the first error that counts.

A slice that fails makes the others stop at their next page; what they had staged is discarded. A
signal that reaches the main thread while it waits does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from threading import Event
from typing import TypeVar

from ..errors import ExportError

Part = TypeVar("Part")
Done = TypeVar("Done")


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
