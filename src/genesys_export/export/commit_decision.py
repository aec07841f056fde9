"""Compare a staged day with the published one: may it, and must it, replace it? Then do it.

The decision is a value: `Replace` or `Confirm`. If a check refuses it, what is published stays as
it was. Once the ledger has decided, nothing may interrupt it any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from .. import guards
from ..days import Day
from ..errors import ChangedMeanwhile, DataMismatch, ExportError
from ..events import Noticed
from ..ledger import Lease, Published
from ..manifest import File, Manifest, file_of
from ..model import StagedFile
from ..source_count import OurCounts, SourceCount, Verdict, prove
from ..threads import interruptible
from .changes import Tally, compare, is_same, read, write_changes
from .dependencies import Dependencies
from .leftovers import Leftovers
from .report import DayReport, Outcome


@dataclass(frozen=True, slots=True)
class Replace:
    """Publish the day; `spare` is what was staged and is not needed."""

    made: Manifest
    staged: tuple[StagedFile, ...]
    tally: Tally | None = None  # against what was published before
    spare: tuple[StagedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Confirm:
    """Record that the day is as it was published `before`; discard what was staged."""

    before: Published
    made: Manifest
    spare: tuple[StagedFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """The end of one attempt, over what `before` says is published."""

    deps: Dependencies
    day: Day
    lease: Lease
    before: Published | None
    accept_shrink: bool

    def decide(self, made: Manifest, staged: Sequence[StagedFile]) -> Replace | Confirm:
        """Return what becomes of the staged day; changes nothing that a reader can see.

        Raises DataMismatch or TryAgainLater if a check refuses it.
        """
        before, old = self.before, self.before.value if self.before else None
        if old:
            guards.check_watermark(old, guards.lowest_watermark(made.slices))
        made = replace(made, source_count=self._source_count(made))
        if before and self._is_unchanged(before.value, made):
            made = replace(made, index=self._index(before.value, made))
            return Confirm(before, made, tuple(staged))
        named = {file.key: file.token for file in made.files}
        needed = tuple(file for file in staged if named.get(file.key) == file.token)
        spare = tuple(file for file in staged if file not in needed)
        tally, changes = self._compared(old, made)
        if changes:
            made = replace(made, changes=file_of(changes, tally.total if tally else 0))
            needed = (*needed, changes)
        self._check_ready(made, needed, changes)
        return Replace(made, needed, tally, spare)

    def carry_out(self, decision: Replace | Confirm) -> DayReport:
        """Publish the day, or record that it is unchanged; then remove what is left over."""
        ledger = self.deps.ledger
        changes: Tally | None
        if isinstance(decision, Confirm):
            entry = ledger.confirm(self.day, decision.before, decision.made)
            outcome, changes = Outcome.UNCHANGED, Tally()
        else:
            made, staged = decision.made, decision.staged
            entry = ledger.publish(self.day, self.before, made, staged, self.lease.hold)
            outcome, changes = Outcome.PUBLISHED, decision.tally
        for (
            file
        ) in decision.spare:  # only now: had another run decided instead, it might need them
            self.deps.store.discard(file)
        self._tidy(entry.value)
        return DayReport(
            day=self.day,
            manifest=entry.value,
            manifest_url=ledger.url(self.day),
            outcome=outcome,
            changes=changes,
        )

    def _check_ready(
        self, made: Manifest, staged: tuple[StagedFile, ...], changes: StagedFile | None
    ) -> None:
        """Raise what would refuse the replacement; LeaseLost if another run has the day.

        That run may have discarded what is ours: whoever decides then would leave a day that
        nobody can finish. The decision itself hangs on the manifest alone.
        """
        try:
            self.deps.ledger.check_replaceable(self.before, made, staged)
            self.lease.hold()  # last: nothing slow may come between this and the decision
        except ExportError:
            if changes:
                self.deps.store.discard(changes)
            raise

    def _is_unchanged(self, old: Manifest, made: Manifest) -> bool:
        """Whether the records are the same and their files are in place."""
        same = is_same(old, made.digest, made.counts.exported, made.recipe)
        same = same and [*map(_sum, old.reject_files)] == [*map(_sum, made.reject_files)]
        same = same and (old.tables.keys(), old.cut) == (made.tables.keys(), made.cut)
        return same and self.deps.ledger.lie_as_named(old.files)

    def _index(self, old: Manifest, made: Manifest) -> tuple[File, ...]:
        """Return the old index if it still exists; the new one has the same content."""
        kept = old.index and (not made.index or self.deps.ledger.lie_as_named(old.index))
        return old.index if kept else made.index

    def _compared(
        self, old: Manifest | None, made: Manifest
    ) -> tuple[Tally | None, StagedFile | None]:
        """List what changed of the day, staged; raises DataMismatch if too much is gone."""
        store, tally, staged = self.deps.store, None, None
        if old is None:
            return None, None
        if old.index and made.index:
            tally, staged = self._listed(old, made)
        if not old.recipe.is_like(made.recipe) or self.deps.plan.dataset.is_snapshot:
            return tally, staged  # fewer may be what was asked for, or what there is now
        try:
            gone = tally.gone if tally else max(0, old.counts.exported - made.counts.exported)
            guards.check_shrink(
                str(self.day),
                old.counts.exported,
                gone,
                accept=self.accept_shrink,
                records=self.deps.plan.dataset.records,
            )
        except DataMismatch:
            if staged:
                store.discard(staged)
            raise
        return tally, staged

    def _listed(self, old: Manifest, made: Manifest) -> tuple[Tally | None, StagedFile | None]:
        """Stage the list of what changed, by the two indexes."""
        store, spell = self.deps.store, self.deps.feed.spell
        key = self.deps.plan.home.changes(self.day, made.attempt)
        try:
            self._check_comparable(old, made)
            found = compare(read(store, old.index), read(store, made.index))
            staged, tally = write_changes(store, key, made.attempt, found, spell)
        except (ChangedMeanwhile, DataMismatch) as problem:
            message = f"{self.day}: the changes are not listed: {problem.message}"
            self.deps.observe(Noticed(message=message))
            return None, None
        return tally, staged

    def _check_comparable(self, old: Manifest, made: Manifest) -> None:
        """Raise DataMismatch if records were identified differently before.

        Worse, each old id would be listed as gone, beside tables that are not to show it.
        """
        if not self.deps.feed.identifies_alike(old.recipe.privacy, made.recipe.privacy):
            raise DataMismatch("conversation_id was protected differently before")

    def _source_count(self, made: Manifest) -> SourceCount | None:
        """Ask the source for its own count; raises DataMismatch if that is a condition."""
        counter, plan = self.deps.counter, self.deps.plan
        if counter is None:
            return None
        ours = OurCounts(
            interval=made.interval,
            exported=made.counts.exported,
            rejected=made.counts.rejected,
            partial=made.state == "partial",
            own_body=plan.own_body,
        )
        count = interruptible(partial(prove, counter, ours, plan.tolerance), self.deps.clock)
        if count.verdict is Verdict.DISAGREES:
            if plan.strict:
                raise DataMismatch(
                    f"{self.day}: {count}",
                    advice="The previously published version is unchanged. Try again later "
                    "(Genesys may still be processing the day), or export it without "
                    "--strict.",
                )
            self.deps.observe(Noticed(message=f"{self.day}: {count}"))
        return count

    def _tidy(self, manifest: Manifest) -> None:
        """Remove what is no longer needed; an error is only noticed: the day is published."""
        try:
            leftovers = Leftovers(self.deps, self.day, self.lease)
            leftovers.tidy(manifest, self.before.value if self.before else None)
        except ExportError as problem:
            self.deps.observe(Noticed(message=f"{self.day}: not cleaned up: {problem.message}"))


def _sum(file: File) -> str:
    return file.sha256
