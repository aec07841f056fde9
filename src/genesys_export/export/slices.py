"""One slice: read completely, its files staged.

Used by one thread a slice. Whatever goes wrong, what was staged is discarded before the error goes
on; what becomes of the job is for the caller to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..claim import SealedSlice
from ..days import Slice
from ..decode import Decoder
from ..events import SliceStaged
from ..feeds.conversations import SliceContext, read
from ..manifest import File, file_of
from ..model import Fetch

__all__ = ["SliceContext", "StagedSlice", "Task", "stage"]


@dataclass(slots=True, kw_only=True)
class Task:
    """A slice to be read; `began` is when its reading began, or will have at the earliest."""

    slice: Slice
    fetch: Fetch
    began: datetime
    goes_on: bool = False  # with a job that an earlier attempt began


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedSlice:
    """A slice whose files are all staged; without `task` it was adopted."""

    slice: Slice
    sealed: SealedSlice
    task: Task | None = None


def stage(context: SliceContext, task: Task) -> StagedSlice:
    """Read the slice completely and stage its files; its job is kept."""
    if not task.goes_on:
        task.began = context.clock.now()  # it may have waited for others
    done = read(context, task.slice, task.fetch)
    try:
        tables = done.files.seal()
        index = _indexed(context, task.slice, done.decoder)
    except BaseException:
        done.files.discard()
        raise
    context.observe(
        SliceStaged(
            slice=str(task.slice),
            conversations=done.counts.exported,
            rows=sum(table.rows for table in tables),
            size_bytes=sum(table.file.size_bytes for table in tables),
        )
    )
    sealed = SealedSlice(
        interval=task.slice.interval,
        attempt=context.token,
        files=tables,
        index=index,
        counts=done.counts,
        digest=f"{done.decoder.digest:064x}",
        watermark=done.watermark,
        fetched=task.began,
        job_ids=task.fetch.job_ids,
        sealed=context.clock.now(),
    )
    return StagedSlice(slice=task.slice, sealed=sealed, task=task)


def _indexed(context: SliceContext, slice_: Slice, decoder: Decoder) -> File | None:
    """Write the slice's index, under a name that no other attempt has; visible at once.

    It is nobody's data, and what an earlier attempt sealed can only be compared by reading it.
    """
    if not context.plan.keeps_state:
        return None
    key = f"{context.plan.home(slice_.day)}/index/{context.token}-{slice_.index:03d}.bin"
    upload = context.store.stage(key, context.token, "application/octet-stream")
    try:
        for piece in decoder.index():
            upload.write(piece)
        staged = upload.seal()
    except BaseException:
        upload.discard()
        raise
    return file_of(staged, decoder.counts.exported).tagged(context.store.complete(staged))
