"""What a source of records promises, and time as the program needs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from ..datasets import ListEndpoint
from ..days import Interval
from .data import Page


class Clock(Protocol):
    """Time as the program needs it; safe from several threads."""

    def now(self) -> datetime:
        """Return this instant, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever grow, for measuring."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; raises Stopped, even for no wait at all, once a signal has come."""
        ...

    def rest(self, seconds: float) -> None:
        """Wait without being interrupted, for what has to be finished."""
        ...


class Fetch(Protocol):
    """One slice's records on their way."""

    @property
    def job_ids(self) -> tuple[str, ...]:
        """Every job this fetch has submitted, oldest first (none for a synchronous query)."""
        ...

    @property
    def awaits_job(self) -> bool:
        """Whether `prepare` waits: for a job at the source."""
        ...

    def prepare(self) -> None:
        """Wait until the first page can be read; `pages` does it if this is left out.

        Raises what `pages` raises.
        """
        ...

    def pages(self) -> Iterator[Page]:
        """Yield every page of the slice, at least once each, in the API's order.

        A record may come twice (a job that expired half-way is read again from its start): who
        reads must de-duplicate. Raises GenesysUnavailable, NotPermitted, RequestRefused.
        """
        ...

    def release(self) -> None:
        """Give back what the server holds for this fetch; never raises for a server's refusal."""
        ...


class Source(Protocol):
    """Where records come from; safe to use from several threads."""

    @property
    def needs(self) -> str:
        """The permission that reading needs, or the request whose permission nobody knows."""
        ...

    @property
    def asks(self) -> str:
        """What it would do, in words: `submit a job`, `ask`."""
        ...

    @property
    def is_bounded(self) -> bool:
        """Whether it says up to when it is complete."""
        ...

    def watermark(self) -> datetime | None:
        """Return the instant up to which the source is complete; None if it can't say."""
        ...

    def fetch(self, interval: Interval, job_id: str | None = None) -> Fetch:
        """Prepare reading what may belong to `interval`; asks nothing before `pages` is read.

        A job that an earlier run left behind is read where it still can be. More than the
        interval may come (records that began earlier): who reads must filter.
        """
        ...

    def describe(self, interval: Interval) -> tuple[Mapping[str, Any], ...]:
        """Return the bodies of the first requests for `interval`; asks nothing."""
        ...

    def try_out(self) -> str:
        """Ask for a minute of yesterday as an export does; return what was found to work.

        Nothing that it leaves at the source stays. Raises what `Fetch.pages` raises.
        """
        ...


class Names(Protocol):
    """Source of the lookup tables; thread-safe."""

    def pages(
        self, source: ListEndpoint, *, patience_s: float | None = None
    ) -> Iterator[Sequence[Mapping[str, Any]]]:
        """Yield a list, as the API has it, each entity once; an entity may have no id.

        `patience_s` limits how long each request is tried; None: as long as any other.

        Raises NotPermitted, with the permissions that would help, where it may not be read, and
        what a source raises.
        """
        ...
