"""What a slice's reading keeps track of: which job a page is from, which rejects it yielded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from threading import Event

from ..model import Clock, Fetch, Page
from ..threads import ahead


def by_job(
    fetch: Fetch, pages: Iterator[Page], *, abandon: Event, clock: Clock
) -> Iterator[Iterator[Page]]:
    """Yield the fetch's pages, those of each job apart: there is one unless it died half-way.

    What a job gave before it died is void: the job that replaces it may have other rows.
    """

    def numbered() -> Iterator[tuple[int, Page]]:
        for page in pages:
            yield len(fetch.job_ids), page

    found = ahead(numbered(), abandon=abandon, clock=clock)
    for _, of_job in groupby(found, key=itemgetter(0)):
        yield map(itemgetter(1), of_job)


class RejectTally:
    """The rejects of a slice: one counts once, of whatever pass; its copies are duplicates."""

    def __init__(self) -> None:
        """Begin the first pass."""
        self._ever: set[bytes] = set()
        self._now: Counter[bytes] = Counter()

    def begin(self) -> None:
        """Begin another pass."""
        self._now.clear()

    def is_new(self, record: bytes | memoryview) -> bool:
        """Count a reject; return whether no pass had it before."""
        digest = blake2b(record, digest_size=16).digest()
        self._now[digest] += 1
        is_new = digest not in self._ever
        self._ever.add(digest)
        return is_new

    @property
    def rejected(self) -> int:
        """How many there are, of all passes."""
        return len(self._ever)

    @property
    def copies(self) -> int:
        """How many more times they came in this pass."""
        return self._now.total() - len(self._now)
