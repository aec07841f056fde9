"""`verify --start --end`: a line a day, or only a random sample of the days read.

Prints nothing: what is to be printed is collected, because progress is shown meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random

from ..damage import Damage, files_of
from ..days import Day, ranges
from ..errors import DataMismatch, ExportError, NotAFile, NotPermitted, Stopped, WrongSettings
from ..operations.verify.sampling import Sample, draw
from ..operations.verify.verify import PAST, Verification, Verifier
from ..plural import plural
from ..progress.words import size


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRange:
    """The days that were asked for, oldest first, how much of them is read, and what is told."""

    days: tuple[Day, ...]
    sample: Sample | None = None
    quiet: bool = False  # tell only what does not match


@dataclass(slots=True, kw_only=True)
class RangeResult:
    """What was found for one dataset: the lines to print, and the errors to show."""

    whose: str
    quiet: bool = False
    lines: list[str] = field(default_factory=list)
    problems: list[ExportError] = field(default_factory=list)
    good: int = 0
    bad: int = 0
    missing: int = 0
    absent: int = 0  # past days of a snapshot that was never taken
    listed: int = 0  # days of which only the existence and size of the files was checked
    failed: int = 0  # days that could not be verified
    objects: int = 0
    size_bytes: int = 0

    def tell(self, line: str) -> None:
        """Add a line about nothing wrong, unless only problems are asked for."""
        if not self.quiet:
            self.lines.append(line)

    @property
    def summary(self) -> str:
        """Return the last line: how many days there were of each kind, and what was read."""
        counts = {
            "OK": self.good,
            "with mismatches": self.bad,
            "not published": self.missing,
            "without a snapshot": self.absent,
            "not read, only listed": self.listed,
            "not verified": self.failed,
        }
        told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        read = f"read {plural(self.objects, 'object')}, {size(self.size_bytes)}"
        return f"{plural(sum(counts.values()), 'day')}: {told}; {read}"


def check(verifier: Verifier, asked: DayRange, rng: Random) -> RangeResult:
    """Verify the days of one dataset; an error ends only its own day, a signal the range."""
    result = RangeResult(whose=verifier.whose, quiet=asked.quiet)
    try:
        _check(verifier, asked, rng, result)
    except ExportError as problem:
        result.problems.append(problem)
    if result.bad or result.missing:
        result.problems.append(_mismatch(verifier, asked, result))
    return result


def _check(verifier: Verifier, asked: DayRange, rng: Random, result: RangeResult) -> None:
    published = verifier.published()
    there = [day for day in asked.days if day.date in published]
    chosen, damaged = _chosen(verifier, there, asked.sample, rng)
    for day in there:
        if day in chosen:
            _read(verifier, day, result)
        elif some := damaged.get(str(day)):
            result.bad += 1
            result.lines += [f"{day}  {plural(len(some), 'mismatch', 'mismatches')}"]
            result.lines += [f"  MISMATCH    {one}" for one in some]
        else:
            result.listed += 1
    others = [day for day in asked.days if day.date not in published]
    absent = [day.date for day in others if verifier.is_past(day)]
    missing = [day.date for day in others if not verifier.is_past(day)]
    result.absent, result.missing = len(absent), len(missing)
    for span in _spans(missing):
        result.lines.append(f"{span}  nothing is published")
    for span in _spans(absent):
        result.tell(f"{span}  no snapshot was taken")
    result.tell(result.summary)


def _spans(days: Sequence[date]) -> Iterator[str]:
    for first, last in ranges(days):
        yield f"{first} to {last}" if first != last else str(first)


def _chosen(
    verifier: Verifier, days: Sequence[Day], sample: Sample | None, rng: Random
) -> tuple[frozenset[Day], Mapping[str, tuple[Damage, ...]]]:
    """Return the days to be read, and of the others those whose files are not all there.

    A day whose manifest says that it can't be verified is always among the first.
    """
    if sample is None:
        return frozenset(days), {}
    manifests = verifier.manifests(days)
    sizes = {day: sum(file.bytes for file in files_of(made)) for day, made in manifests.items()}
    drawn = draw(sizes, sample, rng)
    others = (made for day, made in manifests.items() if day not in drawn)
    return drawn | (frozenset(days) - manifests.keys()), verifier.damages(others)


def _read(verifier: Verifier, day: Day, result: RangeResult) -> None:
    try:
        found = verifier.verify(day)
    except DataMismatch as problem:
        result.bad += 1
        result.lines.append(f"{day}  {problem.message}")
    except ExportError as problem:
        is_of_all = isinstance(problem, Stopped | NotPermitted | WrongSettings)
        if is_of_all and not isinstance(problem, NotAFile):
            raise  # the same would happen to every other day
        result.failed += 1
        result.problems.append(problem)
        result.lines.append(f"{day}  not verified: {problem.message}")
    else:
        _add(found, result)


def _add(found: Verification, result: RangeResult) -> None:
    read = f"{plural(found.checked.objects, 'object')}, {size(found.checked.size_bytes)}"
    result.objects += found.checked.objects
    result.size_bytes += found.checked.size_bytes
    if found.findings:
        result.bad += 1
        result.lines.append(f"{found.day}  {found.findings} ({read})")
        result.lines += [f"  MISMATCH    {one}" for one in found.mismatches]
    else:
        result.good += 1
        result.tell(f"{found.day}  OK: everything matches the manifest ({read})")
    if found.source is not None and found.findings:
        result.lines.append(f"  source      {found.source}")
    elif found.source is not None:
        result.tell(f"  source      {found.source}")


def _mismatch(verifier: Verifier, asked: DayRange, result: RangeResult) -> DataMismatch:
    first, last = asked.days[0], asked.days[-1]
    told = []
    if result.bad:
        told.append(f"{plural(result.bad, 'day does', 'days do')} not match the manifest")
    if result.missing:
        told.append(f"{plural(result.missing, 'day is', 'days are')} not published")
    whose = f"{verifier.whose} " if verifier.whose else ""
    return DataMismatch(
        f"{whose}{first} to {last}: {', '.join(told)}",
        advice=f"Each is listed above. {_help(verifier, asked, result)}",
    )


def _help(verifier: Verifier, asked: DayRange, result: RangeResult) -> str:
    if verifier.dataset.is_snapshot:
        newest = f"`genesys-export run{verifier.given}` exports what is missing."
        return " ".join((newest,) * bool(result.missing) + (PAST,) * bool(result.bad))
    span = f"--start {asked.days[0]} --end {asked.days[-1]}"
    return (
        f"`genesys-export backfill {span}{verifier.given}` exports what is missing or has lost "
        "files; a file that was changed without changing its size needs --force."
    )
