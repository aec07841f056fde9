"""The progress of a range of days, the time left, and when to stop trying.

Pure: what ended and how long it took come in, figures go out. Promises nothing that it can't
know: from days that were really exported, and from two of them at least.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..errors import ExportError, NotAFile, Stopped, TryAgainLater
from ..events import BackfillProgress
from .report import DayReport, DayResult, Outcome

_FEWEST = 2  # exported days, before anything is said of the others
_LATEST = 14  # of them count: two weeks have their week-ends, and volumes change over the years

# So many days in a row that end with the same kind of error, and the next would, too: nobody is
# let in, something is set wrongly. A destination may be full, or only have a bad moment.
_IN_A_ROW = {77: 2, 78: 2, 74: 10}


def eta_s(
    took_s: Sequence[float], under_way_s: Sequence[float], waiting: int, at_once: int
) -> float | None:
    """Return the seconds until all is done; None while unknown.

    `took_s` is what each exported day took, in the order they ended, beside as many others as
    ever; `under_way_s` how long the days under way have been so, `waiting` how many have not
    begun. Where all that is left takes longer than the others did, nobody knows how much longer.
    """
    left = len(under_way_s) + waiting
    if not left:
        return 0.0
    if len(took_s) < _FEWEST:
        return None
    latest = took_s[-_LATEST:]
    each_s = sum(latest) / len(latest)
    begun_s = [max(0.0, each_s - passed_s) for passed_s in under_way_s]
    all_s = (sum(begun_s) + waiting * each_s) / min(at_once, left)
    return max(all_s, *begun_s, 0.0) or None


def is_hopeless(ends: Sequence[ExportError | None], at_once: int) -> bool:
    """Whether the last days failed so that every further one would fail too.

    `ends` is what each day ended with, in that order; None: well. As many as are tried at once
    are needed: they all met what happened at one moment.
    """
    last = ends[-1] if ends else None
    if last is None or last.status not in _IN_A_ROW or isinstance(last, NotAFile):
        return False
    needed = max(_IN_A_ROW[last.status], at_once)
    row = ends[-needed:]
    return len(row) == needed and all(type(one) is type(last) for one in row)


@dataclass(slots=True, kw_only=True)
class Score:
    """The outcomes of the days so far."""

    at_once: int  # days of one organisation
    lanes: int = 1  # days of all of them
    total: int = 0
    ended: int = 0  # in whatever way
    likely_done: int = 0  # of the others: published, though nobody has looked yet whether again
    done: int = 0
    skipped: int = 0
    failed: int = 0
    conversations: int = 0
    took_s: list[float] = field(default_factory=list)
    ends: dict[tuple[str, str], list[ExportError | None]] = field(
        default_factory=dict
    )  # by organisation and dataset

    def add(self, ended: DayResult, took_s: float = 0.0) -> None:
        """Count a day; one that was stopped, too early or not started still counts as to do."""
        self.ended += 1
        problem = ended.problem
        if ended.report is not None:
            self._add_report(ended.report, took_s)
            problem = None  # it is published, whatever is missing beside it
        elif problem is None or isinstance(problem, Stopped | TryAgainLater):
            return
        else:
            self.failed += 1
        ends = self.ends.setdefault((ended.org, ended.dataset), [])
        ends.append(problem)
        del ends[: -max(self.at_once, *_IN_A_ROW.values())]

    def gives_up(self, org: str, dataset: str) -> bool:
        """Whether the rest of an organisation's days of a dataset need not be tried."""
        return is_hopeless(self.ends.get((org, dataset), ()), self.at_once)

    def progress(self, under_way_s: Sequence[float]) -> BackfillProgress:
        """Return this as an event."""
        waiting = max(0, self.total - self.ended - self.likely_done - len(under_way_s))
        return BackfillProgress(
            done=self.done,
            skipped=self.skipped,
            failed=self.failed,
            total=self.total,
            conversations=self.conversations,
            eta_s=eta_s(self.took_s, under_way_s, waiting, self.lanes),
        )

    def _add_report(self, report: DayReport, took_s: float) -> None:
        if report.outcome is Outcome.SKIPPED:
            self.skipped += 1
            return
        self.done += 1
        self.took_s.append(took_s)
        del self.took_s[:-_LATEST]
        self.conversations += report.manifest.counts.exported if report.manifest else 0
