"""How often each unknown field came: by name while there are few, because keys may be data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from .structs import Field

OTHERS = "(others)"  # unknown fields beyond so many names
_MOST_NAMES, _LONGEST_NAME = 100, 200


def note(counts: Counter[str], unknown: Mapping[Field, int]) -> None:
    """Add to the counts by name."""
    for path, count in sorted((f"{where}.{name}", n) for (where, name), n in unknown.items()):
        name = path if len(path) <= _LONGEST_NAME else f"{path[:_LONGEST_NAME]}…"
        known = name in counts or len(counts) < _MOST_NAMES
        counts[name if known else OTHERS] += count
