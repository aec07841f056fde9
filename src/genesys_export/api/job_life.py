"""A job's life as a table: what each state means for the export, and how long to wait.

Knows states and numbers; asks nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from . import wire

_LONGEST = 300


class Meaning(Enum):
    """What a job's state means."""

    WAIT = auto()
    READ = auto()
    DEAD = auto()  # submit anew


# AsyncQueryStatus.state, official SDK 269 (read 2026-11). A state not known is waited for.
STATES = {
    "QUEUED": Meaning.WAIT,
    "PENDING": Meaning.WAIT,
    "FULFILLED": Meaning.READ,
    "FAILED": Meaning.DEAD,
    "CANCELLED": Meaning.DEAD,
    "EXPIRED": Meaning.DEAD,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPolicy:
    """How jobs are used; waits before looks grow from `first_s` by `factor` to `most_s`."""

    page_size: int = 1_000
    first_s: float = 3.0  # the shortest job takes about as long
    factor: float = 1.5
    most_s: float = 60.0
    unseen_s: float = 60.0  # after its 202: a 404 means that the job can't be seen yet
    deadline_s: float = 7_200.0  # for one job to be fulfilled
    submissions: int = 3
    empty_pages: int = 1_000  # or pages that came before: so many in a row mean no end

    def __post_init__(self) -> None:
        """Refuse what the API or common sense refuses."""
        if not 100 <= self.page_size <= 10_000:
            raise ValueError("a page of results holds 100 to 10,000 records")
        if self.submissions < 1 or self.empty_pages < 1:
            raise ValueError("at least one submission, at least one empty page")
        least_s = min(self.unseen_s, self.deadline_s)
        if min(self.first_s, self.most_s) <= 0 or self.factor < 1 or least_s < 0:
            raise ValueError("waits are positive and don't shrink")

    def wait_s(self, look: int) -> float:
        """Return the wait before the `look`-th look (from 1) at a job just submitted."""
        return min(self.most_s, self.first_s * self.factor ** min(look - 1, 100))


class Dead(Exception):
    """This job has no more results; the text says why, after `the job …`."""


def meaning_of(status: wire.Status) -> Meaning:
    """Return what the state means; raises Dead if no results will come."""
    meaning = STATES.get(status.state, Meaning.WAIT)
    if meaning is Meaning.DEAD:
        said = status.error_message if isinstance(status.error_message, str) else ""
        told = " ".join(said.split()) or "no reason given"
        raise Dead(f"ended {status.state}: {told[:_LONGEST]}")
    return meaning
