"""Many organisations over years of days, in one process and in virtual time.

The loop, the settings, the clients and the reading of manifests are the program's own. The bucket
is imagined: it has the latencies below, and of each organisation's days a tenth, the oldest, is
published already. So is a day's export: it waits as long as its requests and its job take.
What a day asks of Genesys and of the bucket is counted from a real day, exported for that.
"""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, cast
from zoneinfo import ZoneInfo

from genesys_export.api.limits import WINDOW_S
from genesys_export.assembly.working import Surroundings, Work
from genesys_export.days import Day
from genesys_export.export import (
    Choice,
    DayExporter,
    Kind,
    Org,
    Run,
    days_between,
)
from genesys_export.settings import Settings, load
from genesys_simulator import World, serve

from .imagined import FULL, NOW, PAGE, PER_DAY, Asked, Bucket, Imagined
from .virtual import Mail, VirtualTime, Workers

ZONE = ZoneInfo("UTC")
LAST = date(2026, 11, 20)
WRITE_USD, READ_USD = 0.005 / 1_000, 0.0004 / 1_000  # us-east-1, 2026-11: PUT, LIST; GET, HEAD


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


def organisations(home: Path, *, orgs: int, days: int, in_process: int = 0) -> dict[str, Any]:
    """Run so many organisations over so many days; return the figures."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:  # what it needs is no driver's
        asked = pool.submit(real_day, home).result()
    clock = VirtualTime(NOW)
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
        abandon=clock.end,
        threads=partial(Workers, clock),
        mailbox=partial(Mail, clock),
    )
    ends = Counter(one.status for one in run.results())
    work.close()
    exported = days - days // 10
    bound_s = exported * asked.requests * WINDOW_S / FULL
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
