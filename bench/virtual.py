"""Time that passes only while everybody sleeps, for real threads.

The thread that makes it, and those that work for its `Workers`, take part: once all of them sleep
or wait, time jumps to where the first one wakes. Other threads do not sleep at all.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from queue import Empty
from threading import Lock, local
from typing import Any, ParamSpec, TypeVar

from genesys_export.threads import Abandoned

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


_AT_LEAST_S = 60.0  # that a reader waits: it would look for a signal, and none comes


class _Sleeper:
    def __init__(self) -> None:
        self.is_awake = False
        self._lock = Lock()
        self._lock.acquire()

    def wake(self) -> None:
        self.is_awake = True
        self._lock.release()

    def wait(self) -> None:
        self._lock.acquire()


class VirtualTime:
    """A clock as the program needs it."""

    def __init__(self, start: datetime) -> None:
        """Begin at `start`, with the calling thread as the only one that takes part."""
        self.lock = Lock()
        self._start, self._passed_s = start, 0.0
        self._sleepers: list[tuple[float, int, _Sleeper]] = []
        self._count, self._busy, self._is_over = 0, 1, False
        self._mine = local()
        self._mine.takes_part = True

    @property
    def takes_part(self) -> bool:
        """Whether the calling thread does."""
        return getattr(self._mine, "takes_part", False)

    def now(self) -> datetime:
        """Return this instant."""
        return self._start + timedelta(seconds=self._passed_s)

    def monotonic(self) -> float:
        """Return the seconds that have passed."""
        return self._passed_s

    def sleep(self, seconds: float) -> None:
        """Wait; raises Abandoned once time has ended."""
        if not self.takes_part:
            return
        if seconds > 0 and not self._is_over:
            sleeper = _Sleeper()
            with self.lock:
                self.put_to_sleep(sleeper, seconds)
            sleeper.wait()
        if self._is_over:
            raise Abandoned("time has ended")

    def rest(self, seconds: float) -> None:
        """Wait."""
        self.sleep(seconds)

    def end(self) -> None:
        """Wake everybody: nobody waits for what they do any more."""
        with self.lock:
            self._is_over = True
            for *_, sleeper in self._sleepers:
                self.wake(sleeper)

    def put_to_sleep(self, sleeper: _Sleeper, seconds: float) -> None:
        """Count the calling thread as one that sleeps; to be called with the lock held."""
        self._count += 1
        heapq.heappush(self._sleepers, (self._passed_s + seconds, self._count, sleeper))
        if self._is_over:
            self.wake(sleeper)
        self._leave()

    def wake(self, sleeper: _Sleeper) -> None:
        """Wake a sleeper before its time; to be called with the lock held."""
        if not sleeper.is_awake:
            self._busy += 1
            sleeper.wake()

    def begin(self) -> None:
        """Count a thread that is about to take part."""
        with self.lock:
            self._busy += 1

    def work(self, work: Callable[[], None]) -> None:
        """Do what was counted by `begin`, in a thread of its own."""
        self._mine.takes_part = True
        try:
            work()
        finally:
            self._mine.takes_part = False
            with self.lock:
                self._leave()

    def _leave(self) -> None:
        self._busy -= 1
        while not self._busy and self._sleepers:
            at_s, _, sleeper = heapq.heappop(self._sleepers)
            if not sleeper.is_awake:
                self._passed_s = at_s
                self.wake(sleeper)


class Mail:
    """A queue whose reader waits in virtual time."""

    def __init__(self, clock: VirtualTime) -> None:
        """Hold nothing."""
        self._clock = clock
        self._items: deque[Any] = deque()
        self._reader: _Sleeper | None = None

    def put(self, item: Any) -> None:
        """Add an item and wake the reader."""
        with self._clock.lock:
            self._items.append(item)
            if self._reader:
                self._clock.wake(self._reader)
                self._reader = None

    def get(self, *, timeout: float) -> Any:
        """Return the next item; raises Empty if none comes in time."""
        reader = _Sleeper()
        with self._clock.lock:
            if self._items:
                return self._items.popleft()
            if timeout <= 0:
                raise Empty
            self._reader = reader
            self._clock.put_to_sleep(reader, max(timeout, _AT_LEAST_S))
        reader.wait()
        with self._clock.lock:
            self._reader = None
            if not self._items:
                raise Empty
            return self._items.popleft()


class Workers(Executor):
    """Threads that take part."""

    def __init__(self, clock: VirtualTime, most: int) -> None:
        """Begin without any."""
        self._clock, self._pool = clock, ThreadPoolExecutor(most)

    def submit(
        self, fn: Callable[Asked, Answer], /, *args: Asked.args, **kwargs: Asked.kwargs
    ) -> Future[Answer]:
        """Do it in a thread."""
        done: Future[Answer] = Future()

        def work() -> None:
            try:
                done.set_result(fn(*args, **kwargs))
            except BaseException as problem:  # noqa: BLE001 - whoever asks gets it
                done.set_exception(problem)

        self._clock.begin()
        self._pool.submit(self._clock.work, work)
        return done

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        """End the threads."""
        self._pool.shutdown(wait, cancel_futures=cancel_futures)
