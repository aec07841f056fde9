"""What becomes of personal data between shaping and writing: decided here, applied column-wise.

`rules` decides (pure, imports no Arrow, so that settings can ask it); `values` does it to batches.
"""

from .rules import (
    LEAST_KEY,
    Action,
    AttributeRule,
    Rules,
    Wishes,
    faults,
    resolve,
)

__all__ = [
    "LEAST_KEY",
    "Action",
    "AttributeRule",
    "Rules",
    "Wishes",
    "faults",
    "resolve",
]
