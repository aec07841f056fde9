"""Would an export work? Every check with what it found and how to fix it.

A check-up has parts: this machine, each organisation at Genesys Cloud, the destination. Its
findings come one by one, as they are made; whoever shows them needs no other knowledge. Exports
nothing, and leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace

from ...errors import worst
from ...findings import Finding, Verdict, unseen
from ...plural import plural

_WORDS = (
    (Verdict.OK, "ok"),
    (Verdict.WARN, "with a warning"),
    (Verdict.FAIL, "failed"),
    (Verdict.UNKNOWN, "unknown"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the check-up: a heading and its findings."""

    about: str
    findings: Generator[Finding, None, None]


def status_of(findings: Iterable[Finding]) -> int:
    """Return the exit status: that of the most serious failure, as of an export (C14)."""
    return worst(tuple(one.status for one in findings if one.verdict is Verdict.FAIL))


def not_run(blocked: Sequence[Finding]) -> Finding:
    """Return one finding for the checks of a part that did not run because others failed."""
    names = ", ".join(one.name for one in blocked)
    name = f"{plural(len(blocked), 'check')} not run"
    return replace(unseen(f"{names} (fix the above first)"), name=name)


def in_a_word(findings: Iterable[Finding]) -> str:
    """Return the last line: how many checks came out how, and what follows."""
    every = list(findings)
    ran = [one for one in every if not one.blocked_by]
    counts = [(word, sum(one.verdict is verdict for one in ran)) for verdict, word in _WORDS]
    counts.append(("not run", len(every) - len(ran)))
    told = ", ".join(f"{count} {word}" for word, count in counts if count)
    status = status_of(every)
    end = f"An export would fail with status {status}." if status else "An export would work."
    return f"{len(every)} checks: {told}. {end}"
