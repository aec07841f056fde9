"""One day: what was begun is finished first; is it due, is it ready, claim it, attempt it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from .. import guards, life
from ..days import Day, iso_ms
from ..errors import ExportError, Stopped
from ..events import DayRecovered, DaySkipped, DayStarted, Noticed, Waiting
from ..ledger import Damaged, Dispossessed, Held, Published, failure_of
from ..manifest import Recipe
from .attempt import Attempt
from .parts import Parts
from .plan import Ready, readiness
from .report import DayReport, Outcome
from .telling import tell
from .threads import soon


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What is asked for this once."""

    force: bool = False  # a final day again
    rewrite: bool = False  # under another recipe than the destination's
    accept_shrink: bool = False  # although many conversations are gone


_NO_ORDERS = Orders()


@dataclass(frozen=True, slots=True)
class Exporter:
    """Exports days of one organisation; safe to use from several threads, a day each."""

    parts: Parts
    _registering: Lock = field(default_factory=Lock, repr=False, compare=False)

    def export(self, day: Day, orders: Orders = _NO_ORDERS) -> DayReport:
        """Export the whole day and publish it, if it is due; a day that is not is skipped.

        After any error nothing visible has changed, but for a day whose publishing was cut off:
        its manifest says so, and the next run finishes it first. Raises TryAgainLater (75) while
        Genesys's data does not reach the day's end or another run is at the day, DataMismatch
        (65) where a guard keeps the old day, and what the source and the store raise.
        """
        parts = self.parts
        began, token = parts.clock.now(), secrets.token_hex(8)
        if not parts.plan.keeps_state:
            return self._attempt(day, orders, began, token, None)
        before = self.recover(day)
        self._check_recipe(before, orders)
        if why := self._skipped(day, before, orders):
            parts.observe(DaySkipped(org=parts.plan.org, day=str(day), reason=why))
            return self._skip(day, before, why)
        return self._attempt(day, orders, began, token, before)

    def settled(self, day: Day, orders: Orders = _NO_ORDERS) -> DayReport | None:
        """Return the report of a published day that `export` would skip; None of any other.

        Reads the day's manifest, writes nothing, asks nothing of Genesys, and tells nobody.
        """
        before = self.parts.ledger.read(day)
        if before is None or before.value.next is not None:
            return None
        if before.value.recipe.fingerprint != self.parts.recipe.fingerprint:
            return None
        why = self._skipped(day, before, orders)
        return self._skip(day, before, why) if why else None

    def _skip(self, day: Day, before: Published | None, why: str) -> DayReport:
        return DayReport(
            day=day,
            manifest=before.value if before else None,
            manifest_url=self.parts.store.url(self.parts.ledger.key(day)) if before else "",
            outcome=Outcome.SKIPPED,
            note=why,
        )

    def recover(self, day: Day) -> Published | None:
        """Finish what a run that died had decided of the day; return what is published.

        Asks nothing of Genesys. Raises TryAgainLater where another run is at the day.
        """
        before = self.parts.ledger.read(day)
        if before is None or before.value.next is None:
            return before
        token, now = secrets.token_hex(8), self.parts.clock.now()
        with self._claimed(day, before, token, now) as held:
            return self._finished(day, held)

    def _finished(self, day: Day, held: Held) -> Published | None:
        """Return what is published of a day that we hold, after finishing what was decided."""
        ledger = self.parts.ledger
        there = ledger.read(day)
        if there is None or there.value.next is None:
            return there
        self.parts.observe(DayRecovered(org=self.parts.plan.org, day=str(day)))
        try:
            with self.parts.shield():
                return ledger.roll_forward(day, there, held.hold)
        except Damaged as problem:
            self.parts.observe(Noticed(message=problem.message))
            return ledger.read(day)

    def _check_recipe(self, before: Published | None, orders: Orders) -> None:
        """Raise WrongSettings where the destination's days are made by another recipe."""
        register = self.parts.register.read()
        old: Recipe | None = before.value.recipe if before else None
        if register is not None:
            there = register.value.recipe
            same = there.fingerprint == self.parts.recipe.fingerprint
            # Listing a destination takes long: only where there is something to refuse.
            old = there if before or (not same and self._has_days()) else None
        if old is not None:
            guards.check_recipe(old, self.parts.recipe, rewrite=orders.rewrite)

    def _has_days(self) -> bool:
        """Whether any day is published."""
        keys = self.parts.store.list(f"{self.parts.plan.homes}/")
        return any(key.endswith("/manifest.json") for key in keys)

    def _skipped(self, day: Day, before: Published | None, orders: Orders) -> str:
        """Return why nothing is to be done; empty where something is."""
        plan, now = self.parts.plan, self.parts.clock.now()
        state = life.state_of(day.interval, now, plan.life, partial=False)
        if not life.may_publish(state, plan.life.publish):
            return "it is not final yet; it is published when it is (publish = final)"
        if before is None or orders.force:
            return ""
        known = life.known(day, before.value)
        if life.due(known, now, plan.life, self.parts.recipe.fingerprint):
            return ""
        return "it is final already and not due again; --force exports it all the same"

    def _attempt(
        self,
        day: Day,
        orders: Orders,
        began: datetime,
        token: str,
        before: Published | None,
    ) -> DayReport:
        parts = self.parts
        if parts.plan.keeps_state:
            parts.claims.check_free(day)  # before Genesys is asked anything
        ready, watermark = self._ready(day)
        if before:
            guards.check_watermark(before.value, watermark)
        self.parts.observe(
            DayStarted(
                org=parts.plan.org,
                day=str(day),
                interval=day.interval,
                slices=parts.plan.slices,
                watermark=watermark,
            )
        )
        attempt = Attempt(
            parts=parts,
            day=day,
            ready=ready,
            token=token,
            began=began,
            accept_shrink=orders.accept_shrink,
        )
        if not parts.plan.keeps_state:
            report = attempt.make(None, None)
        else:
            with self._registering:  # days side by side would take each other for another run
                parts.register.enter(parts.recipe, parts.register.read())
            with self._claimed(day, before, token, began) as held:
                report = attempt.make(self._still(day, before, held), held)
        tell(parts.observe, parts.plan, report)
        return report

    def _still(self, day: Day, before: Published | None, held: Held) -> Published | None:
        """Return what is published now that the day is ours.

        Where that is not what it was, nothing that was sealed over it is of use any more.
        """
        there = self._finished(day, held)
        if _nonce(there) != _nonce(before):
            held.update(slices=(), jobs=())
        return there

    @contextmanager
    def _claimed(
        self, day: Day, before: Published | None, token: str, began: datetime
    ) -> Iterator[Held]:
        """Hold the day inside; raises TryAgainLater where somebody else does."""
        held = self.parts.claims.take(
            day,
            attempt=token,
            recipe=self.parts.recipe,
            manifest=_nonce(before),
            began=began,
        )
        try:
            yield held
        except Dispossessed:
            raise
        except ExportError as problem:
            failed = not isinstance(problem, Stopped)
            self._release(held, problem if failed else None)
            raise
        except BaseException:
            self._release(held, None)
            raise
        else:
            self._release(held, None, done=True)

    def _release(self, held: Held, problem: ExportError | None, *, done: bool = False) -> None:
        """Give the day back; what stands against it is only noticed, the lease ends by itself."""
        failure = failure_of(problem, self.parts.clock.now()) if problem else None
        try:
            held.release(failure, done=done)
        except ExportError as also:
            self.parts.observe(Noticed(message=f"{held.day}: not released: {also.message}"))

    def _ready(self, day: Day) -> tuple[Ready, datetime | None]:
        """Return up to when the day can be read; waits as long as the plan allows."""
        clock, plan = self.parts.clock, self.parts.plan
        deadline_s = clock.monotonic() + plan.wait.total_seconds()  # the date may jump meanwhile
        while True:
            watermark = soon(self.parts.source.watermark, clock)
            found = readiness(day, watermark, clock.now(), allow_partial=plan.allow_partial)
            if isinstance(found, Ready):
                return found, watermark
            wait_s = min(plan.wait_step.total_seconds(), deadline_s - clock.monotonic())
            if wait_s <= 0:
                raise found.error()
            detail = f"{day} reaches {iso_ms(watermark) if watermark else 'nowhere'}"
            self.parts.observe(Waiting(reason="availability", wait_s=wait_s, detail=detail))
            clock.sleep(wait_s)


def _nonce(entry: Published | None) -> str:
    return entry.value.nonce if entry else ""
