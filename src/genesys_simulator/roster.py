"""Which agent takes which contact: one call, or up to four written contacts, at a time.

Knows shifts and crews. A day has four shifts, each with agents of its own, so that every agent is
free when a shift begins. Within a shift each contact goes to the agent who has been idle longest.
A crew is as large as the busiest minutes of its shift need, with some to spare.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heapreplace
from itertools import accumulate
from math import ceil, sqrt

SHIFTS = 4
VOICE, DIGITAL, LEADS = range(3)
_AT_ONCE = (1, 4, 1)
_BREATH_MS = 2_000  # between two contacts

Part = tuple[int, int, int, int]  # start and end in ms, crew, and the place it is noted at


@dataclass(frozen=True, slots=True)
class Crews:
    """How many people the crews of a shift have; they are numbered through the crews."""

    sizes: tuple[int, ...]

    @property
    def people(self) -> int:
        """How many people work in the shift."""
        return sum(self.sizes)


def crews(busy: Sequence[float]) -> Crews:
    """Size the crews for the average number of contacts at once in the busiest hour."""
    # Arrivals are even, but lengths differ. Peaks over 12 seeds stayed 10 % below this (2026-11).
    needed = [1.05 * contacts + 3.5 * sqrt(contacts) + 4 for contacts in busy]
    return Crews(tuple(ceil(n / most) for n, most in zip(needed, _AT_ONCE, strict=True)))


def assigned(parts: Iterable[Part], of: Crews, places: int) -> array[int]:
    """Return, by place, the number of the person who takes each part of a shift."""
    firsts = [0, *accumulate(of.sizes)]
    idle = [[(0, n) for n in range(size * _AT_ONCE[crew])] for crew, size in enumerate(of.sizes)]
    taken = array("I", bytes(4 * places))
    for _, end, crew, place in sorted(parts):
        chair = idle[crew][0][1]
        heapreplace(idle[crew], (end + _BREATH_MS, chair))
        taken[place] = firsts[crew] + chair % of.sizes[crew]
    return taken
