"""`verify`: from flags to a screen of what was looked at, and the exit status."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..api import SystemClock
from ..assembly.examining import verifiers
from ..assembly.exporting import day_of
from ..days import Day
from ..errors import ExportError, Stopped, WrongUse, worst
from ..operations.verify import Verification, Verifier
from ..plural import plural
from ..progress import progress
from ..progress.words import clean, size
from ..settings import Need, load
from .showing import show
from .signals import Signals


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """What `verify` was asked for beside its settings."""

    date: str
    source: bool = False


def execute(
    request: VerifyRequest, flags: Mapping[str, object], environ: Mapping[str, str] | None = None
) -> int:
    """Verify a day of every organisation asked for; return the exit status (C14)."""
    needs = {Need.DESTINATION, Need.SOURCE} if request.source else {Need.DESTINATION}
    settings = load(flags=flags, environ=environ, needs=needs, dates={"date": request.date})
    clock, log = SystemClock(), settings.log
    try:
        day = day_of(settings, request.date, clock)
    except ValueError as problem:
        raise WrongUse(
            f"--date {request.date} is not a valid date", advice="Use YYYY-MM-DD or yesterday."
        ) from problem
    signals = Signals(clock)
    shown = progress(sys.stderr, format=log.format, level=log.level, clock=clock)
    with signals.handled(), shown as observe:
        parts = verifiers(settings, clock=clock, observe=observe, source=request.source)
        outcomes = list(_outcomes(parts, day))
    for outcome in outcomes:
        if isinstance(outcome, Verification):
            sys.stdout.write("".join(f"{clean(line)}\n" for line in told(outcome)))
        if error := _error(outcome):
            show(error, verbose=log.level == "verbose")
    stopped = [one.status for one in outcomes if isinstance(one, Stopped)]
    return stopped[0] if stopped else worst(tuple(_status(one) for one in outcomes))


def told(found: Verification) -> Iterator[str]:
    """Yield the lines that say what was looked at, and what is not as promised."""
    manifest, checked = found.manifest, found.checked
    org = f"{found.org} " if found.org else ""
    count = plural(manifest.counts.exported, "conversation")
    yield f"{org}{found.day}: {manifest.state}, {count}, by {found.manifest_url}"
    yield f"  read back   {plural(checked.objects, 'object')}, {size(checked.size_bytes)}"
    yield f"  rows        {checked.rows:,} in {plural(checked.tables, 'table')}"
    if checked.keyed:
        references = plural(checked.references, "reference")
        yield f"  keys        {plural(checked.keyed, 'table')}, {references} between them"
    if checked.digest:
        yield "  digest      made again from the records"
    if checked.index:
        yield f"  index       {plural(checked.index, 'conversation')}"
    if found.source is not None:
        yield f"  source      {found.source}"
        if media := found.source.by_media:
            listed = ", ".join(f"{medium} {count:,}" for medium, count in media.items())
            yield f"  by medium   {listed}"
    for why in found.unchecked:
        yield f"  not checked {why}"
    for one in found.mismatches:
        yield f"  MISMATCH    {one}"
    if not found.mismatches:
        yield "  all of it is as the manifest says"


def _outcomes(parts: Iterator[Verifier], day: Day) -> Iterator[Verification | ExportError]:
    """Verify the day of one organisation after the other; an error ends only its own."""
    for verifier in parts:
        try:
            yield verifier.verify(day)
        except Stopped as problem:
            yield problem
            return
        except ExportError as problem:
            yield problem


def _error(outcome: Verification | ExportError) -> ExportError | None:
    return outcome.problem if isinstance(outcome, Verification) else outcome


def _status(outcome: Verification | ExportError) -> int:
    error = _error(outcome)
    return error.status if error else 0
