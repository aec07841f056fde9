"""Checks, in order, and their findings.

A check is a name, a look and the checks it can't do without; carrying them out yields one finding
each, as soon as it is there. Errors become findings with the status an export would end with.
Pure but for what the looks do: prints nothing, knows neither Genesys nor a store.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from .errors import ExportError, Stopped, WrongSettings

# Signed requests to S3 are refused from 15 minutes on; tokens are judged by clocks as well.
_SKEW_TOLD = timedelta(minutes=1)
SKEW_MOST = timedelta(minutes=10)  # further apart, clocks give days another state


class Verdict(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARN = "warn"  # an export works, but somebody should know
    FAIL = "fail"  # an export would not work
    UNKNOWN = "unknown"  # could not, or may not, look


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found, and how to fix it; `status` is the exit status of a failure.

    `blocked_by` names the failed check without which this one could not run.
    """

    name: str = ""
    verdict: Verdict
    found: str
    fix: str = ""
    status: int = 0
    blocked_by: str = ""

    def __post_init__(self) -> None:
        """Refuse a failure without a status, and a status without a failure."""
        if (self.verdict is Verdict.FAIL) != (self.status != 0):
            raise ValueError("a failure has a status, and nothing else has one")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check to run, unless one of the checks in `after` failed."""

    name: str
    look: Callable[[], Finding]
    after: tuple[str, ...] = ()


def fine(found: str) -> Finding:
    """Return a finding that is ok."""
    return Finding(verdict=Verdict.OK, found=found)


def doubtful(found: str, fix: str) -> Finding:
    """Return a warning: an export works, but perhaps not as expected."""
    return Finding(verdict=Verdict.WARN, found=found, fix=fix)


def unseen(found: str, fix: str = "") -> Finding:
    """Return a finding for what could not be checked."""
    return Finding(verdict=Verdict.UNKNOWN, found=found, fix=fix)


def failed(problem: ExportError) -> Finding:
    """Return an error as a finding."""
    return Finding(
        verdict=Verdict.FAIL, found=problem.message, fix=problem.advice, status=problem.status
    )


def wrong(found: str, fix: str) -> Finding:
    """Return a failure that needs a change of settings."""
    return failed(WrongSettings(found, advice=fix))


def of_clocks(ours: datetime, theirs: datetime | None, whose: str) -> Finding:
    """Judge how far this machine's clock is from another one, which shows whole seconds."""
    if theirs is None:
        return unseen(f"{whose} does not tell its time")
    ahead = ours - theirs
    apart = timedelta(seconds=round(abs(ahead).total_seconds()))
    if apart <= _SKEW_TOLD:
        return fine(f"less than a minute off the clock of {whose}")
    direction = "ahead of" if ahead > timedelta(0) else "behind"
    found, fix = f"{apart} {direction} the clock of {whose}", "Set this machine's clock (NTP)."
    return wrong(found, fix) if apart > SKEW_MOST else doubtful(found, fix)


def carried_out(checks: Iterable[Check]) -> Generator[Finding, None, None]:
    """Run the checks in order; a stop is raised, any other error becomes a finding."""
    failures: dict[str, str] = {}  # checks that failed or did not run → the one that failed
    for check in checks:
        failure = next((failures[name] for name in check.after if name in failures), None)
        if failure is None:
            finding = _looked(check)
            if finding.verdict is Verdict.FAIL:
                failures[check.name] = check.name
        else:
            finding = replace(unseen(f"not checked: {failure} failed"), blocked_by=failure)
            failures[check.name] = failure
        yield replace(finding, name=check.name)


def _looked(check: Check) -> Finding:
    try:
        return check.look()
    except Stopped:
        raise
    except ExportError as problem:
        return failed(problem)
