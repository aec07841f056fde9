"""Large days: whether memory stays flat, and CPU per conversation.

Ours alone, to the same server. The pages are of the usual size; the budget of requests is lifted,
since CPU and memory are looked at, not the wait. Start-up is what an empty day costs.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .bucket import bucket
from .contenders import UNBOUND, Course, Lane, ours
from .expected import Expected
from .genesys import genesys
from .processes import Failed, Run, measured

_LONGEST_S = 6 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Large:
    """A day: how many conversations, in how many slices, how many of these under way at once."""

    conversations: int
    slices: int
    at_once: int

    @classmethod
    def read(cls, text: str) -> Large:
        """Read `4000000/16/1`."""
        conversations, slices, at_once = map(int, text.split("/"))
        return cls(conversations=conversations, slices=slices, at_once=at_once)


DAYS = ("100000/1/1", "1000000/1/1", "1000000/16/1", "4000000/16/1")


def scale(home: Path, *, days: Sequence[Large], kept: Sequence[Any] = ()) -> dict[str, Any]:
    """Run one export for every day, and for an empty one; keeps earlier runs of other days."""
    empty = {day: Large(conversations=0, slices=day.slices, at_once=day.at_once) for day in days}
    runs = []
    with bucket(home / "s3") as server:
        for day in (*dict.fromkeys(empty.values()), *days):
            with genesys(day.conversations) as source:
                nothing = Expected(conversations=day.conversations, json_bytes=0, rows={})
                course = Course(genesys=source, bucket=server, scratch=home, expected=nothing)
                folder = home / f"{day.conversations}-{day.slices}-{day.at_once}"
                lane = Lane(course=course, prefix="scale", folder=folder)
                at_once = {"GENESYS_EXPORT_EXPORT__SLICES_AT_ONCE": str(day.at_once)}
                run = export(lane, "csv.gz", f"--slices={day.slices}", **at_once)
                report = read_report(lane)
                check(report, day.conversations)
                runs.append(_told(run, report, day))
                server.clear("scale/")
    ran = [_day_of(run) for run in runs]
    runs += [run for run in kept if _day_of(run) not in ran]
    runs.sort(key=lambda run: (run["slices"], run["at_once"], run["conversations"]))
    return {"format": "csv.gz", "cores": os.cpu_count(), "runs": runs}


def _day_of(run: Any) -> tuple[int, ...]:
    return (run["conversations"], run["slices"], run["at_once"])


def export(lane: Lane, form: str, *more: str, **variables: str) -> Run:
    """Run our command in a lane, with what else is to stand in its environment."""
    course = lane.course
    told = {**course.genesys.environment, **course.bucket.environment, **UNBOUND, **variables}
    return measured(ours(lane, form, *more), told, lane.folder, longest_s=_LONGEST_S)


def read_report(lane: Lane) -> dict[str, Any]:
    """Return the run report."""
    read: dict[str, Any] = json.loads((lane.folder / "report.json").read_text())
    return read


def check(report: dict[str, Any], size: int) -> None:
    """Raise Failed unless every conversation was exported."""
    [day] = report["days"]
    if day["counts"]["exported"] != size:
        raise Failed(f"{day['counts']['exported']} of {size} conversations were exported")


def _told(run: Run, report: dict[str, Any], day: Large) -> dict[str, Any]:
    totals = report["totals"]
    found = {
        **asdict(day),
        "cpu_s": run.cost.cpu_s,
        "wall_s": run.cost.wall_s,
        "peak_mib": run.cost.peak_mib,
        "received_bytes": totals["received_bytes"],
        "uploaded_bytes": totals["uploaded_bytes"],
        "requests": totals["requests"],
    }
    sys.stderr.write(f"{json.dumps(found)}\n")
    return found
