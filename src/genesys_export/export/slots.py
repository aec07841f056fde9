"""Slots: how many days are worked on at a time, of an organisation and in the whole process.

A slot stands for the memory and the CPU of a day that is being read. A day that only waits for
its jobs lends its slot, and takes one again before the first page is read. So more days are open
than there are slots, up to `most_open`: that bounds threads, and jobs at Genesys.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock

from ..model import Clock
from ..threads import Abandoned

_ASK_EVERY_S = 0.1
_MOST_LENT = 24


def most_open(slots: int) -> int:
    """Return how many days may be open where so many slots are: with one, one after another."""
    return 1 if slots == 1 else slots + min(3 * slots, _MOST_LENT)


@dataclass(slots=True, kw_only=True)
class Slots:
    """The slots of a process; safe from several threads."""

    each: int  # of one organisation
    in_all: int
    _taken: Counter[str] = field(default_factory=Counter)
    _wanted: Counter[str] = field(default_factory=Counter)  # by days that lent theirs
    _sum: int = 0  # of the slots taken
    _lock: Lock = field(default_factory=Lock)

    @property
    def are_spoken_for(self) -> bool:
        """Whether each is taken, or will be by a day that lent its own."""
        return self._sum + self._wanted.total() >= self.in_all

    def take(self, org: str) -> bool:
        """Take a slot for a day of the organisation that begins; return whether one is free."""
        with self._lock:
            return not self._wanted[org] and self._take(org)

    def take_again(self, org: str) -> bool:
        """Take a slot for a day that wants one; return whether one is free."""
        with self._lock:
            return self._take(org)

    def want(self, org: str, change: int) -> None:
        """Count a day that waits for a slot, or no longer does."""
        with self._lock:
            self._wanted[org] += change

    def give_back(self, org: str) -> None:
        """Give a slot back."""
        with self._lock:
            self._taken[org] -= 1
            self._sum -= 1

    def _take(self, org: str) -> bool:
        if self._taken[org] >= self.each or self._sum >= self.in_all:
            return False
        self._taken[org] += 1
        self._sum += 1
        return True


class Slot:
    """A day's slot, taken when the day begins; without `tell` it is never lent."""

    def __init__(
        self,
        slots: Slots | None = None,
        org: str = "",
        tell: Callable[[], None] | None = None,
    ) -> None:
        """Hold the slot; `tell` says whenever it comes free."""
        self._slots, self._org, self._tell = slots, org, tell
        self._is_held, self._lock = True, Lock()
        self._waiting = self._reading = 0  # slices

    @contextmanager
    def used(self) -> Iterator[None]:
        """Count a slice as one that reads, until the end of the block."""
        self._count(reading=1)
        try:
            yield
        finally:
            self._count(reading=-1)

    @contextmanager
    def lent(self, abandon: Event, clock: Clock) -> Iterator[None]:
        """Do without the slot in the block, unless other slices read; then wait for one.

        Raises Abandoned, and what interrupts the clock.
        """
        self._count(reading=-1, waiting=1)
        try:
            yield
            self._wait(abandon, clock)
        except BaseException:
            self._count(reading=1, waiting=-1)
            raise

    def end(self) -> None:
        """Give the slot back: the day has ended."""
        with self._lock:
            self._free()

    def _wait(self, abandon: Event, clock: Clock) -> None:
        """Wait until the slot is held again."""
        if self._retaken() or not self._slots:
            return
        self._slots.want(self._org, 1)
        try:
            while not self._retaken():
                if abandon.is_set():
                    raise Abandoned("another slice failed")
                clock.sleep(_ASK_EVERY_S)
        finally:
            self._slots.want(self._org, -1)

    def _retaken(self) -> bool:
        """Hold a slot again, if one is free; the slice counts as one that reads from then on."""
        with self._lock:
            if not self._is_held and self._slots:
                self._is_held = self._slots.take_again(self._org)
            if self._is_held:
                self._waiting -= 1
                self._reading += 1
            return self._is_held

    def _count(self, *, reading: int, waiting: int = 0) -> None:
        with self._lock:
            self._reading += reading
            self._waiting += waiting
            if not self._tell or self._reading or not self._waiting or not self._is_held:
                return
            self._free()
        self._tell()

    def _free(self) -> None:
        if self._slots and self._is_held:
            self._is_held = False
            self._slots.give_back(self._org)
