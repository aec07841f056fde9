"""Large days: whether memory stays flat, and CPU per conversation.

Ours alone, to the same server. The pages are of the usual size; the budget of requests is lifted,
since CPU and memory are looked at, not the wait. Start-up is what an empty day costs.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from .bucket import bucket
from .contenders import UNBOUND, Course, Lane, ours
from .expected import Expected
from .genesys import genesys
from .processes import Failed, Run, measured

_LONGEST_S = 6 * 3600.0


def scale(home: Path, *, sizes: Sequence[int], slices: Sequence[int], form: str) -> dict[str, Any]:
    """Run one export for every size and number of slices; raises Failed."""
    runs = []
    with bucket(home / "s3") as server:
        for size in (0, *sizes):
            with ExitStack() as closing:
                source = closing.enter_context(genesys(size))
                nothing = Expected(conversations=size, json_bytes=0, rows={})
                course = Course(genesys=source, bucket=server, scratch=home, expected=nothing)
                for count in slices:
                    lane = Lane(course=course, prefix="scale", folder=home / f"{size}-{count}")
                    run = export(lane, form, f"--slices={count}")
                    report = read_report(lane)
                    check(report, size)
                    runs.append(_told(run, report, size, count))
                    server.clear("scale/")
    return {"format": form, "cores": os.cpu_count(), "runs": runs}


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


def _told(run: Run, report: dict[str, Any], size: int, slices: int) -> dict[str, Any]:
    totals = report["totals"]
    found = {
        "conversations": size,
        "slices": slices,
        "cpu_s": run.cost.cpu_s,
        "wall_s": run.cost.wall_s,
        "peak_mib": run.cost.peak_mib,
        "received_bytes": totals["received_bytes"],
        "uploaded_bytes": totals["uploaded_bytes"],
        "requests": totals["requests"],
    }
    sys.stderr.write(f"{json.dumps(found)}\n")
    return found
