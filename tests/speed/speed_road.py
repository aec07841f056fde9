"""The whole road from pages to staged files, in this process: the loop as it is, a memory store.

Knows how to walk it and how to count what walking costs in things that no load on the machine
changes: calls of Python functions, and Arrow's bytes.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from threading import Event
from zoneinfo import ZoneInfo

import pyarrow as pa

from fakes import FakeClock, MemoryStore, feed_of
from genesys_export.datasets import DEFAULT, dataset_named
from genesys_export.days import Day, split
from genesys_export.encode import Format
from genesys_export.events import ignore
from genesys_export.export.plan import Plan
from genesys_export.export.slices import SliceContext, Task, stage
from genesys_export.model import Page
from genesys_simulator import World
from genesys_simulator.times import DAY_MS, Span

DAY = Day(date(2026, 11, 22), ZoneInfo("UTC"))
(PART,) = split(DAY, 1)
DATASET = dataset_named(DEFAULT)
TABLES = tuple(table.name for table in DATASET.tables)
PAGE = 1_000


@cache
def records(count: int) -> tuple[bytes, ...]:
    """Return the conversations of a day that has so many."""
    holdings = World.generated(seed=1, per_day=count).holdings
    start_ms = (DAY.date - date(1970, 1, 1)).days * DAY_MS
    positions = list(holdings.positions(Span(start_ms, start_ms + DAY_MS), start_ms))
    return tuple(holdings.render(positions, attributes=True))


class Source:
    """A model.Source and its one Fetch, over records that are there."""

    job_ids = ()

    def __init__(self, given: tuple[bytes, ...]) -> None:
        self._given = given

    def fetch(self, interval, job_id=None) -> Source:
        del interval, job_id
        return self

    def pages(self) -> Iterator[Page]:
        for first in range(0, len(self._given), PAGE):
            page = self._given[first : first + PAGE]
            yield Page(records=page, watermark=None, received_bytes=sum(map(len, page)))

    awaits_job = False

    def prepare(self) -> None:
        pass

    def release(self) -> None:
        pass


def walk(given: tuple[bytes, ...], form: Format = Format.CSV):
    """Stage the records as one slice; returns what was sealed."""
    store = MemoryStore()
    tables = () if form is Format.JSONL else TABLES
    raw = DATASET.raw if form is Format.JSONL else None
    plan = Plan(dataset=DATASET, tables=tables, format=form, raw=raw)
    context = SliceContext(
        plan=plan,
        store=store,
        observe=ignore,
        token="token",
        abandon=Event(),
        clock=FakeClock(),
    )
    reading = feed_of(plan, Source(given), FakeClock()).open(PART)
    sealed = stage(context, Task(slice=PART, reading=reading, began=FakeClock().now())).sealed
    assert sealed.counts.exported == len(given)
    return sealed


@contextmanager
def counted_calls() -> Iterator[Counter]:
    """Count calls, of this thread and of those that begin meanwhile, by the called code's file.

    Built-in functions count under the empty name.
    """
    calls: Counter[str] = Counter()

    def seen(frame, event, arg):
        if event == "call":
            calls[frame.f_code.co_filename] += 1
        elif event == "c_call":
            calls[""] += 1

    threading.setprofile(seen)
    sys.setprofile(seen)
    try:
        yield calls
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


@contextmanager
def arrow_pool() -> Iterator[pa.MemoryPool]:
    """Let Arrow allocate from a pool of its own, which remembers the most it held."""
    before = pa.default_memory_pool()
    pool = pa.proxy_memory_pool(pa.system_memory_pool())
    pa.set_memory_pool(pool)
    try:
        yield pool
    finally:
        pa.set_memory_pool(before)
