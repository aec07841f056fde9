"""One attempt at a day: its lookup tables, its slices, its manifest.

Nothing visible changes before everything is staged and every check has passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from .. import __version__, life
from ..claim import SealedFile, SealedSlice
from ..days import Day, iso_ms, split
from ..errors import Aftermath, DataMismatch, TryAgainLater
from ..feeds.rejects import Rejects
from ..feeds.snapshot import Earlier, LookupStager, Named
from ..ledger import Lease, LeaseLost, Published
from ..manifest import File, Manifest, file_of
from ..model import Counts, SliceRecord, StagedFile
from .commit_decision import CommitDecision, complete
from .dependencies import Dependencies
from .plan import Ready
from .report import DayReport
from .resting import check_rested
from .slices import StagedSlice
from .staging import Staging


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt at a day that may be read up to `ready`; its files carry `token`."""

    deps: Dependencies
    day: Day
    ready: Ready
    token: str
    began: datetime
    accept_shrink: bool

    def make(self, before: Published | None, lease: Lease | None) -> DayReport:
        """Export the day over what `before` says is published; raises what the deps raise.

        `lease` is the claim, None if no state is kept: then nothing is compared.
        """
        plan, store = self.deps.plan, self.deps.store
        slices = split(self.day, plan.slices, until=self.ready.until)
        if lease:
            check_rested(self.deps, self.day, slices, before)
        rejects = Rejects(
            store,
            plan.rejects(self.day),
            self.token,
            count_only=bool(plan.privacy),
        )
        staging = Staging(
            deps=self.deps,
            day=self.day,
            token=self.token,
            lease=lease,
            rejects=rejects,
        )
        named = self._named(before)
        try:
            staged = staging.stage(slices, named.upload_ids)
            try:
                publishing = self._judged(staged, named, rejects, before, lease)
            except (DataMismatch, TryAgainLater) as refused:
                if not isinstance(refused, LeaseLost):
                    staging.drop(staged)
                raise
        except BaseException:
            rejects.discard()
            named.discard(store)
            staging.give_up()
            raise
        # From here on nothing is discarded: whoever comes next may have to complete it.
        with self.deps.shield():
            report = publishing()
        staging.release(staged)
        if problem := named.problem(self.day):
            problem.aftermath = Aftermath.PUBLISHED
        return replace(report, problem=problem)

    def _judged(
        self,
        staged: Sequence[StagedSlice],
        named: Named,
        rejects: Rejects,
        before: Published | None,
        lease: Lease | None,
    ) -> Callable[[], DayReport]:
        """Return the decision that publishes the staged day; raises if a guard refuses it."""
        rejected = rejects.seal()
        file = file_of(rejected, rejects.rows) if rejected else None
        slices = [one.sealed for one in staged]
        self._check_reach(slices)
        made = self._made(slices, named, rejects.rows, file)
        return self._settled(before, lease, made, _files(staged, named, rejected))

    def _check_reach(self, slices: Sequence[SealedSlice]) -> None:
        """Raise TryAgainLater if the results end before the day does.

        A job beyond the instant to which the data is complete leaves out the rest in silence.
        """
        reached = [one.watermark for one in slices if one.watermark]
        if self.ready.partial or not reached or min(reached) >= self.ready.until:
            return
        raise TryAgainLater(
            f"{self.day} was reported as complete by Genesys, but its pages reach only "
            f"{iso_ms(min(reached))}; nothing was published",
            advice="Try again later: Genesys is behind.",
        )

    def _settled(
        self,
        before: Published | None,
        lease: Lease | None,
        made: Manifest,
        files: tuple[StagedFile, ...],
    ) -> Callable[[], DayReport]:
        """Return what publishes the day; raises what speaks against it."""
        if lease is None:
            return partial(complete, self.deps, self.day, made, files)
        settling = CommitDecision(
            deps=self.deps,
            day=self.day,
            lease=lease,
            before=before,
            accept_shrink=self.accept_shrink,
        )
        return settling.settle(made, files)

    def _named(self, before: Published | None) -> Named:
        """Stage the lookup tables, before the slices: credentials that fail cost no job."""
        deps = self.deps
        if deps.names is None:
            return Named()
        stager = LookupStager(
            plan=deps.plan,
            names=deps.names,
            store=deps.store,
            observe=deps.observe,
            token=self.token,
            clock=deps.clock,
        )
        return stager.stage(self.day, partial(self._earlier, before))

    def _earlier(self, before: Published | None) -> Earlier:
        """Return the lookup tables that are published and may stay where a list breaks off."""
        old, deps = before.value if before else None, self.deps
        if old is None or old.recipe.fingerprint != deps.recipe.fingerprint:
            return Earlier()
        tables = {
            name: files
            for name, files in old.tables.items()
            if name in deps.plan.names and deps.ledger.lie_as_named(files)
        }
        return Earlier(tables=tables, cut=old.cut)

    def _made(
        self, slices: Sequence[SealedSlice], named: Named, rejected: int, file: File | None
    ) -> Manifest:
        """Return the manifest of the staged day."""
        plan = self.deps.plan
        tables: dict[str, tuple[File, ...]] = {}
        for one in _data(slices, named):
            tables[one.table] = (*tables.get(one.table, ()), file_of(one.file, one.rows))
        tables |= named.kept
        fetched = min(one.fetched for one in slices)
        digest = sum(int(one.digest, 16) for one in slices) % (1 << 256)
        return Manifest(
            dataset=plan.dataset.name,
            day=str(self.day),
            interval=self.day.interval,
            timezone=self.day.zone.key,
            recipe=self.deps.recipe,
            state=life.state_of(self.day.interval, fetched, plan.life, partial=self.ready.partial),
            attempt=self.token,
            attempts=(),
            tool_version=__version__,
            slices=tuple(
                SliceRecord(
                    interval=one.interval,
                    watermark=one.watermark,
                    fetched=one.fetched,
                    job_ids=one.job_ids,
                )
                for one in slices
            ),
            tables=tables,
            digest=f"{digest:064x}",
            counts=_counts(slices, rejected),
            rejects=file,
            index=tuple(one.index for one in slices if one.index),
            began=self.began,
            ended=self.deps.clock.now(),
            notes=(*plan.notes, *named.notes),
            cut=named.cut,
        )


def _files(
    slices: Sequence[StagedSlice], named: Named, rejected: StagedFile | None
) -> tuple[StagedFile, ...]:
    """Return everything that is to become visible."""
    data = (one.file for one in _data([each.sealed for each in slices], named))
    return (*data, *filter(None, [rejected]))


def _data(slices: Sequence[SealedSlice], named: Named) -> Iterator[SealedFile]:
    """Yield every staged file of the day's tables."""
    for one in slices:
        yield from one.files
    yield from named.tables


def _counts(slices: Sequence[SealedSlice], rejected: int) -> Counts:
    """Add up the slices; a record rejected in several of them is kept, and counts, once."""
    total = sum((one.counts for one in slices), Counts())
    again = total.rejected - rejected
    return replace(total, rejected=rejected, duplicates=total.duplicates + again)
