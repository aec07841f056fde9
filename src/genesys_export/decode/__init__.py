"""SHAPE, first half: a page's bytes become nested Arrow, one row a conversation.

Triage decides which records are ours; Arrow's reader reads them in one go, after the exact path
has made fit those that Arrow can't read. Nothing is lost: what is unknown, drifted or broken is
handed on and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

import pyarrow as pa

from ..datasets import EXTRA, Dataset, Node, keeps, record_shape
from ..days import Interval
from ..model import Block, Counts, Rejected, sum_digests
from .arrow import TIMES, is_utf8
from .blocks import Blocks
from .copies import CopyResolver
from .exact import Broken, Cleaned, clean
from .ids import key_of
from .triage import Triage, Triaged, Verdict
from .unknown import OTHERS, note

__all__ = ["OTHERS", "CopyResolver", "Decoder", "key_of"]

_VERDICT, _DIGEST = attrgetter("verdict"), attrgetter("digest")
_END = "conversationEnd"


class Decoder:
    """The decoder of one slice; used by one thread.

    `counts` and `digest` tell of all that was decoded so far. The digest is the sum, modulo
    2**256, of the SHA-256 hashes of the exported records' bytes: order does not matter to it.
    """

    def __init__(
        self, dataset: Dataset, interval: Interval, contest: CopyResolver | None = None
    ) -> None:
        """Take what belongs to `interval`, by conversationStart.

        Of the conversations in `contest` the best copy is taken, of others the first. Where copies
        that differ come in one call, the best of them counts as the first.
        """
        self._shape = record_shape(dataset)
        self._blocks = Blocks(self._shape)
        # One without conversations is false, but tells by what keys they go.
        contest = CopyResolver(dataset, interval) if contest is None else contest
        self._triage = Triage(interval, contest)
        self._verdicts: Counter[Verdict] = Counter()
        self._received = self._broken = self._open = self._drift = 0
        self._unknown: Counter[str] = Counter()
        self.digest = 0

    def decode(self, records: Iterable[bytes | memoryview]) -> Block:
        """Return those of the records that are ours, and the unreadable ones; never raises."""
        judged = self._judged(records)
        ours = [one for one in judged if one.verdict is Verdict.OURS]
        decoded = self._blocks.read(ours)
        self._drift += decoded.drift
        for unknown in decoded.unknown:
            note(self._unknown, unknown)
        self._open += _open(decoded.conversations)
        rejected = self._disowned(decoded.broken)
        block = Block(decoded.conversations, decoded.attributes, rejected)
        return self._told(block, judged, ours)

    def sift(self, records: Iterable[bytes | memoryview]) -> Block:
        """Do as `decode`, but return only the conversations' starts: for raw lines.

        A record must be JSON with a readable head. What lies deeper is not looked at: structure
        and drift are no matter of lines, and looking costs more than all the rest.
        """
        judged = self._judged(records)
        ours = [one for one in judged if one.verdict is Verdict.OURS]
        ends = [_is_ended(one) for one in ours]
        if not is_utf8(b"".join(one.record for one in ours)):
            ends = [
                end if is_utf8(one.record) else None for one, end in zip(ours, ends, strict=True)
            ]
        odd = [one for one, end in zip(ours, ends, strict=True) if end is None]
        cleaned, broken = _clean_all(self._shape, odd)
        self._open += ends.count(False) + sum(not one.is_ended for one in cleaned)
        rejected = self._disowned(broken)
        starts = pa.array([one.start for one in _without(ours, rejected)], TIMES)
        block = Block(pa.record_batch([starts], ["conversationStart"]), None, rejected)
        return self._told(block, judged, ours)

    def _told(self, block: Block, judged: Sequence[Triaged], ours: Sequence[Triaged]) -> Block:
        """Return the block with all its records, which count from now on."""
        unreadable = [
            Rejected(one.reason, one.record) for one in judged if one.verdict is Verdict.UNREADABLE
        ]
        exported = _without(ours, block.rejected)
        self.digest = sum_digests(map(int.from_bytes, map(_DIGEST, exported)), self.digest)
        return Block(
            block.conversations,
            block.attributes,
            (*unreadable, *block.rejected),
            tuple(one.record for one in exported),
        )

    def skim(self, records: Iterable[bytes | memoryview]) -> None:
        """Only look for copies: for the rest of a reading that will be repeated."""
        self._count([self._triage.judge(bytes(record)) for record in records])

    @property
    def is_in_vain(self) -> bool:
        """Whether a conversation came in copies that differ and were not in the contest."""
        return bool(self._triage.unsettled)

    def contested(self) -> frozenset[bytes]:
        """Return the conversations of which a wrong copy, or none, may have been taken.

        To be asked when all is decoded: then none means that every one is there as it should be.
        """
        return frozenset(self._triage.unsettled | self._triage.missing())

    @property
    def counts(self) -> Counts:
        """What came, and what became of it."""
        seen = self._verdicts
        return Counts(
            received=self._received,
            exported=seen[Verdict.OURS] - self._broken,
            duplicates=seen[Verdict.DUPLICATE] + seen[Verdict.DIFFERING_DUPLICATE],
            differing_duplicates=seen[Verdict.DIFFERING_DUPLICATE],
            of_other_days=seen[Verdict.OTHER_DAY],
            open=self._open,
            rejected=seen[Verdict.UNREADABLE] + self._broken,
            drift=self._drift,
            unknown_fields=dict(self._unknown),
        )

    def index(self) -> Iterator[bytes]:
        """Yield id and hash of every exported record, in order of id, 32 bytes each.

        To be read when all is decoded. The id is 16 bytes: what the contest's `key_of` makes of
        it; the hash is the first half of the record's SHA-256. Pieces hold whole entries, a
        mebibyte at most; eight more bytes a conversation are needed meanwhile.
        """
        return self._triage.index()

    def _judged(self, records: Iterable[bytes | memoryview]) -> list[Triaged]:
        judged = [self._triage.judge(bytes(record)) for record in records]
        if self._triage.unsettled:
            self._triage.settle(judged)
        self._count(judged)
        return judged

    def _count(self, judged: Sequence[Triaged]) -> None:
        self._received += len(judged)
        self._verdicts.update(map(_VERDICT, judged))

    def _disowned(self, broken: Sequence[tuple[Triaged, str]]) -> tuple[Rejected, ...]:
        """Return the broken records as rejected; they were not exported after all."""
        self._broken += len(broken)
        for one, _ in broken:
            self._triage.disown(one)
        return tuple(Rejected(reason, one.record) for one, reason in broken)


def _without(ours: Sequence[Triaged], rejected: Sequence[Rejected]) -> Sequence[Triaged]:
    """Return those that were not rejected after all."""
    lost = {one.record for one in rejected}
    return [one for one in ours if one.record not in lost] if lost else ours


def _is_ended(one: Triaged) -> bool | None:
    """Whether the conversation has an end; None if only the exact path can tell."""
    return one.head.is_ended if one.head else None


def _clean_all(
    shape: Node, ours: Sequence[Triaged]
) -> tuple[list[Cleaned], list[tuple[Triaged, str]]]:
    """Return what could be made fit; and the broken ones, each with its reason."""
    cleaned, broken = [], []
    for one in ours:
        try:
            cleaned.append(clean(shape, one.record))
        except Broken as problem:
            broken.append((one, str(problem)))
    return cleaned, broken


def _open(conversations: pa.RecordBatch) -> int:
    """Return how many conversations have no end; an unreadable one counts as an end."""
    count = conversations.num_rows
    names = conversations.schema.names
    ends = conversations.column(_END) if _END in names else pa.nulls(count)
    if EXTRA not in names or not ends.null_count:
        return int(ends.null_count)
    extras = conversations.column(EXTRA).filter(ends.is_null())
    return int(ends.null_count) - sum(keeps(extra, _END) for extra in extras.to_pylist())
