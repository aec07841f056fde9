"""SIGINT and SIGTERM end the process with 130 or 143, silently, at any moment.

Outside of commands they end it at once: nothing needs cleaning up there. Inside they raise
Interrupted in the main thread, so that temporary files and jobs are removed on the way out.
Commands that export install handlers of their own on top (cli/signals.py). Imports nothing heavy:
it runs before everything else is imported.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

from .errors import Stopped

NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """A signal came; no `except Exception` stops it on its way out."""


@dataclass(slots=True)
class Arrival:
    """Whether a signal has come."""

    signum: int = 0

    @property
    def status(self) -> int:
        """128 + the signal's number, as shells do; 0 if none has come."""
        return 128 + self.signum if self.signum else 0


def end_at_once() -> None:
    """Let a signal end the process immediately, until other handlers are installed."""
    for number in NUMBERS:
        signal.signal(number, _end)


def _end(signum: int, frame: FrameType | None) -> None:
    del frame
    os._exit(128 + signum)


@contextmanager
def unwinding() -> Iterator[Arrival]:
    """Raise Interrupted inside when a signal comes; a second signal ends the process at once.

    Whatever error comes out of the block: where `Arrival` names a signal, the signal is its cause.
    Libraries turn an exception that hits them at an odd moment into one of their own.
    """
    arrival = Arrival()

    def interrupt(signum: int, frame: FrameType | None) -> None:
        if arrival.signum:
            _end(signum, frame)
        arrival.signum = signum
        raise Interrupted

    if current_thread() is not main_thread():  # no handler can be installed, and none runs
        yield arrival
        return
    before = {number: signal.getsignal(number) for number in NUMBERS}
    hook = sys.unraisablehook
    try:
        sys.unraisablehook = _unless_interrupted(hook, arrival)
        for number in NUMBERS:
            signal.signal(number, interrupt)
        yield arrival
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = hook


def _unless_interrupted(
    hook: Callable[[sys.UnraisableHookArgs], Any], arrival: Arrival
) -> Callable[[sys.UnraisableHookArgs], Any]:
    """Return a hook for what Python can't raise: an Interrupted in a finaliser would be lost."""

    def seen(told: sys.UnraisableHookArgs) -> None:
        if isinstance(told.exc_value, Interrupted):
            os._exit(arrival.status)
        if not isinstance(told.exc_value, Stopped):  # whoever waits next is stopped all the same
            hook(told)

    return seen
