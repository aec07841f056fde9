"""One day: is it ready, stage its slices, publish it, say what was done."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from threading import Event as Flag
from typing import Any

from .. import __version__
from ..days import Day, Slice, iso_ms, split
from ..errors import ExportError
from ..events import DayPublished, DayStarted, Noticed, Observe, Waiting
from ..ledger import Ledger
from ..manifest import File, Manifest, Recipe, file_of
from ..model import Counts, Names, SliceRecord, Source, Store
from .files import StagedTable
from .names import Clerk, Named
from .plan import Plan, Ready, readiness, state_of
from .rejects import Rejects
from .slices import Shop, StagedSlice, stage
from .threads import Clock, side_by_side

Shield = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayReport:
    """What became of a day."""

    day: Day
    manifest: Manifest
    manifest_url: str
    problem: ExportError | None = None  # what the run ends with, although the day is published

    @property
    def files(self) -> tuple[File, ...]:
        """Every data file of the day."""
        return tuple(file for table in self.manifest.tables.values() for file in table)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """Exports days of one organisation; the concrete parts of a run."""

    plan: Plan
    recipe: Recipe
    source: Source
    store: Store
    clock: Clock
    observe: Observe
    names: Names | None = None  # asked for the plan's lookup tables
    shield: Shield = nullcontext  # publishing happens inside: nothing should interrupt it

    def export(self, day: Day) -> DayReport:
        """Export the whole day and publish it; after any error nothing visible has changed.

        Raises TryAgainLater (75) while Genesys's data does not reach the day's end, and what the
        source and the store raise.
        """
        began = self.clock.now()
        ready, watermark = self._ready(day)
        ledger = Ledger(self.store, self.plan.homes, sleep=self.clock.sleep)
        before = ledger.read(day)
        parts = split(day, self.plan.slices, until=ready.until)
        self.observe(
            DayStarted(
                org=self.plan.org,
                day=str(day),
                interval=day.interval,
                slices=len(parts),
                watermark=watermark,
            )
        )
        token = secrets.token_hex(8)
        rejects = Rejects(
            self.store,
            f"{self.plan.home(day)}/rejects.jsonl.gz",
            token,
            count_only=bool(self.plan.privacy),
        )
        named = self._named(day, token)
        slices = self._stage(parts, rejects, named, token)
        rejected = rejects.seal()
        made = Manifest(
            dataset=self.plan.dataset.name,
            day=str(day),
            interval=day.interval,
            timezone=day.zone.key,
            recipe=self.recipe,
            attempt=token,
            attempts=(),
            tool_version=__version__,
            began=began,
            notes=(*self.plan.notes, *named.notes),
            rejects=file_of(rejected, rejects.rows) if rejected else None,
            **self._told(day, ready, slices, named, rejects.rows),
        )
        staged = tuple(table.file for table in _tables(slices, named))
        try:
            with self.shield():
                entry = ledger.publish(day, before, made, (*staged, *filter(None, [rejected])))
        finally:
            for each in slices:
                each.fetch.release()
        report = DayReport(
            day=day,
            manifest=entry.manifest,
            manifest_url=self.store.url(ledger.key(day)),
            problem=named.problem(day),
        )
        self._tell(report)
        return report

    def _ready(self, day: Day) -> tuple[Ready, datetime | None]:
        """Return up to when the day can be read; waits as long as the plan allows."""
        deadline = self.clock.now() + self.plan.wait
        while True:
            now, watermark = self.clock.now(), self.source.watermark()
            found = readiness(day, watermark, now, allow_partial=self.plan.allow_partial)
            if isinstance(found, Ready):
                return found, watermark
            wait = min(self.plan.wait_step, deadline - now)
            if wait <= timedelta(0):
                raise found.error()
            detail = f"{day} reaches {iso_ms(watermark) if watermark else 'nowhere'}"
            wait_s = wait.total_seconds()
            self.observe(Waiting(reason="availability", wait_s=wait_s, detail=detail))
            self.clock.sleep(wait_s)

    def _named(self, day: Day, token: str) -> Named:
        """Stage the lookup tables, before the slices: a list that fails costs no job."""
        if self.names is None:
            return Named()
        clerk = Clerk(
            plan=self.plan,
            names=self.names,
            store=self.store,
            observe=self.observe,
            token=token,
            clock=self.clock,
        )
        return clerk.stage(day)

    def _stage(
        self, parts: Sequence[Slice], rejects: Rejects, named: Named, token: str
    ) -> tuple[StagedSlice, ...]:
        shop = Shop(
            plan=self.plan,
            source=self.source,
            store=self.store,
            observe=self.observe,
            token=token,
            rejects=rejects,
            abandon=Flag(),
            clock=self.clock,
        )
        try:
            return side_by_side(partial(stage, shop), parts, abandon=shop.abandon, undo=self._undo)
        except BaseException:
            rejects.discard()
            named.discard(self.store)
            raise

    def _undo(self, staged: StagedSlice) -> None:
        """Throw away a slice that was staged before another one failed."""
        for table in staged.tables:
            self.store.discard(table.file)
        staged.fetch.release()

    def _told(
        self,
        day: Day,
        ready: Ready,
        slices: Sequence[StagedSlice],
        named: Named,
        rejected: int,
    ) -> dict[str, Any]:
        """Return what the manifest says of the slices."""
        ended = self.clock.now()
        tables: dict[str, tuple[File, ...]] = {}
        for table in _tables(slices, named):
            made = file_of(table.file, table.rows)
            tables[table.table] = (*tables.get(table.table, ()), made)
        fetched = min((each.fetched for each in slices), default=ended)
        return {
            "state": state_of(self.plan, day, ready, fetched),
            "slices": tuple(
                SliceRecord(
                    interval=each.part.interval,
                    watermark=each.watermark,
                    fetched=each.fetched,
                    job_ids=each.fetch.job_ids,
                )
                for each in slices
            ),
            "tables": tables,
            "digest": f"{sum(each.digest for each in slices) % (1 << 256):064x}",
            "counts": _counts(slices, rejected),
            "ended": ended,
        }

    def _tell(self, report: DayReport) -> None:
        """Say what is published, and what an operator should know of it."""
        counts, day = report.manifest.counts, report.day
        hides = bool(self.plan.privacy)
        whole = "are not written, for privacy" if hides else "stand in rejects.jsonl.gz"
        rest = "stand in _extra, which is protected" if hides else "stand in _extra"
        notes = {
            f"{day} has no conversations: header-only files were published": not counts.exported,
            f"{day}: {counts.rejected} records could not be read and {whole}": counts.rejected,
            f"{day}: {counts.drift} values did not fit their columns and {rest}": counts.drift,
            f"{day}: {counts.differing_duplicates} conversations came twice with different"
            " content; the first copy was kept": counts.differing_duplicates,
        }
        for note, applies in notes.items():
            if applies:
                self.observe(Noticed(message=note))
        if counts.unknown_fields:
            names = ", ".join(sorted(counts.unknown_fields))
            message = f"{day}: fields this version does not know {rest}: {names}"
            self.observe(Noticed(message=message))
        self.observe(
            DayPublished(
                org=self.plan.org,
                day=str(day),
                state=report.manifest.state,
                manifest=report.manifest_url,
                conversations=counts.exported,
                rows=sum(file.rows for file in report.files),
                files=len(report.files),
                size_bytes=sum(file.bytes for file in report.files),
            )
        )


def _tables(slices: Sequence[StagedSlice], named: Named) -> tuple[StagedTable, ...]:
    """Return every staged file of the day."""
    return (*(table for each in slices for table in each.tables), *named.tables)


def _counts(slices: Sequence[StagedSlice], rejected: int) -> Counts:
    """Add up the slices; a record rejected in several of them is kept, and counts, once."""
    total = sum((each.counts for each in slices), Counts())
    again = total.rejected - rejected
    return replace(total, rejected=rejected, duplicates=total.duplicates + again)
