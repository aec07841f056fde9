"""Two organisations over some weeks, in each way that the program has to export them.

Their request budgets bind: a rate limit of 60 a minute, counted for each client. Every way must
publish the same files.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from genesys_simulator import Options, Simulator, World, serve

from .contenders import OURS
from .processes import Failed, measured

LIMIT, PER_DAY, DAYS, DAYS_AT_ONCE = 60, 40, 24, 8
ORGS = {"apac": 21, "emea": 22}  # name: the seed of its world
_LAST = date(2025, 11, 20)
_LONGEST_S = 1_800.0
_NEEDS_DASK = "distributed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Commands that export every day of every organisation together."""

    title: str
    commands: Callable[[Sequence[date]], list[list[str]]]
    at_once: int = 1  # commands
    needs: str = ""  # a package
    environment: Mapping[str, str] = field(default_factory=dict)


def _range(days: Sequence[date], *more: str) -> list[str]:
    return ["backfill", f"--start={days[0]}", f"--end={days[-1]}", *more]


def _each_day(days: Sequence[date]) -> list[list[str]]:
    return [["run", f"--date={day}", f"--org={org}"] for day in days for org in ORGS]


WAYS = (
    Way(title="`backfill`, one process", commands=lambda days: [_range(days)]),
    Way(
        title="two processes, `--org` each",
        commands=lambda days: [_range(days, f"--org={org}") for org in ORGS],
        at_once=2,
    ),
    Way(
        title="`--cluster local:2`, an organisation on each worker",
        commands=lambda days: [_range(days, "--cluster=local:2")],
        needs=_NEEDS_DASK,
    ),
    Way(
        title="`--cluster local:2`, `workers_per_org = 2`",
        commands=lambda days: [_range(days, "--cluster=local:2")],
        needs=_NEEDS_DASK,
        environment={"GENESYS_EXPORT_CLUSTER__WORKERS_PER_ORG": "2"},
    ),
    Way(
        title=f"a process `run --date` for each day, {DAYS_AT_ONCE} at once",
        commands=_each_day,
        at_once=DAYS_AT_ONCE,
    ),
)


def ways(home: Path, *, days: int = DAYS, only: Sequence[Way] = WAYS) -> dict[str, Any]:
    """Export the days in every way; raises Failed, also where files differ."""
    dates = [_LAST - timedelta(n) for n in reversed(range(days))]
    there = [one for one in only if not one.needs or find_spec(one.needs)]
    runs, files = list[dict[str, Any]](), list[dict[str, str]]()
    for number, way in enumerate(there):
        folder = home / f"way{number}"
        runs.append(_run(way, folder, dates))
        files.append(_files(folder / "lake"))
        if files[-1] != files[0]:
            raise Failed(f"{way.title}: other files than {there[0].title} published")
    if len(files[0]) < days * len(ORGS):
        raise Failed(f"{len(files[0])} files for {days} days")
    return {
        "orgs": len(ORGS),
        "days": days,
        "per_day": PER_DAY,
        "limit": LIMIT,
        "at_once": DAYS_AT_ONCE,
        "runs": runs,
        "absent": [one.title for one in only if one not in there],
    }


def _run(way: Way, folder: Path, days: Sequence[date]) -> dict[str, Any]:
    with ExitStack() as stack:
        orgs = {
            name: stack.enter_context(
                serve(World.generated(seed=seed, per_day=PER_DAY), _options(seed))
            )
            for name, seed in ORGS.items()
        }
        folder.mkdir(parents=True)
        (folder / "genesys-export.toml").write_text(_settings(folder / "lake", orgs))
        began = time.monotonic()
        with ThreadPoolExecutor(way.at_once) as pool:
            done = [
                pool.submit(_command, words, way, folder, f"{number}")
                for number, words in enumerate(way.commands(days))
            ]
            costs = [one.result() for one in done]
        told = {
            "title": way.title,
            "wall_s": time.monotonic() - began,
            "cpu_s": sum(cpu_s for cpu_s, _ in costs),
            "throttled": sum(throttled for _, throttled in costs),
            "signed_in": sum(len(org.asked("token")) for org in orgs.values()),
            "requests": sum(len(org.requests) for org in orgs.values()),
        }
    sys.stderr.write(f"{json.dumps(told)}\n")
    return told


def _options(number: int) -> Options:
    """Return an organisation with an OAuth client of its own, whose requests are counted."""
    client_id = f"00000000-0000-4000-8000-{number:012}"
    return Options(client_id=client_id, requests_per_minute=LIMIT, limit_by="client")


def _command(words: list[str], way: Way, folder: Path, name: str) -> tuple[float, int]:
    """Run a command; return its CPU seconds, and how many of its requests were answered 429."""
    report = folder / f"{name}.json"
    command = [OURS, *words, f"--config={folder / 'genesys-export.toml'}", f"--report={report}"]
    run = measured(command, way.environment, folder / name, longest_s=_LONGEST_S)
    return run.cost.cpu_s, json.loads(report.read_text())["totals"]["throttled"]


def _settings(lake: Path, orgs: Mapping[str, Simulator]) -> str:
    lines = ["[destination]", f'to = "{lake}"', "[backfill]", f"days_at_once = {DAYS_AT_ONCE}"]
    lines += ["[genesys]", f"requests_per_minute = {LIMIT}", 'poll_first = "1s"']
    for name, org in orgs.items():
        lines += [f"[orgs.{name}]", f'base_url = "{org.base_url}"']
        lines += [f'client_id = "{org.client_id}"', f'client_secret = "{org.client_secret}"']
    return "\n".join(lines) + "\n"


def _files(lake: Path) -> dict[str, str]:
    """Return every published file with its hash."""
    made = [json.loads(path.read_text()) for path in lake.rglob("manifest.json")]
    return {
        file["key"]: file["sha256"]
        for one in made
        for files in one["tables"].values()
        for file in files
    }
