"""How pinned attributes are written: a list of keys, each of which can have a column."""

from __future__ import annotations

from ..datasets import DEFAULT, Additions, dataset_named
from . import values


def pins(given: object) -> tuple[str, ...]:
    """Read a list of attribute keys as they are; raises ValueError where columns collide."""
    keys = tuple(key for key in values.exact_words(given) if key)
    dataset_named(DEFAULT, Additions(pin_attributes=keys))
    return keys
