"""Who works on a day: a claim with a lease, and what is already done.

The lease only saves work: no clock decides whether a day is right, because whoever publishes does
so under the condition that the manifest is as it was. Age is measured by the store's own clock.
A claim is overwritten, never deleted. Lease by one thread.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..claim import Claim, Failure, Holder, OpenJob, SealedSlice, Slicing, decode
from ..days import Day, iso_ms, to_the_minute
from ..errors import ChangedMeanwhile, ExportError, TryAgainLater
from ..locations import Home
from ..manifest import Recipe
from ..model import Seen, Store
from .holders import is_gone
from .records import Entry, Record


class LeaseLost(TryAgainLater):
    """Another run took over the day because this one's lease had expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The claims of one dataset; `home` is their prefix, without a slash."""

    store: Store
    home: Home
    holder: Holder
    lease_time: timedelta
    sleep: Callable[[float], None]
    monotonic: Callable[[], float]
    gone: Callable[[Holder], bool] = is_gone
    shield: Callable[[], AbstractContextManager[None]] = nullcontext  # no signal cuts a write

    def key(self, day: Day) -> str:
        """Return the key of a day's claim."""
        return self.home.claim(day)

    def read(self, day: Day) -> Entry[Claim] | None:
        """Return the day's claim, whoever holds it, or None."""
        return self._record(day).read()

    def take(
        self, day: Day, *, attempt: str, recipe: Recipe, manifest: str, began: datetime
    ) -> Lease:
        """Claim the day for an attempt; `manifest` is the nonce of what is published.

        What an earlier attempt sealed under the same recipe and over the same manifest is kept in
        the claim. Raises TryAgainLater while somebody else is at the day.
        """
        record = self._record(day)
        before = record.read()
        self._check_free(day, before)
        old = before.value if before else None
        same = old is not None and (old.recipe, old.manifest) == (recipe.signature, manifest)
        claim = Claim(
            day=str(day),
            attempt=attempt,
            recipe=recipe.signature,
            manifest=manifest,
            holder=self.holder,
            began=began,
            lease_s=self.lease_time.total_seconds(),
            slices=old.slices if old and same else (),
            jobs=old.jobs if old and same else (),
            slicing=old.slicing if old and same else None,
        )
        held_at = self.monotonic()
        try:
            with self.shield():
                entry = record.write(claim, before)
        except ChangedMeanwhile as theirs:
            raise TryAgainLater(
                f"{day}: another run has just begun to export it", retry_at=self._held_until(day)
            ) from theirs
        return Lease(claims=self, day=day, record=record, entry=entry, written=held_at, old=old)

    def check_free(self, day: Day) -> None:
        """Raise TryAgainLater while another run holds the day; claims nothing."""
        self._check_free(day, self.read(day))

    def _held_until(self, day: Day) -> datetime | None:
        """Return when the lease of whoever holds the day ends; None if that can't be told."""
        with suppress(ExportError):
            there, seen = self.read(day), self.store.look(self.key(day))
            if there and seen and not there.value.released:
                return seen.modified + timedelta(seconds=there.value.lease_s)
        return None

    def _record(self, day: Day) -> Record[Claim]:
        return Record(self.store, self.key(day), decode, self.sleep)

    def _check_free(self, day: Day, there: Entry[Claim] | None) -> None:
        """Raise TryAgainLater if the claim is held by a run that may be alive."""
        if there is None:
            return
        claim = there.value
        if claim.released or self.gone(claim.holder):
            return
        seen = self.store.look(self.key(day))
        if seen is not None and seen.tag.etag == there.tag.etag and _is_past(claim, seen):
            return
        until = seen.modified + timedelta(seconds=claim.lease_s) if seen else None
        when = f" until {iso_ms(until)}" if until else ""
        raise TryAgainLater(
            f"{day} is being exported by process {claim.holder.pid} on {claim.holder.host}, which"
            f" holds it{when}",
            advice="Wait for that run to end. If it is dead, its claim expires"
            + (f": try again after {to_the_minute(until)}." if until else "."),
            retry_at=until,
        )


@dataclass(slots=True, kw_only=True)
class Lease:
    """A claim of this process; `old` is the claim it follows."""

    claims: Claims
    day: Day
    record: Record[Claim]
    entry: Entry[Claim]
    written: float  # monotonic seconds, before the writing: the lease is counted from there
    old: Claim | None
    open_jobs: tuple[OpenJob, ...] = ()  # that the release names, so that they are read later
    reading: tuple[int, ...] = ()  # slices that are being read when it is released

    @property
    def claim(self) -> Claim:
        """The claim as it was last written."""
        return self.entry.value

    def renew(self) -> None:
        """Write the claim again when a third of its lease is over; raises LeaseLost."""
        if self.claims.monotonic() - self.written >= self.claim.lease_s / 3:
            self.update()

    def hold(self) -> None:
        """Write the claim again in any case; raises LeaseLost.

        Before what can't be taken back: this process may have been still for longer than its
        clock says, or fall asleep while it writes.
        """
        self.update()
        self.renew()

    def update(
        self,
        *,
        slices: tuple[SealedSlice, ...] | None = None,
        jobs: tuple[OpenJob, ...] | None = None,
        slicing: Slicing | None = None,
    ) -> None:
        """Write what is done so far and renew the lease; raises LeaseLost."""
        claim = self.claim
        self._write(
            replace(
                claim,
                slices=claim.slices if slices is None else slices,
                jobs=claim.jobs if jobs is None else jobs,
                slicing=slicing or claim.slicing,
            )
        )

    def release(self, failure: Failure | None = None, *, done: bool = False) -> None:
        """Release the day; sealed slices stay for others unless all is `done`.

        Jobs are named only if they are in `open_jobs`: all others have been deleted. Where another
        run has taken the day over already there is nothing to release.
        """
        slicing = self.claim.slicing
        released = replace(
            self.claim,
            released=True,
            failure=failure,
            slices=() if done else self.claim.slices,
            jobs=() if done else self.open_jobs,
            slicing=replace(slicing, reading=self.reading) if slicing and not done else None,
        )
        try:
            self._write(released)
        except LeaseLost:
            return

    def _write(self, claim: Claim) -> None:
        at = self.claims.monotonic()
        try:
            with self.claims.shield():  # else it may be written without this lease knowing
                self.entry = self.record.write(claim, self.entry)
        except ChangedMeanwhile as theirs:
            raise LeaseLost(
                f"{self.day}: lost the claim; its lease of {claim.lease_s:.0f} s expired and "
                f"another run has taken over the day",
                advice="Wait for that run to end, then look at the day's manifest.",
            ) from theirs
        self.written = at


def failure_of(problem: ExportError, at: datetime) -> Failure:
    """Return an error as the claim keeps it."""
    return Failure(
        status=problem.status,
        message=problem.message,
        advice=problem.advice,
        at=at,
        published=problem.aftermath.value,
    )


def _is_past(claim: Claim, seen: Seen) -> bool:
    return seen.now - seen.modified >= timedelta(seconds=claim.lease_s)
