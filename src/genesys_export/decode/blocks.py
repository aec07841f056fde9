"""A block of records becomes nested Arrow: in one reading, however odd a few of them are.

Arrow reads a block only if every record fits. So what is odd is found first, made fit by the exact
path and put back in its place. The first try costs nothing more; once a block was refused, the
next ones are searched before they are read. An unknown field that comes often is learnt: it then
goes to Arrow as a text, and its record is odd no more. Knows no days and no other blocks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec
import pyarrow as pa

from ..datasets import EXTRA, Node
from ..model import Attributes
from ..odd_input import UNREADABLE
from .arrow import Allowed, Reader, Unfit
from .attributes import Cut, Gathered, cut
from .exact import Broken, Cleaned, clean
from .finish import NoInstant, finish
from .structs import Field, Thin, can_be_learnt, strict, thin
from .triage import Triaged

_OFTEN = 0.05  # of a block's records
_MOST_LEARNT = 100
_RUN = 64

# A record on its way: read as it is (what was cut out apart), made fit, or broken; None while odd.
_Row: TypeAlias = "Cut | Cleaned | Broken | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What became of a block."""

    conversations: pa.RecordBatch
    attributes: Attributes | None
    broken: Sequence[tuple[Triaged, str]]  # each with its reason
    drift: int
    unknown: Sequence[Mapping[Field, int]]  # of each record that has unknown fields, in order


@dataclass(slots=True)
class Blocks:
    """Reads the blocks of one slice; learns which fields occur, and which unknown ones often."""

    shape: Node
    _allowed: Allowed = field(default_factory=Allowed)
    _reader: Reader = field(init=False)
    _thin: Thin | None = None
    _strict: dict[bool, msgspec.json.Decoder[Any]] = field(default_factory=dict)
    _is_wary: bool = False  # the last block held odd records

    def __post_init__(self) -> None:
        """Begin with nothing learnt."""
        self._reader = Reader(self.shape, self._allowed)

    def read(self, ours: Sequence[Triaged]) -> Decoded:
        """Return the records as Arrow; never raises for bad input."""
        rows: list[_Row] = [self._cut(one) for one in ours]
        steps = [self._find_odd, self._find_refused, _doubt_all]
        if self._is_wary:
            steps.pop(0)(ours, rows)
        self._clean(ours, rows)
        for step in steps:
            try:
                return self._made(ours, rows)
            except Unfit:
                step(ours, rows)
                self._clean(ours, rows, may_learn=step is not _doubt_all)
        return self._made(ours, rows)

    def exactly(self, ours: Sequence[Triaged]) -> Decoded:
        """Return the same as `read`, by the exact path alone: slower, the measure of it."""
        rows: list[_Row] = [None] * len(ours)
        self._clean(ours, rows, may_learn=False)
        return self._made(ours, rows)

    def _cut(self, one: Triaged) -> Cut | None:
        try:
            return cut(one, self._thin)
        except Unfit:
            return None

    def _find_odd(self, ours: Sequence[Triaged], rows: list[_Row]) -> None:
        """Doubt the records that Arrow would not take as they are."""
        odd = [
            at
            for at, row in enumerate(rows)
            if isinstance(row, Cut) and not self._fits(ours[at], any_time=False)
        ]
        late = {at for at in odd if self._fits(ours[at], any_time=True)}
        if len(late) > _OFTEN * len(ours):  # Arrow brings so many times to their shape for less
            odd = [at for at in odd if at not in late]
        for at in odd:
            rows[at] = None
        self._is_wary = bool(odd)

    def _fits(self, one: Triaged, *, any_time: bool) -> bool:
        if any_time not in self._strict:
            learnt = frozenset(self._allowed.learnt)
            self._strict[any_time] = strict(self.shape, learnt, any_time=any_time)
        try:
            self._strict[any_time].decode(one.record)
        except UNREADABLE:
            return False
        return True

    def _find_refused(self, ours: Sequence[Triaged], rows: list[_Row]) -> None:
        """Mark the runs of records that Arrow refuses; no struct says what is odd about them.

        A key that comes twice, say.
        """
        del ours
        places = [at for at, row in enumerate(rows) if isinstance(row, Cut)]
        for first in range(0, len(places), _RUN):
            run = places[first : first + _RUN]
            try:
                self._reader.read(b"".join(_pieces(rows[at] for at in run)))
            except Unfit:
                for at in run:
                    rows[at] = None

    def _clean(self, ours: Sequence[Triaged], rows: list[_Row], *, may_learn: bool = True) -> None:
        """Make the odd records fit, a few first: what is learnt from them makes others fit."""
        odd = [at for at, row in enumerate(rows) if row is None]
        share = len(odd) / max(1, len(ours))
        seen: Counter[Field] = Counter()
        cleaned = 0
        while odd:
            some = min(_RUN, max(1, len(odd) // 8)) if may_learn else len(odd)
            for at in odd[:some]:
                rows[at] = made = self._cleaned(ours[at])
                seen.update(made.unknown.keys() if isinstance(made, Cleaned) else ())
            cleaned, odd = cleaned + some, odd[some:]
            often = {one for one, times in seen.items() if times * share > _OFTEN * cleaned}
            if may_learn and self._learn(often):
                for at, one in enumerate(ours):
                    is_odd = rows[at] is None
                    if isinstance(rows[at], Cut) or (is_odd and self._fits(one, any_time=False)):
                        rows[at] = self._cut(one)
                odd = [at for at, row in enumerate(rows) if row is None]

    def _cleaned(self, one: Triaged) -> Cleaned | Broken:
        if not self._allowed.everywhere:
            # A name that stands in no record: it would have to hold its own hash.
            self._allowed.everywhere = f"{EXTRA}:{one.digest.hex()}"
        try:
            return clean(self.shape, one.record, self._allowed.everywhere)
        except Broken as problem:
            return problem

    def _learn(self, often: set[Field]) -> bool:
        """Learn unknown fields; whether there was anything new."""
        new = {one for one in often if one not in self._allowed.learnt and can_be_learnt(one)}
        if not new or len(self._allowed.learnt) + len(new) > _MOST_LEARNT:
            return False
        self._allowed.learnt = frozenset({*self._allowed.learnt, *new})
        self._thin = thin(self.shape, self._allowed.learnt)
        self._strict.clear()
        return True

    def _made(self, ours: Sequence[Triaged], rows: list[_Row]) -> Decoded:
        """Read what fits and report on all; raises Unfit."""
        while True:
            kept = [at for at, row in enumerate(rows) if not isinstance(row, Broken)]
            try:
                conversations = self._read(rows)
                break
            except NoInstant as problem:
                self._is_wary = True
                for at in problem.rows:
                    rows[kept[at]] = None
                self._clean(ours, rows, may_learn=False)
        gathered = Gathered()
        fit = [row for row in rows if isinstance(row, Cut | Cleaned)]
        for number, row in enumerate(fit):
            gathered.add(number, row.participants)
        return Decoded(
            conversations=conversations,
            attributes=gathered.attributes() if fit else None,
            broken=[
                (ours[at], str(row)) for at, row in enumerate(rows) if isinstance(row, Broken)
            ],
            drift=sum(row.drift for row in fit),
            unknown=[row.unknown for row in fit if row.unknown],
        )

    def _read(self, rows: Sequence[_Row]) -> pa.RecordBatch:
        lines = b"".join(_pieces(rows))
        if not lines:
            return pa.RecordBatch.from_pydict({})
        return finish(self._reader.read(lines), self.shape, self._allowed.everywhere)


def _doubt_all(ours: Sequence[Triaged], rows: list[_Row]) -> None:
    """Doubt every record that has not been made fit."""
    del ours
    rows[:] = [None if isinstance(row, Cut) else row for row in rows]


def _pieces(rows: Iterable[_Row]) -> Iterator[bytes | memoryview]:
    for row in rows:
        if isinstance(row, Cut):
            yield from row.pieces
        elif isinstance(row, Cleaned):
            yield row.line
            yield b"\n"
