"""How a simulated Genesys Cloud behaves: its clock, its limits, its faults.

Knows values only. The defaults are those of a quiet, healthy organisation whose data lake keeps
up with the clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from .faults import Fault


def utc_now() -> datetime:
    """Read the machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What can be set."""

    client_id: str = "00000000-0000-4000-8000-000000000001"
    client_secret: str = "simulated-secret"  # noqa: S105 - guards nothing
    organization_id: str = "00000000-0000-4000-8000-0000000000a1"
    now: Callable[[], datetime] = utc_now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    # How far the data lake is behind now, or what tells so each time it is asked.
    lag: timedelta | Callable[[], timedelta] = timedelta(0)
    status_lag: timedelta | None = None  # of the users' details, where it is another one
    late_status: timedelta = timedelta(0)  # so late are one row in ten, and one end in ten
    polls: int = 1  # how many looks at a job until it is FULFILLED
    token_lifetime_s: int = 86_399
    requests_per_minute: int | None = None  # token.rate.per.minute; the real one is 300
    # Whose requests are counted: each token's, or all of the client's (unknown, 2026-11).
    limit_by: Literal["token", "client"] = "token"
    missing_permissions: frozenset[str] = frozenset()
    divisions: tuple[str, ...] | None = None  # names, where a role has its permissions; None: all
    page_latency_s: float = 0  # how long each page of results takes, a job's or a query's
    page_size: int = 1_000  # of job results, where the request names none
    max_page_size: int = 10_000
    max_list_size: int = 500  # the largest page of any reference list
    list_depth: int = 10_000  # a reference list is refused beyond so many results
    query_depth: int = 100_000  # a query's pages end there
    most_aggregates: int | None = None  # so many statistics are in one answer, no more
    query_double: int | None = None  # of so many hits one is a stored double, left out of its page
    count_bias: int = 0  # so many more hits than there are does a query tell; below 0: fewer
    gzip: bool = False  # for clients that accept it
    faults: Sequence[Fault] = ()

    @property
    def watermark(self) -> datetime:
        """Up to when the data lake is complete."""
        return self.now() - (self.lag() if callable(self.lag) else self.lag)

    @property
    def status_watermark(self) -> datetime:
        """Up to when the users' details are complete."""
        return self.watermark if self.status_lag is None else self.now() - self.status_lag
