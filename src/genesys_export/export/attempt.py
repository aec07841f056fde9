"""One attempt at a day: its slices, its manifest, the decision.

Nothing visible changes before everything is staged and every check has passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from .. import __version__, life, time_limit
from ..claim import SealedSlice
from ..days import Day, iso_ms
from ..errors import DataMismatch, TryAgainLater
from ..ledger import Lease, LeaseLost, Published
from ..manifest import File, Manifest, file_of, one_or_more
from ..model import Counts, Gap, Lookup, SliceRecord, sum_digests
from .commit_decision import Commit, Confirm, Replace
from .counting import estimated
from .cutting import cut
from .dependencies import Dependencies
from .gaps import filled, is_partial, problem
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

    def make(self, before: Published | None, lease: Lease) -> DayReport:
        """Export the day over what `before` says is published; raises what the deps raise."""
        whole = self.day.interval.until(self.ready.until)
        chosen = cut(self.deps, self.day, lease, whole, partial(estimated, self.deps, whole))
        slices = chosen.slices
        check_rested(self.deps, self.day, slices, before)
        lookup = self.deps.lookups.of(self.day) if self.deps.lookups else None
        staging = Staging(
            deps=replace(self.deps, feed=lookup.feed) if lookup else self.deps,
            day=self.day,
            token=self.token,
            lease=lease,
            names=lookup.used.digest if lookup else "",
            at_once=chosen.at_once,
        )
        commit = Commit(
            deps=self.deps,
            day=self.day,
            lease=lease,
            before=before,
            accept_shrink=self.accept_shrink,
        )
        try:
            staged = staging.stage(slices)
            try:
                with time_limit.ending(None):
                    decision = self._decided(staged, commit, lookup)
            except (DataMismatch, TryAgainLater) as refused:
                if not isinstance(refused, LeaseLost):
                    staging.drop(staged)
                raise
        except BaseException as failure:
            staging.give_up(failure)
            raise
        # From here on nothing is discarded: whoever comes next may have to complete it. What is
        # all staged is published in seconds, so the deadline no longer counts.
        with self.deps.shield():
            report = commit.carry_out(decision)
        staging.release(staged)
        there = report.manifest.tables if report.manifest else {}
        return replace(report, problem=problem(self.day, _gaps(staged), there))

    def _decided(
        self, staged: Sequence[StagedSlice], commit: Commit, lookup: Lookup | None
    ) -> Replace | Confirm:
        """Return what becomes of the staged day; raises if a guard refuses it."""
        slices = [one.sealed for one in staged]
        self._check_reach(slices)
        made = self._made(slices, _gaps(staged), commit.before)
        if lookup:
            made = replace(made, names=lookup.used, notes=(*made.notes, *lookup.notes))
        files = tuple(one.file for each in slices for one in each.uploads)
        return commit.decide(made, files)

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

    def _earlier(self, gaps: Sequence[Gap], before: Published | None) -> Manifest | None:
        """Return what is published already, where its tables may stay for those with gaps."""
        if not gaps or before is None or not before.value.recipe.is_like(self.deps.recipe):
            return None
        old = [one for gap in gaps for one in before.value.tables.get(gap.table, ())]
        return before.value if self.deps.ledger.lie_as_named(old) else None

    def _made(
        self, slices: Sequence[SealedSlice], gaps: Sequence[Gap], before: Published | None
    ) -> Manifest:
        """Return the manifest of the staged day."""
        plan = self.deps.plan
        tables: dict[str, tuple[File, ...]] = {}
        for one in (file for each in slices for file in each.files):
            tables[one.table] = (*tables.get(one.table, ()), file_of(one.file, one.rows))
        whole = filled(tables, gaps, self._earlier(gaps, before))
        fetched = min(one.fetched for one in slices)
        digest = sum_digests(int(one.digest, 16) for one in slices)
        is_part = self.ready.partial or is_partial(gaps) or bool(whole.cut)
        rejects = [file_of(one.file, one.rows) for each in slices for one in each.rejects]
        return Manifest(
            dataset=plan.dataset.name,
            day=str(self.day),
            interval=self.day.interval,
            timezone=self.day.zone.key,
            recipe=self.deps.recipe,
            state=life.state_of(self.day.interval, fetched, plan.life, partial=is_part),
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
            tables=whole.tables,
            digest=f"{digest:064x}",
            counts=sum((one.counts for one in slices), Counts()),
            rejects=one_or_more(rejects),
            index=tuple(one.index for one in slices if one.index),
            began=self.began,
            ended=self.deps.clock.now(),
            notes=(*plan.notes, *whole.notes),
            cut=whole.cut,
        )


def _gaps(staged: Sequence[StagedSlice]) -> tuple[Gap, ...]:
    return tuple(gap for one in staged for gap in one.gaps)
