"""What the samples say: medians, ratios of one round, and the targets of issue 5.

A ratio is taken within each round, between runs that lie minutes apart, and the median of the
ratios counts: a machine that is slow for a while slows both.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Results = Mapping[str, Any]
_MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A contender's medians."""

    name: str
    title: str
    per_cpu_s: float  # conversations
    wall_s: float
    peak_mib: float
    ours: float | None  # our csv.gz by it, as a ratio of speed


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A figure that was wanted, and the one that was found."""

    number: str
    text: str
    wanted: str
    found: str
    verdict: str


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


def targets(results: Results) -> list[Target]:
    """Return those whose figures were measured."""
    found: list[Target] = []
    if "race" in results:
        found += _race_targets(results["race"])
    if "scale" in results:
        found += _scale_targets(results["scale"]["runs"])
    if "startup" in results:
        found += _startup_targets(results["startup"])
    if "latency" in results:
        found += _latency_targets(results["latency"])
    return found


def _race_targets(race: Results) -> list[Target]:
    rows = (
        ("1", "csv.gz against the usual script", ("script",), (2.5, 4, 6)),
        (
            "1",
            "csv.gz against the script with fifteen tables, the faster of the two",
            ("script-loops", "script-normalize"),
            (15, 25, 50),
        ),
        (
            "1",
            "csv.gz against dlt, the fastest of its formats",
            ("dlt-jsonl", "dlt-csv", "dlt-parquet"),
            (6, 8, 15),
        ),
    )
    found = []
    for number, text, names, wanted in rows:
        ratios = [each for name in names if (each := ratio(race, "csv.gz", name)) is not None]
        if ratios:
            found.append(_at_least(number, text, min(ratios), wanted))
    for text, form, least in (
        ("parquet against csv.gz", "parquet", (1.0,)),
        ("jsonl.gz against csv.gz", "jsonl.gz", (3.0,)),
    ):
        if (each := ratio(race, form, "csv.gz")) is not None:
            found.append(_at_least("2", text, each, least))
    for form, most in (("csv.gz", (7, 4)), ("jsonl.gz", (2, 1.5, 1.2))):
        if (each := ratio(race, f"limit-{form}", form)) is not None:
            found.append(_at_most("3", f"{form} against its limit", each, most))
    return found


def _scale_targets(runs: Sequence[Results]) -> list[Target]:
    found = []
    for slices, at_once in sorted({(run["slices"], run["at_once"]) for run in runs}):
        mine = {
            run["conversations"]: run
            for run in runs
            if (run["slices"], run["at_once"]) == (slices, at_once)
        }
        sizes = sorted(size for size in mine if size)
        peaks = ", ".join(f"{size:,}: {mine[size]['peak_mib']:.0f}" for size in sizes)
        worst = max(mine[size]["peak_mib"] for size in sizes)
        told = f"{slices} slice(s), {at_once} at once"
        text = f"peak memory by conversations, {told}"
        # The target counts in MB of a million bytes.
        megabytes = worst * _MIB / 1e6
        verdict = "met" if megabytes <= 300 else "missed"
        found.append(
            Target(number="4", text=text, wanted="≤ 300 MB", found=f"{peaks} MiB", verdict=verdict)
        )
        if len(sizes) > 1 and 0 in mine:
            begin = mine[0]["cpu_s"]
            small, large = ((mine[s]["cpu_s"] - begin) / s for s in (sizes[0], sizes[-1]))
            text = f"CPU per conversation, {sizes[-1]:,} against {sizes[0]:,}, {told}"
            more = f"{(large / small - 1) * 100:+.1f} %"
            verdict = "met" if large <= small * 1.05 else "missed"
            found.append(
                Target(number="5", text=text, wanted="≤ +5 %", found=more, verdict=verdict)
            )
    return found


def _startup_targets(startup: Results) -> list[Target]:
    rows = (
        ("`--help`", "help_s", 0.3),
        ("first request to Genesys, into a folder", "request_folder_s", 0.8),
        ("first request to Genesys, into a bucket", "request_s3_s", 0.8),
    )
    return [
        Target(
            number="6",
            text=text,
            wanted=f"< {most} s",
            found=f"{startup[key]:.2f} s",
            verdict="met" if startup[key] < most else "missed",
        )
        for text, key, most in rows
    ]


def _latency_targets(latency: Results) -> list[Target]:
    return [
        Target(
            number="7",
            text=f"{one['name']}: {one['pages']} pages in {one['slices']} slices,"
            f" limit taken for {one['believed']}",
            wanted="≤ 1.1 × the bound" + (", no 429" if one["believed"] <= 300 else ""),
            found=f"{one['wall_s']:.0f} s, {one['ratio']:.2f} ×, {one['throttled']} × 429",
            verdict="met"
            if one["ratio"] <= 1.1 and (one["believed"] > 300 or not one["throttled"])
            else "missed",
        )
        for one in latency["trials"]
    ]


def _at_least(number: str, text: str, found: float, wanted: Sequence[float]) -> Target:
    names = ("floor", "goal", "stretch") if len(wanted) == 3 else ("met",)
    reached = [name for name, least in zip(names, wanted, strict=True) if found >= least]
    return Target(
        number=number, text=text, verdict=_verdict(reached), **_ratios("≥", wanted, found)
    )


def _at_most(number: str, text: str, found: float, wanted: Sequence[float]) -> Target:
    names = ("ruling C21", "goal", "stretch") if len(wanted) == 3 else ("met", "stretch")
    reached = [name for name, most in zip(names, wanted, strict=True) if found <= most]
    return Target(
        number=number, text=text, verdict=_verdict(reached), **_ratios("≤", wanted, found)
    )


def _ratios(sign: str, wanted: Sequence[float], found: float) -> dict[str, str]:
    """Write what was wanted and what was found, as ratios."""
    marks = " / ".join(f"{each:g}" for each in wanted)
    return {"wanted": f"{sign} {marks} ×", "found": f"{found:.2f} ×"}


def _verdict(reached: Sequence[str]) -> str:
    if not reached:
        return "missed"
    return "met" if reached[-1] == "met" else f"met ({reached[-1]})"
