"""Compare a staged day with the published one: may it, and must it, replace it? Then do it.

Whatever speaks against it, what is published stays as it was. Once the ledger has decided, nothing
may interrupt it any more.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from .. import guards
from ..days import Day
from ..errors import Aftermath, ChangedMeanwhile, DataMismatch, ExportError
from ..events import Noticed
from ..feeds.identity import check_comparable, spelled_by
from ..ledger import Lease, Published
from ..manifest import File, Manifest, file_of
from ..model import StagedFile, Tag
from ..plural import plural
from ..source_count import OurCounts, SourceCount, Verdict, prove
from ..threads import interruptible
from .changes import Tally, compare, is_same, read, write_changes
from .dependencies import Dependencies
from .leftovers import Leftovers
from .report import DayReport, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitDecision:
    """The end of one attempt, over what `before` says is published."""

    deps: Dependencies
    day: Day
    lease: Lease
    before: Published | None
    accept_shrink: bool

    def settle(self, made: Manifest, staged: tuple[StagedFile, ...]) -> Callable[[], DayReport]:
        """Return the function that publishes the day or records that it is unchanged.

        Raises DataMismatch and TryAgainLater for what speaks against it; nothing is visible then.
        """
        old = self.before.value if self.before else None
        if old:
            guards.check_watermark(old, guards.lowest_watermark(made.slices))
        made = replace(made, source_count=self._source_count(made))
        if self.before and self._is_unchanged(self.before.value, made):
            made = replace(made, index=self._index(self.before.value, made))
            if self._same_names(self.before.value, made):
                return partial(self._confirm, self.before, made, staged)
            made, needed = self._only_names(self.before.value, made, staged)
            self._check_ready(made, needed, None)
            spare = tuple(file for file in staged if file not in needed)
            return partial(self._publish, made, needed, Tally(), spare)
        tally, changes = self._compared(old, made)
        if changes:
            made = replace(made, changes=file_of(changes, tally.total if tally else 0))
            staged = (*staged, changes)
        self._check_ready(made, staged, changes)
        return partial(self._publish, made, staged, tally)

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

    def _confirm(
        self, before: Published, made: Manifest, staged: tuple[StagedFile, ...]
    ) -> DayReport:
        """Record that the day is unchanged and discard what was staged."""
        entry = self.deps.ledger.confirm(self.day, before, made)
        for file in staged:
            self.deps.store.discard(file)
        return self._report(entry.value, Outcome.UNCHANGED, Tally())

    def _publish(
        self,
        made: Manifest,
        staged: tuple[StagedFile, ...],
        tally: Tally | None,
        spare: tuple[StagedFile, ...] = (),
    ) -> DayReport:
        ledger = self.deps.ledger
        entry = ledger.publish(self.day, self.before, made, staged, self.lease.hold)
        for file in spare:  # only now: had another run decided instead, it might need them
            self.deps.store.discard(file)
        return self._report(entry.value, Outcome.PUBLISHED, tally)

    def _report(self, manifest: Manifest, outcome: Outcome, tally: Tally | None) -> DayReport:
        self._tidy(manifest)
        url = self.deps.store.url(self.deps.ledger.key(self.day))
        return DayReport(
            day=self.day, manifest=manifest, manifest_url=url, outcome=outcome, changes=tally
        )

    def _is_unchanged(self, old: Manifest, made: Manifest) -> bool:
        """Whether the conversations are the same and their files are in place."""
        same = is_same(old, made.digest, made.counts.exported, made.recipe)
        same = same and _sum(old.rejects) == _sum(made.rejects)
        return same and self.deps.ledger.lie_as_named(old.files)

    def _index(self, old: Manifest, made: Manifest) -> tuple[File, ...]:
        """Return the old index if it still exists; the new one has the same content."""
        kept = old.index and (not made.index or self.deps.ledger.lie_as_named(old.index))
        return old.index if kept else made.index

    def _same_names(self, old: Manifest, made: Manifest) -> bool:
        """Whether the lookup tables are the same, too."""
        return all(
            [*map(_sum, old.tables.get(name, ()))] == [*map(_sum, made.tables.get(name, ()))]
            for name in self.deps.plan.names
        )

    def _only_names(
        self, old: Manifest, made: Manifest, staged: tuple[StagedFile, ...]
    ) -> tuple[Manifest, tuple[StagedFile, ...]]:
        """Publish the new lookup tables and keep all other files.

        In a large organisation some user or queue changes every day, the day's conversations
        don't.
        """
        names = self.deps.plan.names
        new = {name: files for name, files in made.tables.items() if name in names}
        kept = {name: files for name, files in old.tables.items() if name not in names}
        keys = {file.key for files in new.values() for file in files}
        made = replace(
            made,
            tables={**kept, **new},
            rejects=old.rejects,
            changes=None,
        )
        return made, tuple(file for file in staged if file.key in keys)

    def _compared(
        self, old: Manifest | None, made: Manifest
    ) -> tuple[Tally | None, StagedFile | None]:
        """List what changed of the day, staged; raises DataMismatch if too much is gone."""
        store, tally, staged = self.deps.store, None, None
        if old is None:
            return None, None
        if old.index and made.index:
            key = f"{self.deps.plan.home(self.day)}/changes/{made.attempt}.jsonl.gz"
            try:
                check_comparable(old.recipe, made.recipe, self.deps.plan.dataset)
                found = compare(read(store, old.index), read(store, made.index))
                spell = spelled_by(self.deps.plan.privacy, self.deps.plan.dataset)
                staged, tally = write_changes(store, key, made.attempt, found, spell)
            except (ChangedMeanwhile, DataMismatch) as problem:
                message = f"{self.day}: the changes are not listed: {problem.message}"
                self.deps.observe(Noticed(message=message))
        if not old.recipe.is_like(made.recipe):
            return tally, staged  # fewer may be what was asked for
        try:
            gone = tally.gone if tally else max(0, old.counts.exported - made.counts.exported)
            guards.check_shrink(
                str(self.day), old.counts.exported, gone, accept=self.accept_shrink
            )
        except DataMismatch:
            if staged:
                store.discard(staged)
            raise
        return tally, staged

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


def complete(
    deps: Dependencies, day: Day, made: Manifest, staged: tuple[StagedFile, ...]
) -> DayReport:
    """Make the files visible one by one, without state: only each file is whole.

    After an error nobody could complete the others, so they are discarded.
    """
    tags: dict[str, Tag] = {}
    try:
        for file in staged:
            tags[file.key] = deps.store.complete(file)
    except ExportError as problem:
        problem.message += (
            f"; {len(tags)} of {plural(len(staged), 'file')} of {day} are already replaced"
        )
        problem.advice = "Run the same command again: it replaces all of them."
        problem.aftermath = Aftermath.PUBLISHING
        for file in staged[len(tags) :]:
            with suppress(ExportError):
                deps.store.discard(file)
        raise
    return DayReport(day=day, manifest=made.tagged(tags), manifest_url="")


def _sum(file: File | None) -> str:
    return file.sha256 if file else ""
