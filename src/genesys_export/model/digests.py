"""How digests of records make up that of a slice, and of a day: in whatever order they come."""

from __future__ import annotations

from collections.abc import Iterable

_MODULUS = 1 << 256


def sum_digests(digests: Iterable[int], start: int = 0) -> int:
    """Return the digest of all that have these, and of those that come to `start`."""
    return sum(digests, start) % _MODULUS
