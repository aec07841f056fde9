"""One budget of requests for an organisation that several workers export: it is on the scheduler.

Two handlers of the scheduler, `reserve` and `refused`, some 20 ms a call. An organisation that one
worker exports needs none of it. While the scheduler can't be reached a worker keeps to its share.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from distributed import Scheduler, SchedulerPlugin, Worker
from distributed.utils import sync

from ... import __version__
from ...api import Budget, RequestBudget

NAME = f"genesys-export-budgets-{__version__}"
RESERVE, REFUSED = f"{NAME}-reserve", f"{NAME}-refused"
_LONGEST_CALL_S = 5.0

# What the worker asks of the scheduler: a handler's name and its values.
Ask = Callable[..., Any]


class Budgets(SchedulerPlugin):
    """Keeps the budgets of all organisations that several workers export at once."""

    name = NAME
    idempotent = True  # a second client must not forget what the first has spent

    def __init__(self) -> None:
        """Begin with none."""
        self._shared: dict[str, tuple[int, Budget]] = {}

    async def start(self, scheduler: Scheduler) -> None:
        """Answer the workers from now on."""
        scheduler.handlers |= {RESERVE: self.reserve, REFUSED: self.refused}

    def reserve(self, *, bucket: str, per_minute: int) -> tuple[float, float]:
        """Return the seconds to wait (0.0: a start is taken) and for how long a 429 pauses all."""
        budget = self._of(bucket, per_minute)
        return budget.reserve(), budget.paused_for()

    def refused(
        self, *, bucket: str, per_minute: int, wait_s: float, started_ago_s: float
    ) -> None:
        """Record a 429."""
        self._of(bucket, per_minute).refused(wait_s, started_ago_s)

    def _of(self, bucket: str, per_minute: int) -> Budget:
        known = self._shared.get(bucket)
        if known is None or known[0] != per_minute:
            known = self._shared[bucket] = (per_minute, Budget(per_minute))
        return known[1]


class SharedBudget:
    """A worker's access to the organisation's budget; a RequestBudget that never raises."""

    def __init__(self, ask: Ask, client_id: str, per_minute: int, workers: int) -> None:
        """`ask` calls a handler of the scheduler; `workers` export the organisation at most."""
        bucket = sha256(client_id.encode()).hexdigest()[:16]
        self._whose: dict[str, Any] = {"bucket": bucket, "per_minute": per_minute}
        self._share: RequestBudget = Budget(max(1, per_minute // workers))
        self._ask, self._paused_s = ask, 0.0

    def reserve(self) -> float:
        """Take a start and return 0.0 if one may be now; else return the seconds to wait."""
        try:
            wait_s, self._paused_s = self._ask(RESERVE, **self._whose)
        except Exception:  # noqa: BLE001 - whatever the way to the scheduler raises
            self._paused_s = self._share.paused_for()
            return self._share.reserve()
        if wait_s <= 0:
            self._share.reserve()  # it counts, should the scheduler be gone the next time
        return float(wait_s)

    def refused(self, wait_s: float, started_ago_s: float) -> None:
        """Record a 429 for a request that started so long ago: nobody starts for `wait_s`."""
        self._share.refused(wait_s, started_ago_s)
        try:
            self._ask(REFUSED, **self._whose, wait_s=wait_s, started_ago_s=started_ago_s)
        except Exception:  # noqa: BLE001 - as above; the other workers will meet a 429 themselves
            return

    def paused_for(self) -> float:
        """Return for how many seconds a 429 paused everybody, when last asked."""
        return self._paused_s


def asking(worker: Worker) -> Ask:
    """Return what calls a handler of the worker's scheduler, from any of its threads."""

    def ask(handler: str, **values: Any) -> Any:
        call = getattr(worker.scheduler, handler)
        return sync(worker.loop, call, callback_timeout=_LONGEST_CALL_S, **values)

    return ask
