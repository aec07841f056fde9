"""`--dry-run`: what would be asked and written, or refused. Reads manifests alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import msgspec

from ..assembly.exporting import dry_run
from ..days import Day
from ..errors import WrongSettings, worst
from ..export import (
    NOTHING_DUE,
    Choice,
    DayExporter,
    DayResult,
    ExportOptions,
    published_among,
    settled_days,
)
from ..exporter import Exporter
from ..progress.words import clean
from .problems import shared


def say_only(work: Exporter, choice: Choice, options: ExportOptions) -> int:
    """Print what would be asked and written, or refused; return the exit status for that."""
    refused: list[DayResult] = []
    if idle := work.settings.why_idle:
        sys.stdout.write(f"{idle}\n")
    work.settings.require_some()
    for org in work.orgs:
        try:
            exporters = work.parts_of(org)
        except WrongSettings as problem:
            dataset = work.settings.datasets[0].name
            refused += [
                DayResult(org=org, dataset=dataset, day=day, problem=problem)
                for day in choice.days[:1]
            ]
            continue
        for exporter in exporters:
            refused += _said(exporter, choice, options, named=len(exporters) > 1)
    return _refused(refused)


def _said(
    exporter: DayExporter, choice: Choice, options: ExportOptions, *, named: bool
) -> Iterator[DayResult]:
    """Print what would become of the days of a dataset; yield those that would be refused."""
    plan = exporter.deps.plan
    whose = clean(" ".join(filter(None, (plan.org, plan.dataset.name if named else ""))))
    days = tuple(one.day for one in choice.due(exporter))
    if not days:
        sys.stdout.write(f"{whose}: {NOTHING_DUE}\n" if whose else f"{NOTHING_DUE}\n")
    published = published_among(exporter, days)
    settled = settled_days(exporter, published, options, lambda: None)
    for day in days:
        its = f"{whose} {day}".lstrip()
        if report := settled.get(day):
            sys.stdout.write(f"would skip {its}: {clean(report.note)}\n")
        elif problem := _problem(exporter, day, options):
            yield DayResult(org=plan.org, dataset=plan.dataset.name, day=day, problem=problem)
        else:
            _say(exporter, day, its)


def _problem(exporter: DayExporter, day: Day, options: ExportOptions) -> WrongSettings | None:
    try:
        exporter.check(day, options)
    except WrongSettings as problem:
        return problem
    return None


def _say(exporter: DayExporter, day: Day, its: str) -> None:
    found = dry_run(exporter, day)
    sys.stdout.write(f"{its} ({day.zone.key}): {day.interval}\n")
    for body in found.asked:
        text = msgspec.json.encode(body).decode()
        sys.stdout.write(f"would {exporter.deps.feed.asks}: {clean(text)}\n")
    for url in found.written:
        sys.stdout.write(f"would write {clean(url)}\n")
    if exporter.deps.plan.auto:
        sys.stdout.write("and, if Genesys counts many records, more slices: ….001, …\n")
    if exporter.deps.plan.roll:
        sys.stdout.write("and, if a file reaches a limit of [roll], the next ones: …-001, …\n")


def _refused(results: Sequence[DayResult]) -> int:
    """Print why days would be refused, each reason once; return the exit status for that."""
    for one in shared(results):
        sys.stdout.write(f"would be refused: {clean(one.whose)}{one.said}\n")
        if one.problem.advice and one.advise:
            sys.stdout.write(f"  {one.problem.advice}\n")
    return worst((0, *(one.exit_status for one in results)))
