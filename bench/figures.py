"""What the samples say: medians, and ratios of one round.

A ratio is taken within each round, between runs that lie minutes apart, and the median of the
ratios counts: a machine that is slow for a while slows both.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Results = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A contender's medians."""

    name: str
    title: str
    per_cpu_s: float  # conversations
    wall_s: float
    peak_mib: float
    ours: float | None  # our csv.gz by it, as a ratio of speed


def lines(race: Results) -> list[Line]:
    """Return a line for each contender, the fastest first."""
    found = []
    for name, title in race["titles"].items():
        mine = [one for one in race["samples"] if one["contender"] == name]
        cpu_s = statistics.median(one["cpu_s"] for one in mine)
        found.append(
            Line(
                name=name,
                title=title,
                per_cpu_s=race["conversations"] / cpu_s,
                wall_s=statistics.median(one["wall_s"] for one in mine),
                peak_mib=statistics.median(one["peak_mib"] for one in mine),
                ours=ratio(race, "csv.gz", name),
            )
        )
    return sorted(found, key=lambda line: -line.per_cpu_s)


def ratio(race: Results, fast: str, slow: str) -> float | None:
    """Return how many times faster the one is, in conversations per CPU second."""
    by_round: dict[int, dict[str, float]] = {}
    for one in race["samples"]:
        by_round.setdefault(one["round"], {})[one["contender"]] = one["cpu_s"]
    ratios = [
        each[slow] / each[fast] for each in by_round.values() if slow in each and fast in each
    ]
    return statistics.median(ratios) if ratios else None
