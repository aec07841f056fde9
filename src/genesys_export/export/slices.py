"""One slice: read completely, its files staged.

Used by one thread a slice. Whatever goes wrong, what was staged is discarded before the error goes
on; what becomes of the job is for the caller to say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from threading import Event

from .. import time_limit
from ..about import about
from ..claim import SealedFile, SealedSlice
from ..days import Slice
from ..errors import DeadlineReached
from ..events import Observe, SliceStaged
from ..manifest import File, file_of
from ..model import Again, Clock, Gap, Reading, Rejected, Store, Summary
from ..privacy.values import protect
from .files import Files
from .plan import Plan
from .rejects import Rejects
from .slots import Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceContext:
    """What the slices of one day share."""

    plan: Plan
    store: Store
    observe: Observe
    token: str
    abandon: Event
    clock: Clock
    names: str = ""  # the digest of the lookup tables that the rows have names from
    slot: Slot = field(default_factory=Slot)  # of the day


@dataclass(slots=True, kw_only=True)
class Task:
    """A slice to be read; `began` is when its reading began, or will have at the earliest."""

    slice: Slice
    reading: Reading
    began: datetime
    goes_on: bool = False  # with a job that an earlier attempt began
    is_reading: bool = False  # it waits for neither its turn nor its job
    is_late: bool = False  # it began when much of the call was over


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedSlice:
    """A slice whose files are all staged; without `task` it was adopted."""

    slice: Slice
    sealed: SealedSlice
    task: Task | None = None
    gaps: tuple[Gap, ...] = ()  # tables that don't hold all they should


@dataclass(frozen=True, slots=True)
class Late:
    """A slice that was not finished before the deadline."""

    slice: Slice
    problem: DeadlineReached
    task: Task


def stage_in_time(context: SliceContext, task: Task) -> StagedSlice | Late:
    """Read the slice completely and stage its files, if it is done before the deadline."""
    try:
        time_limit.check(context.clock)
        return stage(context, task)
    except DeadlineReached as problem:
        return Late(task.slice, problem, task)


def stage(context: SliceContext, task: Task) -> StagedSlice:
    """Read the slice completely and stage its files; its job is kept."""
    if not task.goes_on:
        task.began = context.clock.now()  # it may have waited for others
    task.is_late = time_limit.is_late(context.clock)
    with about(slice=str(task.slice)), context.slot.used():
        if task.reading.awaits_job:
            with context.slot.lent(context.abandon, context.clock):
                task.reading.prepare(context.abandon)
        return _staged(context, task)


def _staged(context: SliceContext, task: Task) -> StagedSlice:
    tables, rejects, summary = _read(context, task)
    try:
        index = _indexed(context, task, summary.counts.exported)
    except BaseException:
        for one in (*tables, *rejects):
            context.store.discard(one.file)
        raise
    context.observe(
        SliceStaged(
            **context.plan.whose,
            slice=str(task.slice),
            conversations=summary.counts.exported,
            rows=sum(table.rows for table in tables),
            size_bytes=sum(table.file.size_bytes for table in tables),
        )
    )
    sealed = SealedSlice(
        interval=task.slice.interval,
        attempt=context.token,
        files=tables,
        rejects=rejects,
        index=index,
        counts=summary.counts,
        digest=f"{summary.digest:064x}",
        watermark=summary.watermark,
        fetched=task.began,
        job_ids=task.reading.job_ids,
        sealed=context.clock.now(),
        names=context.names,
    )
    return StagedSlice(slice=task.slice, sealed=sealed, task=task, gaps=summary.gaps)


def _read(
    context: SliceContext, task: Task
) -> tuple[tuple[SealedFile, ...], tuple[SealedFile, ...], Summary]:
    """Read the slice to its end; return its tables and rejects, staged, and its summary."""
    plan, key = context.plan, context.plan.rejects(task.slice)
    rejects = Rejects(context.store, key, context.token, count_only=bool(plan.privacy))
    files = Files(plan, task.slice, context.store, context.token)
    task.is_reading, task.is_late = True, time_limit.is_late(context.clock)
    try:
        for item in task.reading.read(context.abandon):
            if isinstance(item, Again):
                files.discard()
                files = Files(plan, task.slice, context.store, context.token)
            elif isinstance(item, Rejected):
                rejects.add(item)
            else:
                files.write(protect(item, plan.privacy))
        summary = task.reading.summary()
        tables = files.seal(but=[gap.table for gap in summary.gaps if not gap.entries])
        return tables, rejects.seal(), summary
    except BaseException:
        files.discard()
        rejects.discard()
        raise


def _indexed(context: SliceContext, task: Task, entries: int) -> File | None:
    """Write the slice's index, under a name that no other attempt has; visible at once.

    It is nobody's data, and what an earlier attempt sealed can only be compared by reading it.
    """
    pieces = task.reading.index() if context.plan.keeps_state else None
    if pieces is None:
        return None
    key = context.plan.home.index(task.slice.day, context.token, task.slice.index)
    upload = context.store.stage(key, context.token, "application/octet-stream")
    try:
        for piece in pieces:
            upload.write(piece)
        staged = upload.seal()
    except BaseException:
        upload.discard()
        raise
    return file_of(staged, entries).tagged(context.store.complete(staged))
