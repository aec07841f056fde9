"""The conversations of a made-up organisation, for any day, without keeping any of them.

Knows where each conversation stands: a day's conversations are spread over its minutes by a fixed
curve, each one is a copy of a template from a pool, and which one follows from the seed, the day
and its number alone. A position (day and rank by start) is all that is ever stored. Who takes a
conversation is assigned shift by shift; the last few shifts that were asked for are kept.

Above 100,000 conversations a day, neighbours are twins: copies of the same template, each with
agents of its own, so that assigning a shift never takes longer than on a day of that size.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from . import customers, queues
from .org import LEADS, Org, founded, user_id, working
from .positions import Chain
from .roster import SHIFTS, Crews, Part, assigned, crews
from .stories.deck import POOL, most_seats, pool
from .templates import Template
from .times import DAY_MS, HOUR_MS, MINUTE_MS, Span

# How long a conversation that never ends counts as active; longer than any that ends.
HORIZON_MS = 45 * DAY_MS

_MINUTES = DAY_MS // MINUTE_MS
_RANK_BITS = 34
_RANKS = (1 << _RANK_BITS) - 1
_SLOT_BITS = 24
_MOST_PER_DAY = 1 << _SLOT_BITS
_IDENTITIES = (1 << 48) - 1
_MOST_APART = 100_000  # conversations a day without twins
_SHIFT_MINUTES = _MINUTES // SHIFTS
Place = tuple[int, int, int]  # day, its minute, slot
_RETURNING_PERCENT = 7  # of conversations are with somebody who was there before
_RETURN_MINUTES = 60  # at the earliest after that
# How much each hour of the UTC day brings, in parts.
_HOURS = (2, 1, 1, 1, 1, 2, 4, 8, 14, 18, 20, 19, 17, 18, 20, 20, 18, 15, 11, 8, 6, 5, 4, 3)


@dataclass(frozen=True, slots=True)
class Generated:
    """An organisation with this many conversations beginning on every UTC day."""

    seed: int
    per_day: int

    def __post_init__(self) -> None:
        """Refuse what has no place in an identity."""
        if not 0 <= self.per_day <= _MOST_PER_DAY:
            raise ValueError(f"per_day is 0 to {_MOST_PER_DAY}, not {self.per_day}")

    @property
    def org(self) -> Org:
        """The organisation they happen in."""
        agents = sum(crew.people for crew in _crews(self.seed, self.per_day))
        return founded(self.seed, agents=agents * self.twins)

    @property
    def twins(self) -> int:
        """How many conversations are told by equal templates in the same minute."""
        return -(-self.per_day // _MOST_APART) or 1

    def positions(self, begun: Span, active_ms: int) -> Chain:
        """Return those begun in the span that are still active at, or begin after, an instant."""
        from_ms = max(begun.start_ms, active_ms)
        within = self._begun_within(Span(from_ms, max(from_ms, begun.end_ms)))
        return Chain([self._begun_before(begun.start_ms, active_ms), *within])

    def render(self, positions: Sequence[int], *, attributes: bool) -> list[bytes]:
        """Write the conversations at these positions."""
        templates = pool(self.seed)
        written = []
        for position in positions:
            day, minute, slot = self._place(position)
            template = templates[_number(self, day, slot)]
            values = self._values((day, minute, slot), len(template.seats))
            pattern = template.full if attributes else template.bare
            identity = self._identity(day, slot)
            written.append(pattern.copy(day * _MINUTES + minute, identity, values))
        return written

    def copies(self, kind: int, begun: Span) -> Iterator[Place]:
        """Yield where the copies of a template stand that begin in the span."""
        starts = _starts(self.per_day)
        for day, slot in self._copies(kind, pool(self.seed)[kind], begun):
            yield day, bisect_right(starts, slot) - 1, slot

    def values(self, kind: int, place: Place) -> Sequence[bytes]:
        """Return the values that a copy has in place of its template's marks."""
        return self._values(place, len(pool(self.seed)[kind].seats))

    def _values(self, place: Place, seats: int) -> list[bytes]:
        day, minute, slot = place
        identity = self._identity(day, slot)
        values = [*self._agents(day, slot, seats)] if seats else []
        values += customers.written(self._customer(day, minute, identity))
        values += queues.chosen(self.seed)[(identity >> 20) % queues.ROWS]
        return values

    def kind(self, position: int) -> int:
        """Return a number shared by all copies of a template."""
        day, _, slot = self._place(position)
        return _number(self, day, slot)

    def shifts(self) -> Mapping[str, Span]:
        """Return at which hours of every UTC day each agent works, in ms from its midnight."""
        return _hours(self)

    def _begun_within(self, span: Span) -> Iterator[range]:
        for day in range(span.start_ms // DAY_MS, -(-span.end_ms // DAY_MS)):
            first = self._rank(day, max(0, span.start_ms - day * DAY_MS))
            last = self._rank(day, min(DAY_MS, span.end_ms - day * DAY_MS))
            base = day << _RANK_BITS
            yield range(base + first, base + last)

    def _begun_before(self, first_ms: int, active_ms: int) -> array[int]:
        """Return those begun from `first_ms` to before `active_ms` that last that long."""
        slots: list[tuple[int, int]] = []
        for number, template in enumerate(pool(self.seed)):
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
        starts, twins = _starts(self.per_day), self.twins
        for day in range(first // _MINUTES, -(-stop // _MINUTES)):
            low = starts[max(0, first - day * _MINUTES)]
            high = starts[min(_MINUTES, stop - day * _MINUTES)]
            back = pow(_stride(self.seed, day), -1, POOL)
            for block in range(low // twins // POOL, -(-high // (twins * POOL))):
                shift = _shift(self.seed, day, block)
                group = block * POOL + (number - shift) * back % POOL
                for slot in range(max(low, group * twins), min(high, (group + 1) * twins)):
                    yield day, slot

    def _position(self, day: int, slot: int) -> int:
        """Return a slot's position: a day's positions are in order of start, its slots not."""
        starts = _starts(self.per_day)
        minute = bisect_right(starts, slot) - 1
        return (day << _RANK_BITS) + starts[minute] + _order(self, day, minute).index(slot)

    def _rank(self, day: int, into_ms: int) -> int:
        """Return how many of the day's conversations begin before so many ms into it."""
        minute, rest_ms = divmod(into_ms, MINUTE_MS)
        starts = _starts(self.per_day)
        if not rest_ms:
            return starts[minute]
        templates = pool(self.seed)
        order = _order(self, day, minute)
        return starts[minute] + bisect_left(
            order, rest_ms, key=lambda slot: templates[_number(self, day, slot)].start_ms
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

    def _customer(self, day: int, minute: int, identity: int) -> int:
        """Return whose conversation it is: mostly a new caller, sometimes an earlier slot's."""
        if identity % 100 >= _RETURNING_PERCENT:
            return identity
        before = _starts(self.per_day)[max(0, minute - _RETURN_MINUTES)]
        if not before:
            day, before = day - 1, self.per_day
        return self._identity(day, identity // 100 % before)

    def _agents(self, day: int, slot: int, seats: int) -> Iterator[bytes]:
        """Yield the ids of those who take the seats of a conversation."""
        group, twin = divmod(slot, self.twins)
        first = bisect_right(_shifts(self), group) - 1
        first_group = _shifts(self)[first]
        taken = _taken(self, day, first)
        staff = _crews(self.seed, self.per_day)
        before = sum(crew.people for crew in staff[:first])
        before += twin * sum(crew.people for crew in staff)
        place = (group - first_group) * most_seats(self.seed)
        for person in taken[place : place + seats]:
            yield _agent(self.seed, before + person)


def _number(world: Generated, day: int, slot: int) -> int:
    """Return the template of a slot: every block of POOL slots is a shuffle of the pool.

    Twins stand side by side and have the same one.
    """
    seed, group = world.seed, slot // world.twins
    return (group * _stride(seed, day) + _shift(seed, day, group // POOL)) % POOL


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
    return tuple(sorted(slots, key=lambda slot: _number(world, day, slot)))


@lru_cache(maxsize=64)
def _shifts(world: Generated) -> tuple[int, ...]:
    """Return the first group of twins of every shift, and the end of the last."""
    starts = _starts(world.per_day)
    return tuple(
        -(-starts[minute] // world.twins) for minute in range(0, _MINUTES + 1, _SHIFT_MINUTES)
    )


@lru_cache(maxsize=64)
def _crews(seed: int, per_day: int) -> tuple[Crews, ...]:
    """Return the crews of each shift: enough for its busiest hour."""
    groups = min(per_day, _MOST_APART)
    busy_ms = [0, 0, 0]
    for template in pool(seed):
        for seat in template.seats:
            busy_ms[seat.crew] += seat.end_ms - seat.start_ms
    hours = 24 // SHIFTS
    peaks = [max(_HOURS[first : first + hours]) for first in range(0, 24, hours)]
    per_ms = [groups * peak / sum(_HOURS) / HOUR_MS / POOL for peak in peaks]
    return tuple(crews([busy * rate for busy in busy_ms]) for rate in per_ms)


@lru_cache(maxsize=8)
def _hours(world: Generated) -> Mapping[str, Span]:
    """Return the shift of each agent: twins work beside each other."""
    length, number = DAY_MS // SHIFTS, 0
    hours: dict[str, Span] = {}
    for _ in range(world.twins):
        for shift, crew in enumerate(_crews(world.seed, world.per_day)):
            for person in range(number, number + crew.people):
                ident = _agent(world.seed, person).decode()
                hours[ident] = Span(shift * length, (shift + 1) * length)
            number += crew.people
    return hours


@lru_cache(maxsize=8)
def _taken(world: Generated, day: int, shift: int) -> array[int]:
    """Return who takes which seat in a shift: as many places for every group of twins."""
    shifts = _shifts(world)
    return assigned(
        _parts(world, day, shift),
        _crews(world.seed, world.per_day)[shift],
        (shifts[shift + 1] - shifts[shift]) * most_seats(world.seed),
    )


def _parts(world: Generated, day: int, shift: int) -> Iterator[Part]:
    """Yield what a shift's people have to do, from the start to the end of each part."""
    starts, templates, twins = _starts(world.per_day), pool(world.seed), world.twins
    place, room = 0, most_seats(world.seed)
    for minute in range(shift * _SHIFT_MINUTES, (shift + 1) * _SHIFT_MINUTES):
        for group in range(-(-starts[minute] // twins), -(-starts[minute + 1] // twins)):
            # The last twin may begin a minute later than the first.
            late = MINUTE_MS * ((group + 1) * twins > starts[minute + 1])
            at_ms = minute * MINUTE_MS
            for number, seat in enumerate(templates[_number(world, day, group * twins)].seats):
                yield at_ms + seat.start_ms, at_ms + seat.end_ms + late, seat.crew, place + number
            place += room


@lru_cache(maxsize=65_536)
def _agent(seed: int, number: int) -> bytes:
    return user_id(seed, working(LEADS + number)).encode()
