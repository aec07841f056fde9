"""What there is to say about a day: remarks, ages, one sentence for all days.

Pure, and the same for the terminal, the page and the JSON. Sentences may quote what a server or a
file said: whoever shows them makes them harmless first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ...errors import in_sentences
from ...last_run import LastRun
from ...plural import counted, plural
from ...progress.words import size
from .day import HARMLESS, DayStatus, OrgStatus, State

MEANINGS = {
    State.FINAL: "fetched days after its end, when Genesys has made its corrections",
    State.PROVISIONAL: "complete; Genesys may still correct it",
    State.PARTIAL: "published before it was complete",
    State.PUBLISHING: "a replacement is under way",
    State.DAMAGED: "its files are not what the manifest says",
    State.FAILED: "never published; the last attempt failed",
    State.MISSING: "nothing is published",
    State.ABSENT: "no snapshot was taken while the day could be read",
}


class Weight(StrEnum):
    """Whether somebody should do something."""

    ATTENTION = "attention"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to know about a day: in two or three words, in a sentence, and what helps."""

    weight: Weight
    short: str
    text: str
    command: str = ""


def remarks(day: DayStatus) -> tuple[Remark, ...]:
    """Return everything there is to say about a day, what needs attention first."""
    found = [*_of_state(day), *_of_attempts(day), *_of_counts(day), *_of_recipe(day)]
    found += _of_messages(day)
    return tuple(sorted(found, key=lambda remark: remark.weight is Weight.NOTE))


def shorts(day: DayStatus) -> tuple[str, ...]:
    """Return the remarks as they stand in one line; equal ones are counted, not repeated."""
    counted = Counter(remark.short for remark in remarks(day))
    return tuple(one if count == 1 else plural(count, one) for one, count in counted.items())


def needs_attention(day: DayStatus) -> bool:
    """Whether somebody should look at the day."""
    return any(remark.weight is Weight.ATTENTION for remark in remarks(day))


def run_failed(run: LastRun | None) -> bool:
    """Whether the last run ended with an error that somebody should look at."""
    return run is not None and run.status != 0 and run.status not in HARMLESS


def export_command(day: DayStatus) -> str:
    """Return the command that exports the day: the nightly one where that does it anyway.

    Nothing exports a past day of a snapshot.
    """
    if day.is_past:
        return ""
    return f"genesys-export run{'' if day.due else f' --date {day.day}'}{day.given}"


def _repair(day: DayStatus) -> str:
    if day.is_past:
        return "a past day of a snapshot can't be read again: restore its files from a backup"
    return f"{'the next run' if day.due else 'exporting the day again'} repairs it"


def _of_state(day: DayStatus) -> Iterator[Remark]:
    again = export_command(day)
    if day.unreadable:
        yield Remark(Weight.ATTENTION, "unreadable", day.unreadable)
    elif day.damage:
        told = f"{day.damage}; {_repair(day)}"
        yield Remark(Weight.ATTENTION, "damaged", told, again)
    elif day.state is State.DAMAGED:
        told = (
            "its files are not what the manifest says; readers refuse the day until it is "
            "exported again"
        )
        yield Remark(Weight.ATTENTION, "damaged", told, again)
    if day.state is State.PARTIAL:
        reached = f"the data reached {instant(day.watermark)}" if day.watermark else ""
        told = f"published before it was complete{': ' if reached else ''}{reached}"
        yield Remark(Weight.NOTE if day.is_past else Weight.ATTENTION, "partial", told)
    if day.state is State.MISSING and day.failure is None:
        told = f"nothing is published{'; the next run exports it' if day.due else ''}"
        yield Remark(Weight.ATTENTION, "missing", told, again)
    if day.state is State.ABSENT:
        yield Remark(Weight.NOTE, "absent", MEANINGS[State.ABSENT])
    if day.state is State.PUBLISHING:
        told = "a replacement is under way; if its run has died, the next run finishes it first"
        yield Remark(Weight.NOTE, "being replaced", told)


def _of_attempts(day: DayStatus) -> Iterator[Remark]:
    if day.failure:
        failed = day.failure
        ended = f"ended with status {failed.status} at {instant(failed.at)}"
        told = f"the last attempt {ended}: {in_sentences(failed.message, failed.advice)}"
        is_fine = day.manifest is not None and failed.status in HARMLESS
        weight = Weight.NOTE if is_fine or day.is_past else Weight.ATTENTION
        yield Remark(weight, f"status {failed.status}", told)
    if day.held:
        held = day.held
        who = f"attempt {held.attempt} on {held.host or 'an unnamed host'} (pid {held.pid})"
        if held.lapsed:
            told = f"{who} did not end; its claim expired at {instant(held.until)}"
            yield Remark(Weight.NOTE, "claim expired", f"{told}: the next run takes over")
        else:
            told = f"{who} has claimed the day until {instant(held.until)}"
            yield Remark(Weight.NOTE, "claimed", told)


def _of_counts(day: DayStatus) -> Iterator[Remark]:
    counts = day.counts
    if day.source and day.disagrees:
        yield Remark(Weight.ATTENTION, f"source {percent(day.completeness)}", str(day.source))
    if counts.rejected:
        told = f"{plural(counts.rejected, 'record')} could not be read"
        yield Remark(Weight.NOTE, f"{counts.rejected:,} rejected", told)
    if counts.drift:
        fit = "did not fit its column and is" if counts.drift == 1 else "did not fit and are"
        told = f"{plural(counts.drift, 'value')} {fit} kept in _extra"
        yield Remark(Weight.NOTE, f"{counts.drift:,} drift", told)
    if counts.unknown_fields:
        names = ", ".join(sorted(counts.unknown_fields))
        yield Remark(
            Weight.NOTE,
            plural(len(counts.unknown_fields), "new field"),
            f"fields that this version does not know are kept in _extra: {names}",
        )
    if counts.differing_duplicates:
        told = (
            f"{counted(counts.differing_duplicates, day.dataset.records)} came in differing copies"
        )
        yield Remark(Weight.NOTE, f"{counts.differing_duplicates:,} differing", told)


def _of_recipe(day: DayStatus) -> Iterator[Remark]:
    if day.differences:
        told = f"exported with other settings than the newest days: {'; '.join(day.differences)}"
        yield Remark(Weight.NOTE, "other settings", told)
    cut = day.manifest.cut if day.manifest else ()
    for note in day.manifest.notes if day.manifest else ():
        is_of_cut = note.partition(" ")[0] in cut  # such a note begins with the table's name
        yield Remark(Weight.NOTE, "cut table" if is_of_cut else "note", note)


def _of_messages(day: DayStatus) -> Iterator[Remark]:
    if day.owed:
        many = plural(len(day.owed), "message")
        verb = "was" if len(day.owed) == 1 else "were"
        kinds = ", ".join(sorted({*day.owed}))
        told = f"{many} about the day ({kinds}) {verb} not delivered yet; the next run tries again"
        yield Remark(Weight.NOTE, f"{many} owed", told)


def summary(status: OrgStatus) -> str:
    """Return one sentence for all days."""
    days, failed = status.days, run_failed(status.last_run)
    if not days:
        run = status.last_run
        told = f"; the last run ended with status {run.status}" if run and failed else ""
        return f"Nothing is published below {status.url}{told}."
    told = ", ".join(f"{count:,} {state}" for state, count in by_state(days).items() if count)
    span = str(days[0].day) if len(days) == 1 else f"{days[0].day} to {days[-1].day}"
    total = counted(sum(day.exported for day in days), status.dataset.records)
    weight = size(sum(day.size_bytes for day in days))
    ill = sum(map(needs_attention, days))
    rest = f"; {plural(ill, 'day needs', 'days need')} attention" if ill else ""
    rest += "; the last run failed" if failed else ""
    return f"{plural(len(days), 'day')}, {span}: {told}; {total}, {weight}{rest}."


def run_words(run: LastRun) -> str:
    """Return when a run ended and with what result, on one line."""
    counts = {
        "published": run.published,
        "unchanged": run.unchanged,
        "skipped": run.skipped,
        "failed": run.failed,
        "unfinished": run.unfinished,
        "not tried": run.not_tried,
    }
    days = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    nothing = "" if run.message else " (no day was due)"
    told = f"{instant(run.ended)}, {run.command} ended with status {run.status}"
    return told + (f" (days: {days})" if days else nothing)


def run_error(run: LastRun) -> str:
    """Return the run's gravest error with its advice; nothing where it had none."""
    if not run.message:
        return ""
    about = f"{run.day}: " if run.day and run.day not in run.message else ""
    return about + in_sentences(run.message, run.advice)


def by_state(days: Sequence[DayStatus]) -> dict[State, int]:
    """Return how many days are in each state, in the order of the states."""
    counted = Counter(day.state for day in days)
    return {state: counted[state] for state in State}


def lateness(delta: timedelta | None) -> str:
    """Return `35 min`, `6 h 05 min` or `4 d 6 h`; how long it is, whichever the direction."""
    if delta is None:
        return ""
    minutes = round(abs(delta).total_seconds() / 60)
    hours, days = minutes // 60, minutes // 1440
    if days >= 2:
        return f"{days} d {hours % 24} h"
    return f"{hours} h {minutes % 60:02d} min" if hours else f"{minutes} min"


def after(delta: timedelta | None) -> str:
    """Return `4 d 6 h after its end` or `3 h 00 min before its end`."""
    if delta is None:
        return ""
    return f"{lateness(delta)} {'before' if delta < timedelta(0) else 'after'} its end"


def percent(value: float | None) -> str:
    """Return `99.98 %`; never 100 where it is not; nothing for None."""
    if value is None:
        return ""
    shown = f"{value:.2f}"
    if shown == "100.00" and value != 100:
        shown = "99.99" if value < 100 else "100.01"
    return f"{shown.removesuffix('.00')} %"


def instant(when: datetime | None) -> str:
    """Return `2026-11-22 06:05 UTC`; nothing for None."""
    return f"{when:%Y-%m-%d %H:%M} UTC" if when else ""
