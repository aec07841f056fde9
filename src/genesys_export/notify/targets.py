"""Where messages go. A target that fails is told once, and left alone until the next run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock
from typing import Protocol

from ..events import Noticed, Observe
from .message import Message, Outcome


class Undelivered(Exception):
    """A target did not take a message; says why, without secrets."""


@dataclass(slots=True)
class TimeLimit:
    """Until when the messages of a call are sent; no end is known at first."""

    monotonic: Callable[[], float]
    ends_s: float = float("inf")
    cut_short: bool = False  # something was left to the next run

    def end_at(self, at_s: float) -> None:
        """Begin no message after this instant; the earliest such instant counts."""
        self.ends_s = min(self.ends_s, at_s)

    def end_within(self, seconds: float) -> None:
        """Begin no message after these seconds."""
        self.end_at(self.monotonic() + seconds)

    def apply(self) -> None:
        """Apply it to what this thread sends from here on."""
        _limit.set(self)


_limit: ContextVar[TimeLimit | None] = ContextVar("limit", default=None)


def left_s() -> float:
    """Return how long this thread may still send messages; not below zero."""
    limit = _limit.get()
    return max(0.0, limit.ends_s - limit.monotonic()) if limit else float("inf")


class Target(Protocol):
    """One place that takes messages. Safe from several threads."""

    @property
    def name(self) -> str:
        """What people know it by; never a secret."""
        ...

    @property
    def key(self) -> str:
        """What the journal knows it by: another one for another address."""
        ...

    @property
    def is_for_people(self) -> bool:
        """Whether it takes troubles only, and one message a cause."""
        ...

    def send(self, message: Message) -> None:
        """Deliver the message within seconds; raises Undelivered."""
        ...

    def close(self) -> None:
        """Close the connections; a later message opens new ones."""
        ...


class Targets:
    """All targets of a run, and which messages they take."""

    def __init__(
        self, targets: Sequence[Target], on: Collection[Outcome], observe: Observe
    ) -> None:
        """Connect to nothing yet."""
        self.all, self._on, self._observe = tuple(targets), frozenset(on), observe
        self._down: set[str] = set()
        self._lock = Lock()

    @property
    def programs(self) -> tuple[Target, ...]:
        """Those that take every message."""
        return tuple(one for one in self.all if not one.is_for_people)

    def takes(self, outcome: Outcome) -> bool:
        """Whether messages of this kind are sent."""
        return outcome in self._on

    @property
    def is_over(self) -> bool:
        """Whether the time for messages is over: what is left is for the next run."""
        limit = _limit.get()
        if limit is None or left_s():
            return False
        limit.cut_short = True
        return True

    def send(self, target: Target, message: Message) -> bool:
        """Whether the target got the message; why not is told once a run."""
        if target.key in self._down or self.is_over:
            return False
        try:
            target.send(message)
        except Undelivered as problem:
            with self._lock:
                is_first = target.key not in self._down
                self._down.add(target.key)
            if is_first:
                told = (
                    f"notify: {target.name} did not take a message: {problem}; the next run"
                    " tries again"
                )
                self._observe(Noticed(message=told))
            return False
        return True

    def revive(self) -> None:
        """Try every target again: another run begins."""
        with self._lock:
            self._down.clear()

    def close(self) -> None:
        """Close the connections of all targets."""
        for one in self.all:
            one.close()


def key_of(address: str) -> str:
    """Return what the journal knows an address by; the address may hold a secret."""
    return blake2b(address.encode(), digest_size=6).hexdigest()
