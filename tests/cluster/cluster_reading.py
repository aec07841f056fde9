"""What a run on a cluster left behind: its report, and the claims at the destination."""

from __future__ import annotations

import json
from pathlib import Path

RANGE = ("--start", "2025-11-11", "--end", "2025-11-20")


def days_of(process_report: Path) -> dict[tuple[str, str], str]:
    """Return how each day of each organisation ended, as the run report says."""
    told = json.loads(process_report.read_bytes())["days"]
    return {(one["org"], one["day"]): one.get("outcome", "failed") for one in told}


def held(lake: Path) -> list[str]:
    """Return the claims in a folder that somebody still holds."""
    return [
        str(path)
        for path in lake.rglob("claim.json")
        if not json.loads(path.read_bytes()).get("released")
    ]
