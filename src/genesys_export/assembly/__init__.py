"""Settings become the concrete parts of a run: once, here, for every door.

Knows every part and no behaviour. Nothing is asked or written while assembling.
"""

from __future__ import annotations

from .examining import check_up, destinations, verifiers
from .exporting import DryRun, day_of, dry_run, exporters
from .planning import policy_of

__all__ = [
    "DryRun",
    "check_up",
    "day_of",
    "destinations",
    "dry_run",
    "exporters",
    "policy_of",
    "verifiers",
]
