"""What a day costs: time, CPU, memory, requests, dollars, from a few measured constants.

`predict` is plain arithmetic. `calibrated` measures its constants on this machine, `checked` holds
it against runs at other points. Prices are AWS list prices for us-east-1 as remembered in 2025-12:
put in your own.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

from .bucket import Bucket, bucket
from .contenders import Course, Lane
from .expected import Expected, records_of_slices
from .genesys import genesys
from .latency import ideal_s
from .scale import check, export, read_report

PART_BYTES = 8 << 20
BASE = 20_000  # conversations of the day that the constants are taken from
HEADROOM = 0.04
OTHERS, OTHERS_PER_SLICE = 4, 4  # requests that bring no page: token, availability, submit, poll …
DOLLARS = {
    "put_per_1000": 0.005,  # PUT, POST, LIST
    "get_per_1000": 0.0004,
    "gb_month": 0.023,
    "vcpu_hour": 0.04048,  # a container by the hour
    "gb_hour": 0.004445,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A day to be exported, and the API it comes from."""

    conversations: int
    slices: int = 1
    page_size: int = 1_000
    latency_s: float = 1.5  # of a page
    per_minute: int = 300
    job_s: float = 0.0  # until the job is done
    cores: int = 2
    shares: tuple[float, ...] = ()  # of the records in each slice; empty: as many in each

    @property
    def chains(self) -> list[int]:
        """How many pages each slice has."""
        shares = self.shares or (1 / self.slices,) * self.slices
        return [max(1, ceil(self.conversations * each / self.page_size)) for each in shares]


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """What was measured, for csv.gz with all tables."""

    startup_cpu_s: float
    cpu_s: float  # a conversation
    page_cpu_s: float = 0.0  # a page, whatever it holds
    slice_cpu_s: float = 0.0  # each slice but the first
    startup_wall_s: float
    wall_s: float  # a conversation in one slice, from a source that does not make it wait
    base_mib: float
    slice_mib: float
    received_bytes: float  # a conversation, compressed
    table_bytes: dict[str, float] = field(default_factory=dict)  # a conversation, compressed
    puts: float = 0.0  # a run
    puts_per_slice: float = 0.0
    gets: float = 0.0
    gets_per_slice: float = 0.0


def predict(wanted: Wanted, known: Constants) -> dict[str, float]:
    """Return what that day costs."""
    pages = sum(wanted.chains)
    others = OTHERS + OTHERS_PER_SLICE * wanted.slices
    limit = max(1, int(wanted.per_minute * (1 - HEADROOM)))
    fetch_s = ideal_s(wanted.chains, others, latency_s=wanted.latency_s, limit=limit)
    cpu_s = (
        known.startup_cpu_s
        + known.cpu_s * wanted.conversations
        + known.page_cpu_s * pages
        + known.slice_cpu_s * (wanted.slices - 1)
    )
    side_by_side = min(wanted.slices, wanted.cores)
    # Pages come while others are worked on: the slower of the two sets the pace.
    work_s = known.wall_s * wanted.conversations / side_by_side
    wall_s = known.startup_wall_s + wanted.job_s + max(fetch_s, work_s)
    uploaded = {name: each * wanted.conversations for name, each in known.table_bytes.items()}
    more_parts = sum(
        wanted.slices * max(0, ceil(size / wanted.slices / PART_BYTES) - 1)
        for size in uploaded.values()
    )
    memory_mib = known.base_mib + known.slice_mib * wanted.slices
    puts = known.puts + known.puts_per_slice * wanted.slices + more_parts
    gets = known.gets + known.gets_per_slice * wanted.slices
    stored = sum(uploaded.values())
    return {
        "pages": pages,
        "requests": pages + others,
        "wall_s": wall_s,
        "cpu_s": cpu_s,
        "memory_mib": memory_mib,
        "received_bytes": known.received_bytes * wanted.conversations,
        "stored_bytes": stored,
        "puts": puts,
        "gets": gets,
        "dollars_requests": (puts * DOLLARS["put_per_1000"] + gets * DOLLARS["get_per_1000"])
        / 1000,
        "dollars_compute": wall_s
        / 3600
        * (DOLLARS["vcpu_hour"] * wanted.cores + DOLLARS["gb_hour"] * max(0.5, memory_mib / 1024)),
        "dollars_a_year_stored": stored / 1e9 * DOLLARS["gb_month"] * 12,
    }


def cost(home: Path) -> dict[str, Any]:
    """Measure the constants, and check the model at three points; raises Failed."""
    with bucket(home / "s3") as server:
        known = _calibrated(home, server)
        points = (
            Wanted(conversations=BASE // 4, page_size=500, latency_s=0.0, per_minute=100_000),
            _sliced(BASE, 3, page_size=100, latency_s=0.3),
            _sliced(3 * BASE, 2, latency_s=1.5),
        )
        checks = [
            {
                "wanted": asdict(point),
                "predicted": predict(point, known),
                "measured": _measured(home, server, point, f"check{number}"),
            }
            for number, point in enumerate(points)
        ]
    return {"constants": asdict(known), "checks": checks}


def _sliced(conversations: int, slices: int, **more: Any) -> Wanted:
    """Return a simulated day in slices, whose shares are known."""
    records = records_of_slices(conversations, slices)
    shares = tuple(each / conversations for each in records)
    return Wanted(conversations=conversations, slices=slices, shares=shares, **more)


def _calibrated(home: Path, server: Bucket) -> Constants:
    quick: dict[str, Any] = {"latency_s": 0.0, "per_minute": 100_000}
    empty = _measured(home, server, Wanted(conversations=0, **quick), "empty")
    one = _measured(home, server, Wanted(conversations=BASE, **quick), "one")
    four = _measured(home, server, Wanted(conversations=BASE, slices=4, **quick), "four")
    small = Wanted(conversations=BASE // 4, page_size=100, **quick)
    pages = _measured(home, server, small, "small pages")
    # Of two days with as many pages for each conversation and ten times as many.
    each, more = (
        (day["cpu_s"] - empty["cpu_s"]) / n for day, n in ((one, BASE), (pages, BASE // 4))
    )
    page_cpu_s = max(0.0, (more - each) / (1 / 100 - 1 / 1_000))
    slice_mib = max(0.0, four["memory_mib"] - one["memory_mib"]) / 3
    puts, gets = (four["puts"] - one["puts"]) / 3, (four["gets"] - one["gets"]) / 3
    return Constants(
        startup_cpu_s=empty["cpu_s"],
        cpu_s=each - page_cpu_s / 1_000,
        page_cpu_s=page_cpu_s,
        slice_cpu_s=max(0.0, four["cpu_s"] - one["cpu_s"]) / 3,
        startup_wall_s=empty["wall_s"],
        wall_s=(one["wall_s"] - empty["wall_s"]) / BASE,
        base_mib=one["memory_mib"] - slice_mib,
        slice_mib=slice_mib,
        received_bytes=one["received_bytes"] / BASE,
        table_bytes={name: size / BASE for name, size in one["tables"].items()},
        puts=one["puts"] - puts,
        puts_per_slice=puts,
        gets=one["gets"] - gets,
        gets_per_slice=gets,
    )


def _measured(home: Path, server: Bucket, wanted: Wanted, name: str) -> dict[str, Any]:
    limit = wanted.per_minute
    with genesys(
        wanted.conversations, page_latency_s=wanted.latency_s, requests_per_minute=limit
    ) as source:
        nothing = Expected(conversations=wanted.conversations, json_bytes=0, rows={})
        course = Course(genesys=source, bucket=server, scratch=home, expected=nothing)
        lane = Lane(course=course, prefix=name, folder=home / name)
        before = server.requests()
        run = export(
            lane,
            "csv.gz",
            f"--slices={wanted.slices}",
            GENESYS_EXPORT_GENESYS__REQUESTS_PER_MINUTE=str(limit),
            GENESYS_EXPORT_GENESYS__PAGE_SIZE=str(wanted.page_size),
            GENESYS_EXPORT_EXPORT__SLICES_AT_ONCE=str(wanted.slices),
        )
        after = server.requests()
    report = read_report(lane)
    check(report, wanted.conversations)
    [day] = report["days"]
    tables = {name: table["bytes"] for name, table in day["tables"].items()}
    spent = {kind: after[kind] - before.get(kind, 0) for kind in after}
    found = {
        "requests": report["totals"]["requests"],
        "wall_s": run.cost.wall_s,
        "cpu_s": run.cost.cpu_s,
        "memory_mib": run.cost.peak_mib,
        "received_bytes": report["totals"]["received_bytes"],
        "stored_bytes": sum(tables.values()),
        "puts": sum(spent.get(kind, 0) for kind in ("PUT", "POST", "LIST")),
        "gets": spent.get("GET", 0) + spent.get("HEAD", 0),
        "tables": tables,
    }
    sys.stderr.write(f"{name} {json.dumps({k: v for k, v in found.items() if k != 'tables'})}\n")
    return found
