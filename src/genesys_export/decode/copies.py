"""Copies of one conversation that differ, and which of them counts: the later one (C3).

Later is: readable over broken, ended over open, then the latest instant in any declared field,
then the greater hash, so that every reading chooses alike. Knows only the conversations it is
told of, and keeps of each the rank of its best copy: 250 bytes or so, however long the copies.
Which 16 bytes a conversation goes by is for the caller to say, once for copies and index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..datasets import Dataset, record_shape
from ..days import Interval
from .exact import Broken, clean
from .heads import head_of
from .ids import digest_of, key_of

_HALF = 16


class CopyResolver:
    """The conversations of one slice that came in several copies; used by one thread."""

    def __init__(
        self, dataset: Dataset, interval: Interval, key_of: Callable[[str], bytes] = key_of
    ) -> None:
        """Start empty; conversations are identified by `key_of` of their ids."""
        self._shape, self._interval, self.key_of = record_shape(dataset), interval, key_of
        self._best: dict[bytes, bytes] = {}

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._best)

    def begin(self, keys: Iterable[bytes]) -> None:
        """Add conversations; forget all ranks, since the copies will be read again."""
        self._best = dict.fromkeys([*self._best, *keys], b"")

    def weigh(self, records: Iterable[bytes | memoryview]) -> None:
        """Rank those of the records that are copies of a contested conversation."""
        for raw in records:
            record = bytes(raw)
            try:
                _, conversation_id, start = head_of(record)
                key = self.key_of(conversation_id)
                if key in self._best and start in self._interval:
                    digest = digest_of(record)
                    self.promote(key, self.rank(record, digest))
            except (ValueError, Broken):
                continue  # a copy that nobody can read can't win; the decoder rejects it

    def best(self, key: bytes) -> bytes | None:
        """Return the rank of a conversation's best copy; None of one that is not contested."""
        return self._best.get(key)

    def promote(self, key: bytes, rank: bytes) -> None:
        """Keep a rank if it is better."""
        self._best[key] = max(self._best[key], rank)

    def settle(self, key: bytes, rank: bytes) -> None:
        """Add a conversation of which the best copy so far is at hand."""
        self._best[key] = rank

    def rank(self, record: bytes, digest: bytes) -> bytes:
        """Return a copy's rank: bytes, the greater the later. Raises Broken.

        The best rank tells the best copy: it ends with the first half of its digest.
        """
        found = clean(self._shape, record)
        return b"%d%24s%b" % (found.is_ended, found.latest.encode(), digest[:_HALF])

    def winners(self) -> Iterable[bytes]:
        """Yield the conversations that have a readable copy."""
        return (key for key, rank in self._best.items() if rank)
