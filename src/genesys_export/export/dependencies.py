"""The concrete parts of a run, put together once for every day of an organisation.

Knows every part and no behaviour.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta

from ..claim import Holder
from ..events import Observe
from ..ledger import Claims, Ledger, NoClaims, NoLedger, NoRegister, Register
from ..manifest import Recipe
from ..model import Clock, Feed, Lookups, Membership, Store
from ..source_count import SourceCounter
from .plan import Plan
from .slots import Slot

Shield = Callable[[], AbstractContextManager[None]]


def nothing() -> None:
    """Stand in for what is not needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What days are exported with."""

    plan: Plan
    recipe: Recipe
    feed: Feed
    store: Store
    clock: Clock
    observe: Observe
    honours_preconditions: Callable[
        [Store, str], bool
    ]  # whether conditional writes can be trusted
    single_writer: bool = False  # somebody promises that only one export runs at a time
    membership: Membership | None = None  # which organisation's days these are
    lookups: Lookups | None = None  # where the names of ids come from, if rows are to have them
    counter: SourceCounter | None = None  # the source's own count, where it is asked for
    shield: Shield = nullcontext  # publishing happens inside: nothing should interrupt it
    holder: Holder = field(default_factory=Holder)
    lease_time: timedelta = timedelta(minutes=10)
    slot: Slot = field(default_factory=Slot)  # of the day
    check_clock: Callable[[], None] = nothing  # raises where this machine's clock is wrong
    opening: Callable[[], None] = nothing  # called before each claim of a day; raises nothing
    disconnect: Callable[[], None] = nothing  # closes idle connections; a request opens new ones

    @property
    def ledger(self) -> Ledger:
        """The manifests."""
        kind = Ledger if self.plan.keeps_state else NoLedger
        return kind(store=self.store, home=self.plan.home, sleep=self.clock.rest)

    @property
    def claims(self) -> Claims:
        """The claims."""
        kind = Claims if self.plan.keeps_state else NoClaims
        return kind(
            store=self.store,
            home=self.plan.home,
            holder=self.holder,
            lease_time=self.lease_time,
            sleep=self.clock.rest,
            monotonic=self.clock.monotonic,
            shield=self.shield,
        )

    @property
    def register(self) -> Register:
        """The destination's recipe."""
        kind = Register if self.plan.keeps_state else NoRegister
        return kind(
            store=self.store,
            home=self.plan.home,
            sleep=self.clock.rest,
            single_writer=self.single_writer,
            honours_preconditions=self.honours_preconditions,
        )
