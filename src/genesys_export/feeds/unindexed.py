"""What a feed promises of indexes where none of its readings has one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Unindexed:
    """The part of a model.Feed that is about indexes."""

    __slots__ = ()

    def spell(self, key: bytes) -> str:
        """Return the key in hexadecimal: there is no index."""
        return key.hex()

    def identifies_alike(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        """Return True: there is no index to compare."""
        del old, new
        return True
