"""An imagined bucket, and days that pass in virtual time, for `scale --orgs`."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Lock
from typing import Any

from genesys_export import document
from genesys_export.api.limits import WINDOW_S, Window
from genesys_export.days import Day
from genesys_export.export import DayExporter, DayReport, ExportOptions, Outcome
from genesys_export.export.slots import Slot
from genesys_export.manifest import File, Manifest
from genesys_export.model import Counts, Listed, SliceRecord, Stored, Tag

from .virtual import VirtualTime

NOW = datetime(2026, 11, 28, 6, tzinfo=UTC)
READ_S, WRITE_S, LIST_S = 0.02, 0.05, 0.05  # of a bucket in the same region
JOB_S = 30.0  # until a day's job can be read
PER_DAY, PAGE = 100_000, 1_000  # conversations
TOGETHER = 20  # requests that a day makes in a row before another one's turn
BEFORE = 5  # requests before the job is read: how far the data reaches, count, job, looks
LISTED, AT_ONCE = 1_000, 8  # keys of an answer, manifests read at a time
FULL = Window().full


@dataclass(frozen=True, slots=True)
class Asked:
    """What a day asks: requests to Genesys, writes and listings, reads of the bucket."""

    requests: int
    writes: int
    reads: int


class Bucket:
    """The published days of every organisation, imagined; counts what is asked of it.

    Threads that take no part in virtual time read for one that does: it pays for them later.
    """

    def __init__(self, clock: VirtualTime, published: Iterable[Day]) -> None:
        """Have these days of every organisation."""
        self._clock = clock
        self._days = {str(day): day for day in published}
        self._lock, self._owed = Lock(), Counter[str]()
        self.writes = self.reads = 0
        self.recipes: dict[str, Any] = {}  # by organisation

    def url(self, key: str) -> str:
        """Return where an object would be."""
        return f"s3://imagined/{key}"

    def read(self, key: str) -> Stored | None:
        """Return a manifest of a day that is published."""
        org, *_, day, name = key.split("/")
        with self._lock:
            self.reads += 1
            self._owed[org] += not self._clock.takes_part
        self._clock.sleep(READ_S)
        at = self._days.get(day)
        if at is None or name != "manifest.json":
            return None
        body = document.encode(manifest(org, at, self.recipes[org]))
        return Stored(body, Tag("imagined"))

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the manifests, indexes and claims of the published days."""
        return self._paid(f"{prefix}{day}/{name}" for day in self._days for name in _NAMES)

    def scan(self, prefix: str, after: str = "") -> Iterator[Listed]:
        """Yield the published files of a table that follow a key."""
        keys = (f"{prefix}{day}.csv.gz" for day in self._days)
        return self._paid(Listed(key, 1) for key in keys if key > after)

    def _paid(self, found: Iterator[Any]) -> Iterator[Any]:
        for number, one in enumerate(found):
            if number % LISTED == 0:
                self.asked(writes=1)
                self._clock.sleep(LIST_S)
            yield one

    def asked(self, *, writes: int = 0, reads: int = 0) -> None:
        """Count requests."""
        with self._lock:
            self.writes += writes
            self.reads += reads

    def pay(self, org: str) -> None:
        """Wait for what other threads read for the calling one."""
        with self._lock:
            owed = self._owed.pop(org, 0)
        self._clock.sleep(math.ceil(owed / AT_ONCE) * READ_S)


_NAMES = ("claim.json", "index.000", "manifest.json")


def manifest(org: str, day: Day, recipe: Any) -> Manifest:
    """Return what is published of a final day."""
    key = f"{org}/conversations/{day}.csv.gz"
    return Manifest(
        dataset="conversation_details",
        day=str(day),
        interval=day.interval,
        timezone="UTC",
        recipe=recipe,
        state="final",
        attempt="imagined",
        attempts=("imagined",),
        tool_version="0",
        slices=(SliceRecord(interval=day.interval, watermark=None, fetched=NOW, job_ids=()),),
        tables={"conversations": (File(key=key, rows=1, bytes=1, sha256="0" * 64),)},
        digest="0" * 64,
        counts=Counts(received=1, exported=1),
        rejects=None,
        began=NOW,
        ended=NOW,
    )


@dataclass(slots=True)
class Imagined:
    """An exporter whose looks are real, and whose days pass in virtual time."""

    real: DayExporter
    bucket: Bucket
    asked: Asked
    begun: list[tuple[float, float]]  # when the first day began: virtual, and on this machine
    free_at: float = 0.0  # when the budget has room for one more request
    lock: Lock = field(default_factory=Lock)

    @property
    def deps(self) -> Any:
        """Those of the exporter."""
        return self.real.deps

    def settled(self, day: Day, options: ExportOptions) -> DayReport | None:
        """Read the manifest, and judge it."""
        return self.real.settled(day, options)

    def damaged(self, manifests: Iterable[Manifest]) -> frozenset[str]:
        """List what is published; the manifests that were read for it have taken their time."""
        self.bucket.pay(self.deps.plan.org)
        return self.real.damaged(manifests)

    def export(self, day: Day, _options: ExportOptions, slot: Slot) -> DayReport:
        """Take as long as a day does."""
        clock, asked = self.deps.clock, self.asked
        if not self.begun:
            self.begun.append((clock.monotonic(), time.perf_counter()))
        self.bucket.asked(writes=asked.writes, reads=asked.reads)
        bucket_s = asked.writes * WRITE_S + asked.reads * READ_S
        with slot.used():
            clock.sleep(bucket_s / 4)  # the claim, what is published
            self._ask(BEFORE)
            with slot.lent(Event(), clock):
                clock.sleep(JOB_S)
            for done in range(BEFORE, asked.requests, TOGETHER):
                self._ask(min(TOGETHER, asked.requests - done))
            clock.sleep(bucket_s * 3 / 4)
        return DayReport(day=day, manifest=None, manifest_url="", outcome=Outcome.PUBLISHED)

    def _ask(self, requests: int) -> None:
        clock = self.deps.clock
        with self.lock:
            self.free_at = max(self.free_at, clock.monotonic()) + requests * WINDOW_S / FULL
            wait_s = self.free_at - clock.monotonic()
        clock.sleep(wait_s)
