"""Days with odd records against the clean day: CPU ratios, all measured in this one process.

The road is the program's own, from the bytes of an answer to files in a folder; no HTTP, no S3.
A kind is a way to make a record odd; `share` is how many of the records are made so.
"""

from __future__ import annotations

import gc
import json
import re
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from time import process_time
from typing import Any, cast
from zoneinfo import ZoneInfo

from genesys_export.api.clock import SystemClock
from genesys_export.api.wire import results
from genesys_export.datasets import DEFAULT, dataset_named
from genesys_export.days import Day, Interval, split
from genesys_export.encode import Format
from genesys_export.events import ignore
from genesys_export.export.plan import Plan
from genesys_export.export.slices import SliceContext, Task, stage
from genesys_export.feeds.records import RecordsFeed
from genesys_export.model import Page, Source
from genesys_export.store.folder import FolderStore
from genesys_simulator import World
from genesys_simulator.times import DAY_MS, Span

DAY = Day(date(2026, 11, 22), ZoneInfo("UTC"))
DATASET = dataset_named(DEFAULT)
SHARES = (0.001, 0.01, 1.0)
_TIME = re.compile(rb'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{3})Z"')
_VALUE = re.compile(rb'"value":(\d+)')

Oddity = Callable[[bytes], bytes]


def _with(**fields: Any) -> Oddity:
    """Make records that have more fields."""
    more = json.dumps(fields, separators=(",", ":"))[1:].encode()
    return lambda record: record[:-1] + b"," + more


def _everywhere(record: bytes) -> bytes:
    return record.replace(b'"segmentStart":', b'"newFlag":true,"segmentStart":')


def _attribute(record: bytes) -> bytes:
    found = json.loads(record)
    found["participants"][0].setdefault("attributes", {})["retries"] = 3
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode()


def _spaced(record: bytes) -> bytes:
    return json.dumps(json.loads(record), separators=(",", ": "), ensure_ascii=False).encode()


def _indented(record: bytes) -> bytes:
    return json.dumps(json.loads(record), indent=2, ensure_ascii=False).encode()


KINDS: dict[str, Oddity] = {
    "an unknown field": _with(newField={"id": "a", "n": 1}),
    "an unknown field in each segment": _everywhere,
    "a text where a flag is declared": _with(selfServed="yes"),
    "`12.0` for a whole number": lambda record: _VALUE.sub(rb'"value":\1.0', record),
    "a number as attribute": _attribute,
    "times without milliseconds": lambda record: _TIME.sub(rb'"\1Z"', record),
    "times with an offset": lambda record: _TIME.sub(rb'"\1.\2+00:00"', record),
    "a blank after each colon": _spaced,
    "indented JSON": _indented,
    "a lone surrogate": lambda record: record[:-1] + b',"externalTag":"a\\ud800"}',
    "a raw control character": lambda record: record[:-1] + b',"externalTag":"a\x01"}',
}


@dataclass(frozen=True, slots=True)
class Bodies:
    """A model.Source and its one Fetch, over answers that are there."""

    bodies: Sequence[bytes]
    job_ids: tuple[str, ...] = ()
    needs: str = "nothing"
    is_bounded: bool = True

    def fetch(self, interval: Interval, job_id: str | None = None) -> Bodies:
        """Return itself: there is one interval."""
        del interval, job_id
        return self

    def watermark(self) -> None:
        """Return None: nothing is said of it."""

    def describe(self, interval: Interval) -> tuple[Mapping[str, Any], ...]:
        """Return nothing: nothing is asked."""
        del interval
        return ()

    def try_out(self) -> str:
        """Return that nothing is asked."""
        return "nothing"

    def pages(self) -> Iterator[Page]:
        """Split the answers as the program does."""
        return (results("conversations").read(body).page for body in self.bodies)

    awaits_job = False

    def prepare(self) -> None:
        """Do nothing."""

    def release(self) -> None:
        """Do nothing."""


def records(count: int) -> tuple[bytes, ...]:
    """Return the conversations of a clean day."""
    holdings = World.generated(seed=1, per_day=count).holdings
    start_ms = (DAY.date - date(1970, 1, 1)).days * DAY_MS
    positions = list(holdings.positions(Span(start_ms, start_ms + DAY_MS), start_ms))
    return tuple(holdings.render(positions, attributes=True))


def made_odd(given: Sequence[bytes], oddity: Oddity, share: float) -> tuple[bytes, ...]:
    """Make so many of the records odd, evenly spread."""
    step = round(1 / share)
    return tuple(
        oddity(record) if number % step == step // 2 else record
        for number, record in enumerate(given)
    )


def answers(given: Sequence[bytes], size: int = 1_000) -> Bodies:
    """Put the records into pages."""
    runs = (given[first : first + size] for first in range(0, len(given), size))
    return Bodies([b'{"conversations":[' + b",".join(run) + b"]}" for run in runs])


def cpu_s(source: Bodies, form: Format = Format.CSV) -> float:
    """Stage the answers as one slice; returns the CPU seconds of this process."""
    (slice_,) = split(DAY, 1)
    with TemporaryDirectory(prefix="odd-") as home:
        store = FolderStore(Path(home), network_ok=True)
        plan, clock = Plan(dataset=DATASET, tables=_TABLES, format=form), SystemClock()
        context = SliceContext(
            plan=plan,
            store=store,
            observe=ignore,
            token="odd",  # noqa: S106 - names an attempt
            abandon=Event(),
            clock=clock,
        )
        feed = RecordsFeed(
            dataset=DATASET,
            source=cast("Source", source),  # as much of one as a reading uses
            tables=_TABLES,
            raw=None,
            privacy=plan.privacy,
            observe=ignore,
            clock=clock,
        )
        gc.collect()
        began = process_time()
        stage(context, Task(slice=slice_, reading=feed.open(slice_), began=clock.now()))
        return process_time() - began


_TABLES = tuple(table.name for table in DATASET.tables)


def odd(before: dict[str, Any], count: int = 4_000, rounds: int = 3) -> dict[str, Any]:
    """Return each kind's cost against the clean day measured just before, by share.

    The median of the rounds counts. `before` is handed on: the same figures of an earlier version.
    """
    given = records(count)
    clean = answers(given)
    cpu_s(clean)  # what is imported and cached at the first use is no part of it
    cleans: list[float] = []
    found: dict[str, dict[str, float]] = {}
    for kind, share, source in _days(given):
        ratios = []
        for _ in range(rounds):
            cleans.append(cpu_s(clean))
            ratios.append(cpu_s(source) / cleans[-1])
        found.setdefault(kind, {})[share] = statistics.median(ratios)
    return {
        "conversations": len(given),
        "clean_us": statistics.median(cleans) / len(given) * 1e6,
        "kinds": found,
        "before": before,
    }


def _days(given: Sequence[bytes]) -> Iterator[tuple[str, str, Bodies]]:
    """Yield kind, share and answers."""
    for kind, oddity in KINDS.items():
        for share in SHARES:
            yield kind, f"{share:g}", answers(made_odd(given, oddity, share))
    for size in (100, 25):
        yield f"pages of {size}", "1", answers(given, size)
    other = given[500][:-1] + b',"externalTag":"another copy"}'
    near = [*given[:501], other, *given[501:]]
    yield "a differing copy right behind its first", "one", answers(near)
    yield "a differing copy at the end of the day", "one", answers([*given, other])
