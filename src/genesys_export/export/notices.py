"""Notices about an exported day."""

from __future__ import annotations

from ..events import DayPublished, Noticed, Observe
from ..manifest import Manifest
from ..plural import counted, plural
from .plan import Plan
from .report import DayReport, Outcome


def tell(observe: Observe, plan: Plan, report: DayReport) -> None:
    """Report what is published and what is notable about it."""
    manifest = report.manifest
    if manifest is None:
        return
    if report.outcome is Outcome.PUBLISHED:
        for note in _notes(plan, manifest):
            observe(Noticed(message=f"{report.day}{note}"))
    for note in manifest.notes:
        if note not in plan.notes:
            observe(Noticed(message=f"{report.day}: {note}"))
    if report.changes:
        found = report.changes
        message = (
            f"{report.day}: {found.new} new, {found.changed} changed, {found.gone} gone since it"
            " was last exported"
        )
        observe(Noticed(message=message))
    observe(
        DayPublished(
            **plan.whose,
            day=str(report.day),
            state=manifest.state,
            outcome=report.outcome.value,
            manifest=report.manifest_url,
            conversations=manifest.counts.exported,
            rows=sum(file.rows for file in report.files),
            files=len(report.files),
            size_bytes=sum(file.bytes for file in report.files),
        )
    )


def _notes(plan: Plan, manifest: Manifest) -> list[str]:
    counts, hides, records = manifest.counts, bool(plan.privacy), plan.dataset.records
    whole = "not written, for privacy" if hides else "kept in rejects.jsonl.gz"
    rest = "kept in _extra, which is protected" if hides else "kept in _extra"
    names = ", ".join(sorted(counts.unknown_fields))
    better = "later" if plan.dataset.record else "more complete"
    notes = {
        f" has no {records}: the published files have only a header": not counts.exported,
        f": {plural(counts.rejected, 'record')} could not be read, {whole}": counts.rejected,
        f": {plural(counts.drift, 'value')} did not fit the column, {rest}": counts.drift,
        f": {counted(counts.differing_duplicates, records)} came in differing copies; the "
        f"{better} copy was kept": counts.differing_duplicates,
        f": fields this version does not know, {rest}: {names}": names,
    }
    return [note for note, applies in notes.items() if applies]
