"""Which days of a range are read: all of them, or a random sample by share or by size.

Pure but for the random numbers that are handed in. Whole days are drawn, because most of what
`verify` checks holds within a day; a sample has at least the size that was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from ...days import Day

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?) ?%", re.ASCII)
_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?) ?([kMGT])?B", re.ASCII | re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


@dataclass(frozen=True, slots=True)
class Sample:
    """How much is read: a share of all bytes, or a number of them."""

    share: Fraction | None = None
    size_bytes: int = 0

    def wanted(self, total_bytes: int) -> Fraction:
        """Return how many bytes of the total that is."""
        return Fraction(self.size_bytes) if self.share is None else self.share * total_bytes


def parse(text: str) -> Sample:
    """Read `5%` or `500MB`; raises ValueError for anything else, and for none or too much."""
    if found := _PERCENT.fullmatch(text.strip()):
        share = Fraction(found[1]) / 100
        if not 0 < share <= 1:
            raise ValueError(text)
        return Sample(share=share)
    if found := _SIZE.fullmatch(text.strip()):
        size_bytes = int(Fraction(found[1]) * _UNITS[(found[2] or "").lower()])
        if size_bytes > 0:
            return Sample(size_bytes=size_bytes)
    raise ValueError(text)


def draw(sizes: Mapping[Day, int], sample: Sample, rng: Random) -> frozenset[Day]:
    """Return days drawn at random, until they have the size that was asked for; one at least."""
    wanted, drawn, total = sample.wanted(sum(sizes.values())), set[Day](), 0
    days = list(sizes)
    rng.shuffle(days)
    for day in days:
        if drawn and total >= wanted:
            break
        drawn.add(day)
        total += sizes[day]
    return frozenset(drawn)
