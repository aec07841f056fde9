"""The conversations of a made-up organisation, for any day, without keeping any of them.

Knows where each conversation stands: a day's conversations are spread over its minutes by a fixed
curve, each one is a copy of a template from a pool, and which one follows from the seed, the day
and its number alone. A position (day and rank by start) is all that is ever stored.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from .org import Org
from .positions import Chain
from .stories.deck import POOL, pool
from .templates import Template
from .times import DAY_MS, MINUTE_MS, Span

# How long a conversation that never ends counts as active; longer than any that ends.
HORIZON_MS = 45 * DAY_MS

_MINUTES = DAY_MS // MINUTE_MS
_RANK_BITS = 34
_RANKS = (1 << _RANK_BITS) - 1
_SLOT_BITS = 24
_MOST_PER_DAY = 1 << _SLOT_BITS
_IDENTITIES = (1 << 48) - 1
# How much each hour of the UTC day brings, in parts.
_HOURS = (2, 1, 1, 1, 1, 2, 4, 8, 14, 18, 20, 19, 17, 18, 20, 20, 18, 15, 11, 8, 6, 5, 4, 3)


@dataclass(frozen=True, slots=True)
class Generated:
    """An organisation with so many conversations begun on every UTC day."""

    seed: int
    per_day: int

    def __post_init__(self) -> None:
        """Refuse what has no place in an identity."""
        if not 0 <= self.per_day <= _MOST_PER_DAY:
            raise ValueError(f"per_day is 0 to {_MOST_PER_DAY}, not {self.per_day}")

    @property
    def org(self) -> Org:
        """The organisation they happen in."""
        return pool(self.seed)[0]

    def positions(self, begun: Span, active_ms: int) -> Chain:
        """Return those begun in the span that are still active at, or begin after, an instant."""
        from_ms = max(begun.start_ms, active_ms)
        within = self._begun_within(Span(from_ms, max(from_ms, begun.end_ms)))
        return Chain([self._begun_before(begun.start_ms, active_ms), *within])

    def render(self, positions: Sequence[int], *, attributes: bool) -> list[bytes]:
        """Write the conversations at these positions."""
        templates = pool(self.seed)[1]
        written = []
        for position in positions:
            day, minute, slot = self._place(position)
            written.append(
                templates[_number(self.seed, day, slot)].copy(
                    day * _MINUTES + minute, self._identity(day, slot), attributes=attributes
                )
            )
        return written

    def kind(self, position: int) -> int:
        """Return a number shared by conversations that differ in times and ids only."""
        day, _, slot = self._place(position)
        return _number(self.seed, day, slot)

    def _begun_within(self, span: Span) -> Iterator[range]:
        for day in range(span.start_ms // DAY_MS, -(-span.end_ms // DAY_MS)):
            first = self._rank(day, max(0, span.start_ms - day * DAY_MS))
            last = self._rank(day, min(DAY_MS, span.end_ms - day * DAY_MS))
            base = day << _RANK_BITS
            yield range(base + first, base + last)

    def _begun_before(self, first_ms: int, active_ms: int) -> array[int]:
        """Return those begun from `first_ms` to before `active_ms` that last that long."""
        slots: list[tuple[int, int]] = []
        for number, template in enumerate(pool(self.seed)[1]):
            life_ms = HORIZON_MS if template.life_ms is None else template.life_ms
            since = Span(max(first_ms, active_ms - life_ms), active_ms)
            if since.start_ms < active_ms:
                slots += self._copies(number, template, since)
        # Minute by minute, so that each minute's order is made once.
        return array("Q", sorted(self._position(day, slot) for day, slot in sorted(slots)))

    def _copies(self, number: int, template: Template, begun: Span) -> Iterator[tuple[int, int]]:
        """Yield the days and slots of a template's copies that begin in the span."""
        first = -((template.start_ms - begun.start_ms) // MINUTE_MS)
        stop = -((template.start_ms - begun.end_ms) // MINUTE_MS)
        starts = _starts(self.per_day)
        for day in range(first // _MINUTES, -(-stop // _MINUTES)):
            low = starts[max(0, first - day * _MINUTES)]
            high = starts[min(_MINUTES, stop - day * _MINUTES)]
            back = pow(_stride(self.seed, day), -1, POOL)
            for block in range(low // POOL, -(-high // POOL)):
                shift = _shift(self.seed, day, block)
                slot = block * POOL + (number - shift) * back % POOL
                if low <= slot < high:
                    yield day, slot

    def _position(self, day: int, slot: int) -> int:
        """Return where a slot stands: a day's positions are in order of start, its slots not."""
        starts = _starts(self.per_day)
        minute = bisect_right(starts, slot) - 1
        return (day << _RANK_BITS) + starts[minute] + _order(self, day, minute).index(slot)

    def _rank(self, day: int, into_ms: int) -> int:
        """Return how many of the day's conversations begin before so many ms into it."""
        minute, rest_ms = divmod(into_ms, MINUTE_MS)
        starts = _starts(self.per_day)
        if not rest_ms:
            return starts[minute]
        templates = pool(self.seed)[1]
        order = _order(self, day, minute)
        return starts[minute] + bisect_left(
            order, rest_ms, key=lambda slot: templates[_number(self.seed, day, slot)].start_ms
        )

    def _place(self, position: int) -> tuple[int, int, int]:
        """Return the day, its minute, and the slot of a position."""
        day, rank = position >> _RANK_BITS, position & _RANKS
        starts = _starts(self.per_day)
        minute = bisect_right(starts, rank) - 1
        return day, minute, _order(self, day, minute)[rank - starts[minute]]

    def _identity(self, day: int, slot: int) -> int:
        """Return 48 bits that no other slot of any day has in this world: a bijection."""
        mixed = (((day << _SLOT_BITS) + slot) * 0x5DEECE66D + self.seed * 0x9E3779B9) & _IDENTITIES
        return ((mixed ^ mixed >> 23) * 0x2545F4914F6CDD1D) & _IDENTITIES


def _number(seed: int, day: int, slot: int) -> int:
    """Return the template of a slot: every block of POOL slots is a shuffle of the pool."""
    return (slot * _stride(seed, day) + _shift(seed, day, slot // POOL)) % POOL


def _stride(seed: int, day: int) -> int:
    return (day * 2_654_435_761 + seed * 40_503) % POOL | 1


def _shift(seed: int, day: int, block: int) -> int:
    return ((block * 31 + day * 7_919 + seed) * 0x9E3779B97F4A7C15 >> 29) % POOL


@lru_cache(maxsize=64)
def _starts(per_day: int) -> tuple[int, ...]:
    """Return how many conversations begin before each minute of a day, and in all of it."""
    upto = list(accumulate((_HOURS[minute // 60] for minute in range(_MINUTES)), initial=0))
    return tuple(per_day * parts // upto[-1] for parts in upto)


@lru_cache(maxsize=256)
def _order(world: Generated, day: int, minute: int) -> tuple[int, ...]:
    """Return the slots of a minute in the order in which they begin."""
    starts = _starts(world.per_day)
    slots = range(starts[minute], starts[minute + 1])
    # The pool stands in order of the second at which its templates begin.
    return tuple(sorted(slots, key=lambda slot: _number(world.seed, day, slot)))
