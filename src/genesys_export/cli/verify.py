"""`verify`: from flags to a screen of what was checked, and the exit status.

`--quiet` leaves out everything but what does not match.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import SystemRandom

from ..api import SystemClock
from ..assembly.dates import begun, every_day
from ..assembly.working import Surroundings
from ..days import Day
from ..errors import ExportError, Stopped, WrongUse, worst
from ..exporter import Exporter
from ..operations.verify.sampling import Sample, parse
from ..operations.verify.verify import Verification, Verifier
from ..plural import counted, plural
from ..progress import progress
from ..progress.words import clean, size
from ..settings import Flags, Need, Settings, load
from ..source_count import Verdict
from .repeating import repeated
from .showing import show
from .signals import Signals
from .verify_range import DayRange, RangeResult, check


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """The flags of `verify` that are no settings: a date, or a range and a sample of it."""

    date: str | None = None
    start: str | None = None
    end: str | None = None
    sample: str | None = None
    source: bool = False


def execute(request: VerifyRequest, flags: Flags, environ: Mapping[str, str] | None = None) -> int:
    """Verify the days of every dataset asked for; return the exit status (C14)."""
    sample = _sample(request)
    needs = {Need.DESTINATION, Need.SOURCE} if request.source else {Need.DESTINATION}
    settings = load(flags=flags, environ=environ, needs=needs, dates=_dates(request))
    clock, log = SystemClock(), settings.log
    quiet = log.level == "quiet"
    days = _days(request, settings, clock)
    signals = Signals(clock)
    shown = progress(sys.stderr, format=log.format, level=log.level, clock=clock)
    with signals.handled(), shown as observe:
        around = Surroundings(clock=clock, observe=observe, given=partial(repeated, flags))
        parts = Exporter(settings, around).verifiers(source=request.source)
        if request.date is not None:
            ends = list(_ends(parts, days[0], quiet=quiet))
        else:
            asked = DayRange(days=days, sample=sample, quiet=quiet)
            ends = [_of_range(one) for one in _results(parts, asked)]
    for end in ends:
        sys.stdout.write("".join(f"{clean(line)}\n" for line in end.lines))
        for error in end.errors:
            show(error, verbose=log.level == "verbose")
    errors = [error for end in ends for error in end.errors]
    stopped = [one.status for one in errors if isinstance(one, Stopped)]
    return stopped[0] if stopped else worst((0, *(one.status for one in errors)))


@dataclass(frozen=True, slots=True)
class _End:
    """What is printed for one dataset, and what it ends with."""

    lines: Sequence[str] = ()
    errors: Sequence[ExportError] = ()


def _of_day(verifier: Verifier, day: Day, *, quiet: bool) -> _End:
    if verifier.is_absent(day):
        return _End(() if quiet else (f"{_said(verifier.whose)}{day}: no snapshot was taken",))
    found = verifier.verify(day)
    lines = mismatches(found) if quiet else told(found)
    return _End(tuple(lines), tuple(filter(None, (found.problem,))))


def _of_range(result: RangeResult) -> _End:
    whose = result.whose
    lines = [f"{whose}:", *result.lines] if whose and result.lines else result.lines
    return _End(lines, result.problems)


def mismatches(found: Verification) -> Iterator[str]:
    """Yield the lines that say what does not match."""
    if found.source is not None and found.source.verdict is Verdict.DISAGREES:
        yield f"  source      {found.source}"
    for one in found.mismatches:
        yield f"  MISMATCH    {one}"


def told(found: Verification) -> Iterator[str]:
    """Yield the lines that say what was checked, and what does not match."""
    manifest, checked = found.manifest, found.checked
    day = f"{_said(found.whose)}{found.day}"
    records = counted(manifest.counts.exported, found.records)
    yield f"{day}: {manifest.state}, {records}, according to {found.manifest_url}"
    yield f"  read        {plural(checked.objects, 'object')}, {size(checked.size_bytes)}"
    yield f"  rows        {checked.rows:,} in {plural(checked.tables, 'table')}"
    if checked.keyed:
        references = plural(checked.references, "reference")
        yield f"  keys        unique in {plural(checked.keyed, 'table')}; {references} resolved"
    if checked.digest:
        yield "  digest      computed again from the records"
    if checked.index:
        yield f"  index       {counted(checked.index, found.records)}"
    if found.source is not None:
        yield f"  source      {found.source}"
        if media := found.source.by_media:
            listed = ", ".join(f"{name} {count:,}" for name, count in media.items())
            yield f"  media types {listed}"
    for why in found.unchecked:
        yield f"  skipped     {why}"
    for one in found.mismatches:
        yield f"  MISMATCH    {one}"
    if not found.mismatches:
        yield "  OK: everything matches the manifest"


def _said(whose: str) -> str:
    return f"{whose} " if whose else ""


def _sample(request: VerifyRequest) -> Sample | None:
    """Return how much is read; raises WrongUse for flags that don't go together."""
    in_range = request.start is not None or request.end is not None
    if request.date is not None and (in_range or request.sample is not None):
        raise WrongUse(
            "--date can't be combined with --start, --end or --sample",
            advice="Give --date for one day, or --start and --end for a range.",
        )
    if request.date is None and (request.start is None or request.end is None):
        lacking = "--end" if request.start else "--start" if request.end else ""
        raise WrongUse(
            f"{lacking} is missing" if lacking else "no day is given",
            advice="Give --date for one day, or --start and --end for a range.",
        )
    if request.sample is None:
        return None
    try:
        return parse(request.sample)
    except ValueError as problem:
        raise WrongUse(
            f"--sample {request.sample} is neither a share nor a size",
            advice="Write 5% (more than 0, at most 100) or 500MB.",
        ) from problem


def _days(request: VerifyRequest, settings: Settings, clock: SystemClock) -> tuple[Day, ...]:
    """Return the days that were asked for, oldest first; raises WrongUse."""
    if request.date is not None:
        return (begun("--date", request.date, settings, clock),)
    return every_day(str(request.start), str(request.end), settings, clock, called="--")


def _dates(request: VerifyRequest) -> dict[str, str | None]:
    return {"date": request.date, "start": request.start, "end": request.end}


def _ends(parts: Iterator[Verifier], day: Day, *, quiet: bool) -> Iterator[_End]:
    """Verify the day of one dataset after the other; an error ends only its own."""
    for verifier in parts:
        try:
            yield _of_day(verifier, day, quiet=quiet)
        except ExportError as problem:
            yield _End(errors=(problem,))
            if isinstance(problem, Stopped):
                return


def _results(parts: Iterator[Verifier], asked: DayRange) -> Iterator[RangeResult]:
    """Verify the range for one dataset after the other."""
    rng = SystemRandom()
    for verifier in parts:
        result = check(verifier, asked, rng)
        yield result
        if any(isinstance(one, Stopped) for one in result.problems):
            return
