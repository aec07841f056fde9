"""What begins with the process and ends with it: before anything heavy is imported."""

from __future__ import annotations

import gc
import os
import sys

# Python looks for cycles every 700 new objects, and finds hardly any here: 6 % of a run's CPU.
_NEW_OBJECTS = 50_000
# Arrow's own pool keeps 40 MiB more than the system's.
_POOL = ("ARROW_DEFAULT_MEMORY_POOL", "system")


def set_up() -> None:
    """Set how this process cares for its memory, unless its environment says otherwise."""
    gc.set_threshold(_NEW_OBJECTS)
    os.environ.setdefault(*_POOL)


def wind_up() -> None:
    """Let Python end without looking for cycles in all that was ever imported.

    The system takes the memory back; it is a sixth of what an empty day costs. Not where DuckDB is
    in use (the demo): its bindings complain on stderr of what is not collected.
    """
    if "duckdb" not in sys.modules:
        gc.freeze()
