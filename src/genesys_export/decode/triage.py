"""Which records of a page are ours: of this slice, readable, not seen before.

Of a conversation that is contested the best copy known is ours, or a better one. Knows no Arrow
and no tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, auto

import msgspec

from ..days import Interval
from .copies import CopyResolver
from .exact import Broken
from .heads import Head, head_of
from .ids import Ids, digest_of


class Verdict(IntEnum):
    """What becomes of a record; a number, because every record's is counted."""

    OURS = auto()
    OTHER_DAY = auto()
    DUPLICATE = auto()
    DIFFERING_DUPLICATE = auto()
    UNREADABLE = auto()


class Triaged(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A record and its verdict; `head` is None if only the exact path can read it.

    A struct, because one is made of every record: a frozen dataclass takes eight times as long.
    """

    record: bytes
    verdict: Verdict
    start: datetime | None = None
    head: Head | None = None
    reason: str = ""
    key: bytes = b""  # of OURS and their copies only, as the next one
    digest: bytes = b""  # 256 bits of the record's bytes


@dataclass(slots=True)
class Triage:
    """The triage of one slice; remembers every conversation seen."""

    interval: Interval
    contest: CopyResolver
    unsettled: set[bytes] = field(default_factory=set)  # the copy that counts is not known
    _met: Ids = field(default_factory=Ids)

    def judge(self, record: bytes) -> Triaged:
        """Decide about one record; never raises for bad input."""
        try:
            head, conversation_id, start = head_of(record)
        except ValueError as problem:
            return Triaged(record, Verdict.UNREADABLE, reason=str(problem))
        if start not in self.interval:
            return Triaged(record, Verdict.OTHER_DAY)
        key = self.contest.key_of(conversation_id)
        digest = digest_of(record)
        one = Triaged(record, Verdict.OURS, start, head, key=key, digest=digest)
        if self.contest and (best := self.contest.best(key)) is not None:
            return self._contested(one, best)
        met = self._met.add(key, digest[:16])
        if met is None:
            return one
        if met == digest[:16]:
            return _as(Verdict.DUPLICATE, one)
        self.unsettled.add(key)
        return _as(Verdict.DIFFERING_DUPLICATE, one)

    def settle(self, judged: list[Triaged]) -> None:
        """Choose between copies that differ and came together, before one of them is written.

        Where the first one came earlier, or none can be read, the conversation stays unsettled.
        """
        ours = {one.key for one in judged if one.verdict is Verdict.OURS}
        together: dict[bytes, dict[int, Triaged]] = {key: {} for key in self.unsettled & ours}
        for at, one in enumerate(judged):
            if one.key in together:
                together[one.key][at] = one
        for key, copies in together.items():
            ranks = {one.digest: self._rank(one) for one in copies.values()}
            best = max(rank for rank, _ in ranks.values())
            if not best:
                continue
            for at, one in copies.items():
                rank, reason = ranks[one.digest]
                if not rank:
                    judged[at] = Triaged(one.record, Verdict.UNREADABLE, reason=reason)
                elif rank < best:
                    judged[at] = _as(Verdict.DIFFERING_DUPLICATE, one)
                else:
                    is_taken = key not in self.unsettled
                    judged[at] = _as(Verdict.DUPLICATE if is_taken else Verdict.OURS, one)
                    self.unsettled.discard(key)
                    self.contest.settle(key, best)
                    self._met.replace(key, one.digest[:16])

    def missing(self) -> set[bytes]:
        """Return the contested conversations whose best copy has not come this time."""
        return {key for key in self.contest.winners() if key not in self._met}

    def disown(self, one: Triaged) -> None:
        """Leave one of OURS out of the index, because it is not exported after all."""
        self._met.disown(one.key)

    def index(self) -> Iterator[bytes]:
        """Yield what `Decoder.index` promises."""
        return self._met.index()

    def _contested(self, one: Triaged, best: bytes) -> Triaged:
        """Decide about a copy of which the best rank is known.

        The source may have got a better copy since the ranks were taken: it is as good as any,
        unless a lesser one has been written already.
        """
        half, rank = one.digest[:16], best
        if not best.endswith(half):
            rank, reason = self._rank(one)
            if not rank:
                return Triaged(one.record, Verdict.UNREADABLE, reason=reason)
        if rank < best:
            return _as(Verdict.DIFFERING_DUPLICATE, one)
        self.contest.promote(one.key, rank)
        met = self._met.add(one.key, half)
        if met is None:
            return one
        if met == half:
            return _as(Verdict.DUPLICATE, one)
        self.unsettled.add(one.key)
        return _as(Verdict.DIFFERING_DUPLICATE, one)

    def _rank(self, one: Triaged) -> tuple[bytes, str]:
        """Return a copy's rank, and why it is unreadable (empty if it is not)."""
        try:
            return self.contest.rank(one.record, one.digest), ""
        except Broken as problem:
            return b"", str(problem)


def _as(verdict: Verdict, one: Triaged) -> Triaged:
    return msgspec.structs.replace(one, verdict=verdict)
