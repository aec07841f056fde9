"""One day: finish what was begun; is it due, is it ready, claim it, attempt it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock

from .. import damage, guards, life, time_limit
from ..about import about
from ..days import Day, iso_ms
from ..errors import DeadlineReached, ExportError, Stopped
from ..events import DayRecovered, DaySkipped, DayStarted, Noticed, Waiting, wait
from ..ledger import Damaged, Lease, LeaseLost, Published, failure_of
from ..manifest import Manifest
from ..threads import interruptible
from .attempt import Attempt
from .counting import counted_first
from .dependencies import Dependencies
from .handover import hand_over, taken_over
from .notices import tell
from .ownership import check_unasked, checked
from .plan import Ready, TooEarly, readiness
from .report import DayReport, Outcome
from .slots import Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """Options of one run."""

    force: bool = False  # a final day again
    rewrite: bool = False  # under another recipe than the destination's
    accept_shrink: bool = False  # although many conversations are gone
    deadline: timedelta | None = None  # how long the run may take
    # Set as the run begins, in monotonic seconds:
    ends_s: float | None = None  # until when
    began_s: float | None = None  # the plan's `wait` counts from then

    def __post_init__(self) -> None:
        """Raise WrongUse for a deadline that is none."""
        time_limit.check_given(self.deadline)


_NO_OPTIONS = ExportOptions()


@dataclass(frozen=True, slots=True)
class _Task:
    """One day to be exported, over what was published `before`."""

    day: Day
    options: ExportOptions
    began: datetime
    token: str
    before: Published | None


@dataclass(frozen=True, slots=True)
class DayExporter:
    """Exports days of one organisation; safe to use from several threads, a day each."""

    deps: Dependencies
    _registering: Lock = field(default_factory=Lock, repr=False, compare=False)

    def export(
        self, day: Day, options: ExportOptions = _NO_OPTIONS, slot: Slot | None = None
    ) -> DayReport:
        """Export the whole day and publish it, if it is due; a day that is not is skipped.

        After any error nothing visible has changed, but for a day whose publishing was cut off:
        its manifest says so, and the next run finishes it first. Raises TryAgainLater (75) while
        Genesys's data does not reach the day's end or another run is at the day, DataMismatch
        (65) where a guard keeps the old day, and what the source and the store raise; from its
        deadline on DeadlineReached (75), unless everything is staged by then. It lends its `slot`
        while it waits for a job, or until Genesys has the day, or while the first request is
        repeated.
        """
        mine = replace(self, deps=replace(self.deps, slot=slot)) if slot else self
        names = {**self.deps.plan.whose, "day": str(day)}
        try:
            with about(**names), time_limit.ending(options.ends_s, options.deadline):
                return mine._exported(day, options)  # noqa: SLF001 - its own
        except DeadlineReached as late:
            if not late.message.startswith(str(day)):
                late.message = f"{day}: {late.message}"
            raise

    def _exported(self, day: Day, options: ExportOptions) -> DayReport:
        deps = self.deps
        began, token = deps.clock.now(), secrets.token_hex(8)
        before = taken_over(deps, day, self.recover(day))
        mine = self._checked(before, options, ask=False)
        why = mine._skipped(day, before, options)  # noqa: SLF001 - its own
        is_past = life.is_past(day, began, deps.plan.life)  # and can't be repaired either
        if why and (is_past or not (before and self.damaged((before.value,)))):
            if before is None:  # by this machine's clock alone
                deps.check_clock()
            deps.observe(DaySkipped(**deps.plan.whose, day=str(day), reason=why))
            return self._skip(day, before, why)
        task = _Task(day, options, began, token, before)
        return mine._attempt(task)  # noqa: SLF001 - its own

    def damaged(self, manifests: Iterable[Manifest]) -> frozenset[str]:
        """Return the days with files that are gone or have another size: `export` repairs them.

        Lists each table's prefix once for all of them.
        """
        return frozenset(damage.damages(self.deps.store, self.deps.plan.home, manifests))

    def settled(self, day: Day, options: ExportOptions = _NO_OPTIONS) -> DayReport | None:
        """Return the report of a published day that `export` would skip unless it is damaged.

        None for any other day. Reads the day's manifest, writes nothing, asks nothing of Genesys,
        and tells nobody.
        """
        before = self.deps.ledger.read(day)
        if before is None or before.value.next is not None:
            return None
        own = self.deps.membership
        recipe = replace(self.deps.recipe, organization=own.known()) if own else self.deps.recipe
        if not before.value.recipe.is_kept_by(recipe):
            return None
        why = self._skipped(day, before, options)
        return self._skip(day, before, why) if why else None

    def is_complete(self, day: Day) -> bool:
        """Whether Genesys has all of the day that `export` would read; asks how far its data goes.

        Raises GenesysUnavailable, NotPermitted, SignInRefused and Stopped.
        """
        return isinstance(self._reached(day)[0], Ready)

    def check(self, day: Day, options: ExportOptions = _NO_OPTIONS) -> None:
        """Raise what `export` would raise because of the settings; asks nothing of Genesys."""
        check_unasked(self.deps, self.deps.ledger.read(day), rewrite=options.rewrite)

    def _skip(self, day: Day, before: Published | None, why: str) -> DayReport:
        return DayReport(
            day=day,
            manifest=before.value if before else None,
            manifest_url=self.deps.ledger.url(day) if before else "",
            outcome=Outcome.SKIPPED,
            note=why,
        )

    def recover(self, day: Day) -> Published | None:
        """Finish what a dead run had decided for the day; return what is published.

        Asks nothing of Genesys. Raises TryAgainLater if another run is at the day.
        """
        before = self.deps.ledger.read(day)
        if before is None or before.value.next is None:
            return before
        token, now = secrets.token_hex(8), self.deps.clock.now()
        with self._claimed(day, before, token, now) as lease:
            return self._finished(day, lease)

    def _finished(self, day: Day, lease: Lease) -> Published | None:
        """Return what is published of a claimed day, after finishing what was decided."""
        ledger = self.deps.ledger
        there = ledger.read(day)
        if there is None or there.value.next is None:
            return there
        self.deps.observe(DayRecovered(**self.deps.plan.whose, day=str(day)))
        try:
            with self.deps.shield():
                return ledger.roll_forward(day, there, lease.hold)
        except Damaged as problem:
            self.deps.observe(Noticed(message=problem.message))
            return ledger.read(day)

    def _checked(
        self, before: Published | None, options: ExportOptions, *, ask: bool
    ) -> DayExporter:
        """Return this with the organisation in the recipe; raises WrongSettings."""
        return replace(self, deps=checked(self.deps, before, rewrite=options.rewrite, ask=ask))

    def _skipped(self, day: Day, before: Published | None, options: ExportOptions) -> str:
        """Return why there is nothing to do; empty if there is."""
        plan, now = self.deps.plan, self.deps.clock.now()
        if life.is_past(day, now, plan.life):
            return f"{plan.dataset.name} is a snapshot, and a past day can't be read any more"
        state = life.state_of(day.interval, now, plan.life, partial=False)
        if not life.may_publish(state, plan.life.publish):
            return "it is not final yet (publish = final)"
        if before is None or options.force:
            return ""
        known = life.known(day, before.value)
        if life.due(known, now, plan.life, self.deps.recipe):
            return ""
        return "it is already final; --force exports it again"

    def _attempt(self, task: _Task) -> DayReport:
        """Export the day, once Genesys has it and no guard refuses it."""
        deps, before = self.deps, task.before
        deps.claims.check_free(task.day)  # before Genesys is asked anything
        ready, watermark = self._ready(task)
        if before:
            guards.check_watermark(before.value, watermark)
        mine = self._checked(before, task.options, ask=True) if deps.membership else self
        deps.observe(
            DayStarted(
                **deps.plan.whose,
                day=str(task.day),
                interval=task.day.interval,
                slices=0 if deps.plan.auto else deps.plan.slices,
                watermark=watermark,
            )
        )
        report = mine._made(task, ready)  # noqa: SLF001 - its own
        tell(deps.observe, deps.plan, report)
        return report

    def _made(self, task: _Task, ready: Ready) -> DayReport:
        """Make one attempt, under the day's claim."""
        deps, day = self.deps, task.day
        attempt = Attempt(
            deps=deps,
            day=day,
            ready=ready,
            token=task.token,
            began=task.began,
            accept_shrink=task.options.accept_shrink,
        )
        with self._claimed(day, task.before, task.token, task.began) as lease:
            self._register(day, task.token)
            there = self._still(day, task.before, lease)
            if there:
                there = replace(there, value=hand_over(deps, day, there.value))
            knowing = counted_first(deps, day, is_partial=ready.partial)
            return replace(attempt, deps=knowing).make(there, lease)

    def _register(self, day: Day, token: str) -> None:
        """Write the recipe down, once for the destination.

        The holder of a day does it: a probe that a kill left behind is removed with that day.
        """
        deps = self.deps
        with self._registering:  # days side by side would take each other for another run
            deps.register.enter(
                deps.recipe, deps.register.read(), deps.plan.home.probe(day, token)
            )

    def _still(self, day: Day, before: Published | None, lease: Lease) -> Published | None:
        """Return what is published now that we hold the claim.

        Where that has changed, nothing that was sealed over it is of use any more.
        """
        there = self._finished(day, lease)
        if _nonce(there) != _nonce(before):
            lease.update(slices=(), jobs=())
        return there

    @contextmanager
    def _claimed(
        self, day: Day, before: Published | None, token: str, began: datetime
    ) -> Iterator[Lease]:
        """Hold the claim during the block; raises TryAgainLater if another run has it."""
        self.deps.opening()
        lease = self.deps.claims.take(
            day,
            attempt=token,
            recipe=self.deps.recipe,
            manifest=_nonce(before),
            began=began,
        )
        try:
            yield lease
        except LeaseLost:
            raise
        except DeadlineReached:
            lease.open_jobs = lease.open_jobs or lease.claim.jobs
            self._release(lease, None)
            raise
        except ExportError as problem:
            failed = not isinstance(problem, Stopped)
            self._release(lease, problem if failed else None)
            raise
        except BaseException:
            self._release(lease, None)
            raise
        else:
            self._release(lease, None, done=True)

    def _release(self, lease: Lease, problem: ExportError | None, *, done: bool = False) -> None:
        """Release the claim; failures are only noticed, since the lease expires."""
        failure = failure_of(problem, self.deps.clock.now()) if problem else None
        try:
            lease.release(failure, done=done)
        except ExportError as also:
            self.deps.observe(Noticed(message=f"{lease.day}: not released: {also.message}"))

    def _ready(self, task: _Task) -> tuple[Ready, datetime | None]:
        """Return up to when the day can be read; waits as long as the plan allows."""
        day, clock, plan = task.day, self.deps.clock, self.deps.plan
        began_s = task.options.began_s
        since_s = clock.monotonic() if began_s is None else began_s  # the date may jump meanwhile
        deadline_s = since_s + plan.wait.total_seconds()
        with self.deps.slot.lendable(clock):
            found, watermark = self._reached(day)
        if isinstance(found, Ready):
            return found, watermark
        with self.deps.slot.late(clock):
            while not isinstance(found, Ready):
                wait_s = min(plan.wait_step.total_seconds(), deadline_s - clock.monotonic())
                if wait_s <= 0:
                    if watermark is None:  # by this machine's clock alone
                        self.deps.check_clock()
                    raise found.error(waited=plan.wait > timedelta(0))
                detail = f"{day} reaches {iso_ms(watermark) if watermark else 'nowhere'}"
                told = Waiting(reason="availability", wait_s=wait_s, detail=detail)
                try:
                    wait(self.deps.observe, clock, told)
                except DeadlineReached:
                    raise found.at_deadline() from None
                found, watermark = self._reached(day)
        return found, watermark

    def _reached(self, day: Day) -> tuple[Ready | TooEarly, datetime | None]:
        """Return whether the day can be read now, and up to where the source is complete."""
        clock, plan = self.deps.clock, self.deps.plan
        watermark = interruptible(self.deps.feed.watermark, clock)
        found = readiness(day, watermark, clock.now(), allow_partial=plan.allow_partial)
        return found, watermark


def _nonce(entry: Published | None) -> str:
    return entry.value.nonce if entry else ""
