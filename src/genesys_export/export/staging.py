"""A day's slices, all staged: adopted if an earlier attempt sealed them, else read now.

Used by one thread, which holds the claim and alone writes it, while the slices' threads work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from threading import Event as Flag

from .. import time_limit
from ..about import carried
from ..claim import OpenJob, SealedSlice
from ..days import Day, Slice
from ..errors import DeadlineReached, ExportError, GenesysUnavailable, Stopped
from ..events import Noticed, SliceAdopted
from ..ledger import Lease
from ..model import Reading
from ..plural import plural
from ..threads import SliceCallbacks, side_by_side
from .dependencies import Dependencies
from .leftovers import Leftovers
from .slices import Late, SliceContext, StagedSlice, Task, stage_in_time

_NEVER = datetime.max.replace(tzinfo=UTC)
_DELETED_AT_ONCE = 8  # jobs
_OF_GENESYS = frozenset({"job", "retry"})  # waits that say nothing of a slice's size


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """The staging of one attempt."""

    deps: Dependencies
    day: Day
    token: str
    lease: Lease
    names: str = ""  # the digest of the lookup tables that the rows have names from
    at_once: int = 8
    _tasks: list[Task] = field(default_factory=list)

    def stage(self, slices: Sequence[Slice]) -> tuple[StagedSlice, ...]:
        """Return every slice staged, in order; raises what the feed and the store raise.

        At the deadline each slice ends by itself: one that can be completed before is not held up
        by another that can't.
        """
        deps = self.deps
        done: dict[int, StagedSlice | Late] = {
            one.slice.index: one for one in self._adopted(slices)
        }
        self._tasks.extend(self._task(slice_) for slice_ in slices if slice_.index not in done)
        self._release_unwanted(slices)
        context = SliceContext(
            plan=deps.plan,
            store=deps.store,
            observe=deps.observe,
            token=self.token,
            abandon=Flag(),
            clock=deps.clock,
            names=self.names,
            slot=deps.slot,
        )

        def finished(ended: StagedSlice | Late) -> None:
            done[ended.slice.index] = ended
            if isinstance(ended, StagedSlice):
                self._seal(ended)

        callbacks = SliceCallbacks(finished=finished, meanwhile=self._renew, undo=self._undo)
        try:
            side_by_side(
                partial(stage_in_time, context),
                self._tasks,
                most=self.at_once,
                abandon=context.abandon,
                callbacks=callbacks,
            )
            return self._whole([done[slice_.index] for slice_ in slices])
        except BaseException:
            kept = self._sealed()
            for ended in done.values():
                if isinstance(ended, StagedSlice) and ended.sealed not in kept:
                    self._undo(ended)
            raise

    def release(self, staged: Sequence[StagedSlice]) -> None:
        """Delete the jobs of a published day, including an earlier attempt's."""
        adopted = [
            self.deps.feed.open(one.slice, job_id)
            for one in staged
            if one.task is None
            for job_id in one.sealed.job_ids[-1:]
        ]
        self._delete_jobs([*adopted, *(task.reading for task in self._tasks)])

    def drop(self, staged: Sequence[StagedSlice]) -> None:
        """Discard slices that were refused, so that they are not adopted.

        Only while the day is ours: a run that took it over may have adopted them already.
        """
        try:
            self.lease.update(slices=())
        except ExportError as problem:
            self.deps.observe(Noticed(message=f"{self.day}: not discarded: {problem.message}"))
            return
        for one in staged:
            self._undo(one)

    def give_up(self, problem: BaseException) -> None:
        """Delete the jobs of a failed or stopped attempt; sealed slices stay.

        Where only time or requests ran out, the claim names the jobs instead: the next attempt
        reads them.
        """
        is_limited = isinstance(problem, GenesysUnavailable) and problem.retry_at is not None
        if self.deps.plan.keeps_state and (is_limited or isinstance(problem, DeadlineReached)):
            self.lease.open_jobs = self._jobs()
            return
        stops = not isinstance(problem, Exception) or isinstance(problem, Stopped)
        self._delete_jobs([task.reading for task in self._tasks], stops=stops)

    def _whole(self, ended: Sequence[StagedSlice | Late]) -> tuple[StagedSlice, ...]:
        """Return the slices; raises DeadlineReached unless all are staged."""
        staged = tuple(one for one in ended if isinstance(one, StagedSlice))
        late = [one for one in ended if isinstance(one, Late)]
        if not late:
            return staged
        self.lease.reading = _were_read(late, some_fit=any(one.task for one in staged))
        first = min((one.problem for one in late), key=lambda one: one.retry_at or _NEVER)
        raise DeadlineReached(
            f"{first.message}{self._kept(len(staged), len(ended))}",
            retry_at=first.retry_at,
            advice=self._advice(has_complete=bool(staged)),
        )

    def _kept(self, complete: int, total: int) -> str:
        if not self.deps.plan.keeps_state:
            return ""
        if not complete:
            return "; no slice is complete"
        verb = "is" if complete == 1 else "are"
        return f"; {complete} of {plural(total, 'slice')} {verb} complete and kept"

    def _advice(self, *, has_complete: bool) -> str:
        """Return what the next run can use of this one, which the deadline ended."""
        if not self.deps.plan.keeps_state:
            return "Use a longer deadline: without the destination's state nothing is kept."
        kept = ["complete slices are kept"] * has_complete
        kept += ["it continues with the jobs that are under way"] * bool(self._jobs())
        again = "Run the same command again"
        return f"{again}: {', and '.join(kept)}." if kept else f"{again}, with a longer deadline."

    def _release_unwanted(self, slices: Sequence[Slice]) -> None:
        """Delete the jobs that an earlier attempt left for other slices than these."""
        wanted = {slice_.interval for slice_ in slices}
        unwanted = [job for job in self.lease.claim.jobs if job.interval not in wanted]
        self._delete_jobs(
            [self.deps.feed.open(Slice(self.day, 0, job.interval), job.job_id) for job in unwanted]
        )

    def _delete_jobs(self, readings: Sequence[Reading], *, stops: bool = False) -> None:
        """Delete the jobs of these readings, several at a time.

        After the deadline, or where the run `stops`, what takes longer than a moment is left: a
        job expires by itself.
        """
        if not readings:
            return
        clock, ends_s = self.deps.clock, None
        if stops:
            ends_s = clock.monotonic() + time_limit.GRACE_S
        elif time_limit.is_set():
            ends_s = clock.monotonic() + max(time_limit.left_s(clock), time_limit.GRACE_S)
        most = min(_DELETED_AT_ONCE, len(readings))
        with (
            time_limit.ending(ends_s),
            suppress(Stopped),  # the day may be published; whoever waits next is stopped
            ThreadPoolExecutor(most, thread_name_prefix="delete") as pool,
        ):
            for deleted in [pool.submit(carried(one.release)) for one in readings]:
                deleted.result()

    def _task(self, slice_: Slice) -> Task:
        """Return a slice as work; a job that an earlier attempt left behind is read again."""
        jobs = self.lease.claim.jobs
        left = next((job for job in jobs if job.interval == slice_.interval), None)
        now = self.deps.clock.now()
        if left is None or now - left.fetched > self.deps.plan.resume_within:
            return Task(slice=slice_, reading=self.deps.feed.open(slice_), began=now)
        reading = self.deps.feed.open(slice_, left.job_id)
        return Task(slice=slice_, reading=reading, began=left.fetched, goes_on=True)

    def _adopted(self, slices: Sequence[Slice]) -> Iterator[StagedSlice]:
        """Yield the slices that an earlier attempt sealed and that are still valid.

        Same recipe and manifest are the claim's business; here: the interval, the age, and that
        the uploads are still there. What can't be adopted is discarded.
        """
        wanted = {slice_.interval: slice_ for slice_ in slices}
        until = max(slice_.interval.end for slice_ in slices)
        kept = []
        for sealed in self._sealed():
            slice_ = wanted.pop(sealed.interval, None)
            if slice_ is not None and self._is_good(sealed, until):
                kept.append(sealed)
                told = SliceAdopted(
                    **self.deps.plan.whose,
                    slice=str(slice_),
                    attempt=sealed.attempt,
                    conversations=sealed.counts.exported,
                )
                self.deps.observe(told)
                yield StagedSlice(slice=slice_, sealed=sealed)
        # Before the claim is written anew: it tells by its age what was begun before this attempt.
        if self.lease.old:
            sealed_ids = {one.file.upload_id for sealed in kept for one in sealed.uploads}
            Leftovers(self.deps, self.day, self.lease).discard_uploads(sealed_ids)
        if tuple(kept) != self._sealed():
            self.lease.update(slices=tuple(kept))

    def _is_good(self, sealed: SealedSlice, until: datetime) -> bool:
        """Whether it can be adopted as a slice of a day that is read up to `until`."""
        plan, store = self.deps.plan, self.deps.store
        complete = sealed.watermark is None or sealed.watermark >= until
        young = self.deps.clock.now() - sealed.fetched <= plan.resume_within
        tables = tuple(dict.fromkeys(one.table for one in sealed.files))
        return (
            young
            and complete
            and sealed.names == self.names
            and tables == plan.written
            and all(store.holds(one.file) for one in sealed.uploads)
            and (sealed.index is None or store.look(sealed.index.key) is not None)
        )

    def _seal(self, staged: StagedSlice) -> None:
        """Record a staged slice in the claim, in case this attempt dies.

        Not one with gaps: whoever comes next may be able to fill them.
        """
        if not staged.gaps:
            self.lease.update(slices=(*self._sealed(), staged.sealed), jobs=self._jobs(but=staged))

    def _renew(self) -> None:
        """Renew the claim, with the jobs in progress."""
        jobs = self._jobs()
        if jobs != self.lease.claim.jobs:
            self.lease.update(jobs=jobs)
        else:
            self.lease.renew()

    def _jobs(self, but: StagedSlice | None = None) -> tuple[OpenJob, ...]:
        done = {sealed.interval for sealed in self._sealed()}
        if but is not None:
            done.add(but.slice.interval)
        return tuple(
            OpenJob(interval=task.slice.interval, job_id=ids[-1], fetched=task.began)
            for task in self._tasks
            if task.slice.interval not in done and (ids := task.reading.job_ids)
        )

    def _sealed(self) -> tuple[SealedSlice, ...]:
        return self.lease.claim.slices

    def _undo(self, staged: StagedSlice | Late) -> None:
        """Discard a slice that was staged before another one failed, and its index."""
        if isinstance(staged, Late):
            return
        for one in staged.sealed.uploads:
            self.deps.store.discard(one.file)
        if staged.sealed.index:
            self.deps.store.delete(staged.sealed.index.key)


def _were_read(late: Sequence[Late], *, some_fit: bool) -> tuple[int, ...]:
    """Return the slices that could not be read in time, and were not just waited for.

    Where none was finished, that tells something only of those that had the whole call.
    """
    return tuple(
        one.slice.index
        for one in late
        if (one.task.is_reading or one.problem.waited_for == "budget")
        and one.problem.waited_for not in _OF_GENESYS
        and (some_fit or not one.task.is_late)
    )
