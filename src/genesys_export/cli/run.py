"""`run`: from flags to exit status."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec

from ..api import SystemClock
from ..assembly.exporting import dry_run, exporters
from ..days import Day
from ..errors import Stopped, WrongSettings, WrongUse, as_known, worst
from ..events import DayDue, DaySkipped, ignore
from ..export import Due, Exporter, ExportOptions, agenda
from ..life import Reason, Why
from ..progress.words import clean
from ..settings import Flags, Settings
from .dates import check_begun, day_given
from .observed import observed
from .problems import shared
from .recording import settings_of
from .report import Outcome
from .signals import Signals


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What `run` was asked for, apart from its settings."""

    date: str | None = None
    options: ExportOptions = field(default_factory=ExportOptions)
    dry_run: bool = False
    report: Path | None = None


def execute(request: RunRequest, flags: Flags, environ: Mapping[str, str] | None = None) -> int:
    """Export the days asked for of every organisation; return the exit status (C14)."""
    if request.options.force and request.date is None:
        raise WrongUse("--force needs --date: it exports one day again", advice=_FORCE)
    clock = SystemClock()
    settings = settings_of(
        "run",
        flags,
        environ,
        clock,
        dates={"date": request.date},
        recorded=not request.dry_run,
    )
    day = day_given("date", request.date, settings, clock)
    check_begun("date", day, clock)
    asked = ChosenDays(day=day, alone=request.date is not None, options=request.options)
    if request.dry_run:
        return _say_only(settings, asked, clock)
    return observed(settings, clock, request.report, partial(_outcomes, asked), command="run")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenDays:
    """A day alone; or that day and, where state is kept, every one that is missing or due."""

    day: Day
    alone: bool
    options: ExportOptions

    def due(self, exporter: Exporter) -> tuple[Due, ...]:
        """Return the days to be exported, oldest first."""
        if self.alone or not exporter.deps.plan.keeps_state:
            return (Due(self.day, _ASKED),)
        due = agenda(exporter.deps, self.day.zone)
        if not due:  # which a clock that is far behind makes of every day
            exporter.deps.check_clock()
        return due


_NOTHING_DUE = "no day is missing or may have changed: nothing to do"
_FORCE = (
    "Name the day, such as --date yesterday; for several days use"
    " `genesys-export backfill --start … --end … --force`."
)
_ASKED = Reason(Why.MISSING, "--date names it")


def _outcomes(
    asked: ChosenDays, exporters: Iterator[Exporter], signals: Signals
) -> Iterator[Outcome]:
    """Export one organisation after the other, day by day; an error ends only its own day."""
    for exporter in exporters:
        org = exporter.deps.plan.org
        try:
            signals.check()
            due = asked.due(exporter)
        except Exception as problem:  # noqa: BLE001 - the border of an organisation
            yield Outcome(org=org, day=asked.day, problem=as_known(problem, org))
            if isinstance(problem, Stopped):
                return
            continue
        _announce(exporter, due, asked)
        for one in due:
            outcome = outcome_of(exporter, one.day, asked.options, signals)
            yield outcome
            if isinstance(outcome.problem, Stopped):
                return


def _announce(exporter: Exporter, due: tuple[Due, ...], asked: ChosenDays) -> None:
    """Say which days are due, where that is more than the usual one, or none."""
    if asked.alone:
        return
    org = exporter.deps.plan.org
    for one in due:
        if one.day != asked.day:
            told = DayDue(org=org, day=str(one.day), reason=one.reason.sentence)
            exporter.deps.observe(told)
    if not due:
        exporter.deps.observe(DaySkipped(org=org, day=str(asked.day), reason=_NOTHING_DUE))


def outcome_of(exporter: Exporter, day: Day, options: ExportOptions, signals: Signals) -> Outcome:
    """Export one day; any error is part of the outcome and does not stop the others."""
    org = exporter.deps.plan.org
    try:
        signals.check()
        report = exporter.export(day, options)
    except Exception as problem:  # noqa: BLE001 - the border of a day
        known = signals.pending or as_known(problem, str(day))
        return Outcome(org=org, day=day, problem=known)
    return Outcome(org=org, day=day, report=report, problem=report.problem)


def _say_only(settings: Settings, asked: ChosenDays, clock: SystemClock) -> int:
    """Print what would be asked and written, or refused; return the exit status for that.

    Of the destination only manifests are read.
    """
    outcomes: list[Outcome] = []
    for exporter in exporters(settings, clock=clock, observe=ignore):
        due, keeps_state = asked.due(exporter), exporter.deps.plan.keeps_state
        if not due:
            sys.stdout.write(f"{_NOTHING_DUE}\n")
        for one in due:
            settled = exporter.settled(one.day, asked.options) if keeps_state else None
            made = settled.manifest if settled else None
            if settled and not (made and exporter.damaged((made,))):
                sys.stdout.write(f"would skip {one.day}: {clean(settled.note)}\n")
            else:
                outcomes.append(say_only(settings, exporter, one.day, asked.options))
    return refused(outcomes)


def refused(outcomes: Sequence[Outcome]) -> int:
    """Print why days would be refused, each reason once; return the exit status for that."""
    for one in shared(outcomes):
        sys.stdout.write(f"would be refused: {clean(one.whose)}{one.problem.message}\n")
        if one.problem.advice and one.advise:
            sys.stdout.write(f"  {one.problem.advice}\n")
    return worst((0, *(one.status for one in outcomes)))


def say_only(settings: Settings, exporter: Exporter, day: Day, options: ExportOptions) -> Outcome:
    """Print what would be asked for a day, and what would be written; return what refuses it."""
    org = exporter.deps.plan.org
    try:
        exporter.check(day, options)
    except WrongSettings as problem:
        return Outcome(org=org, day=day, problem=problem)
    asks = "would submit a job" if settings.export.engine == "jobs" else "would ask"
    found = dry_run(exporter, day)
    sys.stdout.write(f"{day} ({day.zone.key}): {day.interval}\n")
    for body in found.asked:
        text = msgspec.json.encode(body).decode()
        sys.stdout.write(f"{asks}: {clean(text)}\n")
    for url in found.written:
        sys.stdout.write(f"would write {clean(url)}\n")
    if exporter.deps.plan.roll:
        sys.stdout.write("and, if a file reaches a limit of [roll], the next ones: …-001, …\n")
    return Outcome(org=org, day=day)
