"""The order of conversations: positions, in few bytes for many of them.

Knows nothing of what stands there. A chain is cut, never copied: a day of ten million
conversations is one `range`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate


class Chain:
    """Sequences of positions, one after another."""

    def __init__(self, parts: Sequence[Sequence[int]]) -> None:
        """Join the parts without copying them."""
        self._parts = [part for part in parts if len(part)]
        self._ends = list(accumulate(len(part) for part in self._parts))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[int]:
        for part in self._parts:
            yield from part

    def cut(self, start: int, stop: int) -> list[int]:
        """Return the positions from start to stop, fewer at the end."""
        found: list[int] = []
        for number in range(bisect_right(self._ends, start), len(self._parts)):
            before = self._ends[number] - len(self._parts[number])
            if before >= stop:
                break
            found += self._parts[number][max(0, start - before) : stop - before]
        return found
