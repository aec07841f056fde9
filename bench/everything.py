"""One day of every dataset: requests, CPU and memory of each alone, and of all in one run.

Ours alone, to the same server, of the newest day, since a snapshot of an older one can't be taken.
The budget of requests is lifted: how long the requests take at Genesys's limit is computed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from genesys_export.datasets import known

from .bucket import bucket
from .contenders import OURS, UNBOUND, Course, Lane
from .expected import Expected
from .genesys import genesys
from .processes import Failed, measured
from .scale import read_report

_LONGEST_S = 3600.0
ALL = "all in one run"


def everything(home: Path, *, conversations: int) -> dict[str, Any]:
    """Export yesterday of a simulated organisation: each dataset by itself, then all together."""
    names = known()
    with bucket(home / "s3") as server, genesys(conversations) as source:
        nothing = Expected(conversations=conversations, json_bytes=0, rows={})
        course = Course(genesys=source, bucket=server, scratch=home, expected=nothing)
        lanes = {name: Lane(course=course, prefix=name, folder=home / name) for name in names}
        runs = {name: _run(lane, [name]) for name, lane in lanes.items()}
        every = Lane(course=course, prefix="all", folder=home / "all")
        return {"conversations": conversations, "runs": {**runs, ALL: _run(every, names)}}


def _run(lane: Lane, names: Sequence[str]) -> dict[str, Any]:
    course = lane.course
    told = {**course.genesys.environment, **course.bucket.environment, **UNBOUND}
    run = measured(_command(lane, names), told, lane.folder, longest_s=_LONGEST_S)
    report = read_report(lane)
    if [day["dataset"] for day in report["days"]] != list(names):
        raise Failed(f"{', '.join(names)}: {report['days']}")
    found = {
        "requests": report["totals"]["requests"],
        "records": sum(day["counts"]["exported"] for day in report["days"]),
        "cpu_s": run.cost.cpu_s,
        "wall_s": run.cost.wall_s,
        "peak_mib": run.cost.peak_mib,
        "uploaded_bytes": report["totals"]["uploaded_bytes"],
    }
    sys.stderr.write(f"{', '.join(names)}: {json.dumps(found)}\n")
    return found


def _command(lane: Lane, names: Sequence[str]) -> list[str]:
    yesterday = datetime.now(UTC).date() - timedelta(1)
    return [
        OURS,
        "run",
        f"--date={yesterday}",
        f"--to=s3://{lane.course.bucket.environment['BENCH_BUCKET']}/{lane.prefix}",
        f"--dataset={','.join(names)}",
        f"--report={lane.folder / 'report.json'}",
        "--quiet",
    ]
