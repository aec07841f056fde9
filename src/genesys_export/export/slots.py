"""Slots: how many days are worked on at a time, of an organisation and in the whole process.

A slot stands for the memory and the CPU of a day that is being read. A day that only waits for
its jobs lends its slot, and takes one again before the first page is read. So more days are open
than there are slots, up to `most_open`: that bounds threads, and jobs at Genesys. Two kinds of
days lend their slot and do not count as open, since they have no job yet: a late one waits until
Genesys has all of it, and one that is set back repeats its first request. While a day is set
back, no other day of its organisation begins: one that is down takes no slot from the others.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event, Lock
from typing import Any, Protocol

from .. import time_limit
from ..model import Clock
from ..setback import telling
from ..threads import Abandoned

_ASK_EVERY_S = 0.1
_MOST_LENT = 24
MOST_SET_BACK = 100  # days that don't count as open: each has two threads and a connection


def most_open(slots: int) -> int:
    """Return how many days may be open where so many slots are: with one, one after another."""
    return 1 if slots == 1 else slots + min(3 * slots, _MOST_LENT)


class Mailbox(Protocol):
    """A queue between threads, as `queue.SimpleQueue` is one."""

    def put(self, item: Any, /) -> None:
        """Add an item."""

    def get(self, *, timeout: float) -> Any:
        """Return the next item; raises Empty if there is none in time."""


class _Wish:
    """A day's wish for a slot again."""

    def __init__(self, org: str, box: Mailbox) -> None:
        self.org, self.box, self.is_granted = org, box, False

    def grant(self) -> None:
        self.is_granted = True
        self.box.put(None)


@dataclass(slots=True, kw_only=True)
class Slots:
    """The slots of a process; safe from several threads."""

    each: int  # of one organisation
    in_all: int
    mailbox: Callable[[], Mailbox] = SimpleQueue
    most_late: int = 0  # late days of one organisation that don't count as open
    _all_late: int = 0  # of all organisations together
    _all_set_back: int = 0
    _late: Counter[str] = field(default_factory=Counter)
    _set_back: Counter[str] = field(default_factory=Counter)
    _taken: Counter[str] = field(default_factory=Counter)
    _wishes: defaultdict[str, deque[_Wish]] = field(default_factory=lambda: defaultdict(deque))
    _sum: int = 0  # of the slots taken
    _lock: Lock = field(default_factory=Lock)

    @property
    def are_taken(self) -> bool:
        """Whether there is none, whoever asks."""
        return self._sum >= self.in_all

    def aside(self, org: str) -> int:
        """Return how many days of an organisation don't count as open."""
        return min(self._late[org], self.most_late) + self._set_back[org]

    @property
    def all_aside(self) -> int:
        """How many days of all organisations don't count as open."""
        return self._all_late + min(self._all_set_back, MOST_SET_BACK)

    def is_set_back(self, org: str) -> bool:
        """Whether a day of the organisation repeats a request."""
        return self._set_back[org] > 0

    def late(self, org: str) -> AbstractContextManager[None]:
        """Count a day of an organisation as late until the end of the block."""
        return self._counted(org, late=1)

    def set_back(self, org: str) -> AbstractContextManager[None]:
        """Count a day of an organisation as set back until the end of the block."""
        return self._counted(org, set_back=1)

    @contextmanager
    def _counted(self, org: str, *, late: int = 0, set_back: int = 0) -> Iterator[None]:
        self._count(org, late, set_back)
        try:
            yield
        finally:
            self._count(org, -late, -set_back)

    def _count(self, org: str, late: int, set_back: int) -> None:
        with self._lock:
            before = self.aside(org)
            self._late[org] += late
            self._set_back[org] += set_back
            self._all_set_back += set_back
            self._all_late += self.aside(org) - before - set_back

    def take(self, org: str) -> bool:
        """Take a slot for a day that begins; return whether one is free.

        Days whose jobs are done come first only once there are as many as slots: with fewer the
        slots would soon wait for jobs.
        """
        with self._lock:
            return len(self._wishes[org]) < self.each and self._take(org)

    def grant(self, org: str) -> bool:
        """Give a slot to the day that has wished for it longest; return whether one is free."""
        with self._lock:
            if not self._wishes[org] or not self._take(org):
                return False
            self._wishes[org].popleft().grant()
            return True

    def wish(self, org: str) -> _Wish:
        """Wish for a slot again; somebody must `grant` it."""
        with self._lock:
            wish = _Wish(org, self.mailbox())
            self._wishes[org].append(wish)
            return wish

    def forget(self, wish: _Wish) -> None:
        """Drop a wish, and give back what it was granted; somebody else may want it."""
        with self._lock:
            if wish.is_granted:
                self._give_back(wish.org)
            else:
                self._wishes[wish.org].remove(wish)

    def give_back(self, org: str) -> None:
        """Give a slot back."""
        with self._lock:
            self._give_back(org)

    def _give_back(self, org: str) -> None:
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
        """Hold the slot; `tell` says when it is lent, and when it is wished for again."""
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

    @contextmanager
    def late(self, clock: Clock) -> Iterator[None]:
        """Do without the slot in the block, until Genesys has the day; then wait for one."""
        late = self._slots.late(self._org) if self._slots else nullcontext()
        with late, self.used(), self.lent(Event(), clock):
            yield

    @contextmanager
    def lendable(self, clock: Clock) -> Iterator[None]:
        """Do without the slot from the first setback to the end of the block; then wait for one.

        Whichever thread is set back, the calling one waits: it holds nothing that others need.
        """
        lock, lent, may_lend = Lock(), ExitStack(), True

        def lend() -> None:
            nonlocal may_lend
            with lock:
                if may_lend:
                    may_lend = False
                    lent.enter_context(self._set_back(clock))

        with lent, telling(lend):
            try:
                yield
            finally:
                with lock:
                    may_lend = False

    @contextmanager
    def _set_back(self, clock: Clock) -> Iterator[None]:
        set_back = self._slots.set_back(self._org) if self._slots else nullcontext()
        try:
            with set_back, self.used(), self.lent(Event(), clock):
                yield
        finally:
            if self._tell:  # another day may begin
                self._tell()

    def end(self) -> None:
        """Give the slot back: the day has ended."""
        with self._lock:
            self._free()

    def _wait(self, abandon: Event, clock: Clock) -> None:
        """Wait until the slot is held again; the slice counts as one that reads from then on."""
        if self._goes_on() or self._slots is None or self._tell is None:
            return
        wish = self._slots.wish(self._org)
        self._tell()
        try:
            while not wish.is_granted and not self._is_held:
                _go_on(abandon)
                clock.sleep(0)
                time_limit.check(clock, reason="slot")
                with suppress(Empty):
                    wish.box.get(timeout=_ASK_EVERY_S)
        except BaseException:
            self._slots.forget(wish)
            self._tell()
            raise
        if not self._goes_on(wish):
            self._wait(abandon, clock)

    def _goes_on(self, wish: _Wish | None = None) -> bool:
        """Count the slice as one that reads, if the slot is held or was granted."""
        is_back = False
        with self._lock:
            if wish and self._slots:
                if wish.is_granted and not self._is_held:
                    self._is_held = True
                else:  # another slice of the day was granted one
                    self._slots.forget(wish)
                    is_back = wish.is_granted
            if is_held := self._is_held:
                self._waiting -= 1
                self._reading += 1
        if is_back and self._tell:
            self._tell()
        return is_held

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


def _go_on(abandon: Event) -> None:
    if abandon.is_set():
        raise Abandoned("another slice failed")
