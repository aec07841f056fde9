"""Many organisations over years of days, in one process and in virtual time.

The loop, the settings, the clients and the reading of manifests are the program's own. The bucket
is imagined: it has the latencies below, and of each organisation's days a tenth, the oldest, is
published already. So is a day's export: it waits as long as its requests and its job take.
What a day asks of Genesys and of the bucket is counted from a real day, exported for that.
"""

from __future__ import annotations

import math
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from threading import Event, Lock
from typing import Any, cast
from zoneinfo import ZoneInfo

from genesys_export import document
from genesys_export.api import Budget
from genesys_export.api.limits import WINDOW_S
from genesys_export.assembly.working import Surroundings, Work
from genesys_export.days import Day
from genesys_export.export import (
    Choice,
    DayExporter,
    DayReport,
    ExportOptions,
    Kind,
    Org,
    Outcome,
    Run,
    days_between,
)
from genesys_export.export.slots import Slot
from genesys_export.manifest import File, Manifest
from genesys_export.model import Counts, Listed, SliceRecord, Stored, Tag
from genesys_export.settings import Settings, load
from genesys_simulator import World, serve

from .virtual import Mail, VirtualTime, Workers

ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 11, 28, 6, tzinfo=UTC)
LAST = date(2026, 11, 20)
READ_S, WRITE_S, LIST_S = 0.02, 0.05, 0.05  # of a bucket in the same region
JOB_S = 30.0  # until a day's job can be read
PER_DAY, PAGE = 100_000, 1_000  # conversations
TOGETHER = 20  # requests that a day makes in a row before another one's turn
BEFORE = 5  # requests before the job is read: how far the data reaches, count, job, looks
LISTED, AT_ONCE = 1_000, 8  # keys of an answer, manifests read at a time
WRITE_USD, READ_USD = 0.005 / 1_000, 0.0004 / 1_000  # us-east-1, 2026-11: PUT, LIST; GET, HEAD


@dataclass(frozen=True, slots=True)
class Asked:
    """What a day asks: requests to Genesys, writes and listings, reads of the bucket."""

    requests: int
    writes: int
    reads: int


class Counting:
    """A store in front of another one that counts what Amazon would charge for."""

    def __init__(self, store: Any) -> None:
        """Count nothing yet."""
        self._store, self.calls = store, Counter[str]()

    def __getattr__(self, name: str) -> Any:
        """Count a call."""
        self.calls[name] += 1
        return getattr(self._store, name)

    @property
    def writes(self) -> int:
        """PUT, LIST, and three for an upload: begin, a part, complete."""
        calls = self.calls
        return calls["put"] + calls["list"] + calls["scan"] + 3 * calls["stage"]

    @property
    def reads(self) -> int:
        """GET and HEAD."""
        return self.calls["read"] + self.calls["look"]


def real_day(home: Path) -> Asked:
    """Export two days of a page for real; return what the second asks with all its pages."""
    with serve(World.generated(seed=1, per_day=PAGE)) as genesys:
        one = {
            "base_url": genesys.base_url,
            "client_id": genesys.client_id,
            "client_secret": genesys.client_secret,
            "poll_first": "0.05s",
        }
        settings = _settings({"genesys": one, "destination": {"to": mkdtemp(dir=home)}})
        work = Work(settings, Surroundings())
        (part,) = work.parts
        for at in days_between(Day(date(2026, 11, 10), ZONE), Day(date(2026, 11, 11), ZONE)):
            before, store = len(genesys.requests), Counting(work.store)
            DayExporter(replace(part.deps, store=cast("Any", store))).export(at)
        work.close()
        requests = len(genesys.requests) - before + PER_DAY // PAGE - 1
        return Asked(requests, store.writes, store.reads)


def _settings(given: Mapping[str, object]) -> Settings:
    return load(flags={"config": "/dev/null"}, keywords=given, environ={})


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
            self.free_at = max(self.free_at, clock.monotonic()) + requests * WINDOW_S / _FULL
            wait_s = self.free_at - clock.monotonic()
        clock.sleep(wait_s)


_FULL = Budget().full


def organisations(home: Path, *, orgs: int, days: int, in_process: int = 0) -> dict[str, Any]:
    """Run so many organisations over so many days; return the figures."""
    asked, clock = real_day(home), VirtualTime(NOW)
    whole = days_between(Day(LAST - timedelta(days - 1), ZONE), Day(LAST, ZONE))
    bucket = Bucket(clock, whole[: days // 10])
    names = [f"org{number:05}" for number in range(orgs)]
    one = {"region": "eu-west-1", "client_id": "imagined", "client_secret": "imagined"}
    most = in_process or max(8, 2 * orgs)  # two days of each use its budget up
    work = Work(
        _settings({"destination": {"to": str(home)}, "orgs": dict.fromkeys(names, one)}),
        Surroundings(clock=cast("Any", clock)),
    )
    began, begun = time.perf_counter(), list[tuple[float, float]]()

    def opened(name: str) -> list[DayExporter]:
        made = [
            DayExporter(replace(part.deps, store=cast("Any", bucket)))
            for part in work.parts_of(name)
        ]
        bucket.recipes[name] = made[0].deps.recipe
        return [cast("DayExporter", Imagined(one, bucket, asked, begun)) for one in made]

    run = Run(
        orgs=[
            Org(name=name, datasets=("conversation_details",), open=partial(opened, name))
            for name in names
        ],
        choice=Choice(Kind.RANGE, whole[::-1]),
        clock=clock,
        at_once=2,
        in_process=most,
        threads=partial(Workers, clock),
        mailbox=partial(Mail, clock),
    )
    ends = Counter(one.status for one in run.results())
    work.close()
    exported = days - days // 10
    bound_s = exported * asked.requests * WINDOW_S / _FULL
    ((first_s, machine),) = begun
    return {
        "orgs": orgs,
        "days": days,
        "in_process": most,
        "ends": dict(ends),
        "first_export_s": first_s,
        "first_export_machine_s": machine - began,
        "wall_s": clock.monotonic(),
        "bound_s": bound_s,
        "ratio": clock.monotonic() / bound_s,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "machine_s": time.perf_counter() - began,
        "requests": asked.requests * ends["published"],
        "s3_writes": bucket.writes,
        "s3_reads": bucket.reads,
        "usd": bucket.writes * WRITE_USD + bucket.reads * READ_USD,
    }


def shown(found: Mapping[str, Any]) -> str:
    """Return the figures for a person."""
    ends = ", ".join(f"{count:,} {status}" for status, count in sorted(found["ends"].items()))
    told = {**found, "ends": ends}
    return "\n".join(line.format_map(told) for line in _LINES) + "\n"


_LINES = (
    "{orgs:,} organisations x {days:,} days, {in_process:,} days at a time: {ends}",
    "first export: after {first_export_s:.1f} s of latency, {first_export_machine_s:.1f} s of CPU",
    "wall: {wall_s:,.0f} s in virtual time; the budgets' bound: {bound_s:,.0f} s ({ratio:.3f} x)",
    "driver: {peak_mib:,.0f} MiB at its peak, {machine_s:,.0f} s on this machine",
    "Genesys: {requests:,} requests",
    "S3: {s3_writes:,} PUT and LIST, {s3_reads:,} GET and HEAD: {usd:,.2f} USD",
)


def say(found: Mapping[str, Any]) -> None:
    """Print the figures."""
    sys.stdout.write(shown(found))
