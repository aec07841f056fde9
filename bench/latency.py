"""An API with real latencies: 1.5 s a page, 300 requests a minute.

The bound is what a perfect client could do: pages of a slice come one after another, slices side
by side, and no 60 seconds see more requests than the limit.
"""

from __future__ import annotations

import heapq
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .bucket import bucket
from .contenders import Course, Lane
from .expected import Expected
from .genesys import genesys
from .scale import check, export, read_report

LATENCY_S, LIMIT = 1.5, 300
_WINDOW_S = 60.0
_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One run: how many pages, in how many slices, and the limit that the client believes in."""

    name: str
    pages: int
    slices: int
    believed: int


# Pages of 100 records keep the server's share of the two cores small.
TRIALS = (
    Trial(name="latency binds", pages=120, slices=2, believed=LIMIT),
    Trial(name="latency binds, more slices", pages=240, slices=6, believed=LIMIT),
    Trial(name="the limit binds", pages=900, slices=16, believed=LIMIT),
    Trial(name="the limit is not known", pages=900, slices=16, believed=10 * LIMIT),
)


def latency(home: Path, *, trials: Sequence[Trial] = TRIALS) -> dict[str, Any]:
    """Run every trial; raises Failed."""
    told = []
    with bucket(home / "s3") as server:
        for number, trial in enumerate(trials):
            size = trial.pages * _PAGE
            with genesys(size, page_latency_s=LATENCY_S, requests_per_minute=LIMIT) as source:
                nothing = Expected(conversations=size, json_bytes=0, rows={})
                course = Course(genesys=source, bucket=server, scratch=home, expected=nothing)
                lane = Lane(course=course, prefix=f"latency{number}", folder=home / str(number))
                run = export(
                    lane,
                    "csv.gz",
                    f"--slices={trial.slices}",
                    GENESYS_EXPORT_GENESYS__REQUESTS_PER_MINUTE=str(trial.believed),
                    GENESYS_EXPORT_GENESYS__PAGE_SIZE=str(_PAGE),
                )
            report = read_report(lane)
            check(report, size)
            told.append(_told(trial, run.cost.wall_s, report["totals"]))
    return {"latency_s": LATENCY_S, "limit": LIMIT, "trials": told}


def ideal_s(pages: int, slices: int, others: int, *, latency_s: float, limit: int) -> float:
    """Return how long a perfect client takes; `others` are requests that take no time."""
    free = [0.0] * slices  # when each slice may ask for its next page
    starts: list[float] = [0.0] * others
    left = [pages // slices + (number < pages % slices) for number in range(slices)]
    queue = [(at, number) for number, at in enumerate(free) if left[number]]
    heapq.heapify(queue)
    end = 0.0
    while queue:
        at, number = heapq.heappop(queue)
        if len(starts) >= limit:
            at = max(at, starts[-limit] + _WINDOW_S)
        starts.append(at)
        end = max(end, at + latency_s)
        left[number] -= 1
        if left[number]:
            heapq.heappush(queue, (at + latency_s, number))
    return end


def _told(trial: Trial, wall_s: float, totals: dict[str, Any]) -> dict[str, Any]:
    requests = totals["requests"]
    bound = ideal_s(
        trial.pages,
        trial.slices,
        max(0, requests - trial.pages - totals["throttled"]),
        latency_s=LATENCY_S,
        limit=LIMIT,
    )
    found = {
        "name": trial.name,
        "pages": trial.pages,
        "slices": trial.slices,
        "believed": trial.believed,
        "requests": requests,
        "throttled": totals["throttled"],
        "wall_s": wall_s,
        "bound_s": bound,
        "ratio": wall_s / bound,
    }
    sys.stderr.write(f"{json.dumps(found)}\n")
    return found
