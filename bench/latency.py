"""An API with real latencies: 1.5 s a page, 300 requests a minute.

The bound is what a perfect client could do: pages of a slice come one after another, slices side
by side, and no 60 seconds see more requests than the limit. Slices are equal in time, so the one
with the busiest hours has the longest chain, and sets the pace where latency binds.
"""

from __future__ import annotations

import heapq
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from .bucket import bucket
from .contenders import Course, Lane
from .expected import Expected, records_of_slices
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

    @property
    def conversations(self) -> int:
        """How many it takes to fill the pages."""
        return self.pages * _PAGE

    @property
    def chains(self) -> list[int]:
        """How many pages each slice has."""
        found = records_of_slices(self.conversations, self.slices)
        return [max(1, ceil(records / _PAGE)) for records in found]


# Pages of 100 records keep the server's share of the two cores small.
TRIALS = (
    Trial(name="latency binds", pages=120, slices=2, believed=LIMIT),
    Trial(name="latency binds, more slices", pages=240, slices=6, believed=LIMIT),
    Trial(name="the limit binds", pages=600, slices=16, believed=LIMIT),
    Trial(name="the limit is not known", pages=600, slices=16, believed=10 * LIMIT),
)


def latency(home: Path, *, trials: Sequence[Trial] = TRIALS) -> dict[str, Any]:
    """Run every trial; raises Failed."""
    told = []
    with bucket(home / "s3") as server:
        for number, trial in enumerate(trials):
            size = trial.conversations
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
                    GENESYS_EXPORT_EXPORT__SLICES_AT_ONCE=str(trial.slices),
                )
            report = read_report(lane)
            check(report, size)
            told.append(_told(trial, run.cost.wall_s, report["totals"]))
    return {"latency_s": LATENCY_S, "limit": LIMIT, "trials": told}


def ideal_s(chains: Sequence[int], others: int, *, latency_s: float, limit: int) -> float:
    """Return how long a perfect client takes for chains of so many pages each.

    `others` are requests before the first page that take no time.
    """
    starts = [0.0] * others
    left = list(chains)
    queue = [(0.0, number) for number, pages in enumerate(chains) if pages]
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
    chains = trial.chains
    others = max(0, requests - sum(chains) - totals["throttled"])
    bound = ideal_s(chains, others, latency_s=LATENCY_S, limit=LIMIT)
    found = {
        "name": trial.name,
        "pages": sum(chains),
        "longest_chain": max(chains),
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
