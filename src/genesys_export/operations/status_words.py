"""What is to be said of a day: its remarks, its lateness, a sentence for all days.

Pure, and the same for the terminal, the page and the JSON. Sentences may quote what a server or a
file said; who shows them makes them harmless for where they are shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ..progress.words import size
from .day_status import HARMLESS, DayStatus, OrgStatus, State

MEANINGS = {
    State.FINAL: "settled: fetched days after its end",
    State.PROVISIONAL: "whole; Genesys may still correct it",
    State.PARTIAL: "published before it was complete",
    State.PUBLISHING: "a replacement is under way",
    State.DAMAGED: "its files can't be taken",
    State.FAILED: "never published; the last attempt failed",
    State.MISSING: "nothing is published",
}
_BAD = frozenset({State.PARTIAL, State.DAMAGED, State.FAILED, State.MISSING})


class Weight(StrEnum):
    """Whether somebody should do something."""

    ATTENTION = "attention"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to know of a day: in two or three words, and in a sentence."""

    weight: Weight
    short: str
    text: str


def remarks(day: DayStatus) -> tuple[Remark, ...]:
    """Return all there is to say of a day, what needs attention first."""
    found = [*_of_state(day), *_of_attempts(day), *_of_counts(day), *_of_recipe(day)]
    return tuple(sorted(found, key=lambda remark: remark.weight is Weight.NOTE))


def needs_attention(day: DayStatus) -> bool:
    """Whether anything of the day should be looked after."""
    return any(remark.weight is Weight.ATTENTION for remark in remarks(day))


def _of_state(day: DayStatus) -> Iterator[Remark]:
    if day.unreadable:
        yield Remark(Weight.ATTENTION, "unreadable", day.unreadable)
    elif day.state is State.DAMAGED:
        told = (
            "what lies there is not what the manifest names; readers refuse it until it is "
            f"exported again: genesys-export run --date {day.day}"
        )
        yield Remark(Weight.ATTENTION, "damaged", told)
    if day.state is State.PARTIAL:
        reached = f"the data reached {instant(day.watermark)}" if day.watermark else ""
        told = f"published before it was complete{': ' if reached else ''}{reached}"
        yield Remark(Weight.ATTENTION, "partial", told)
    if day.state is State.MISSING and day.failure is None:
        told = f"nothing is published: genesys-export run --date {day.day}"
        yield Remark(Weight.ATTENTION, "missing", told)
    if day.state is State.PUBLISHING:
        told = (
            "a replacement is under way; where no run is at work any more, the next one finishes "
            "it first"
        )
        yield Remark(Weight.NOTE, "being replaced", told)


def _of_attempts(day: DayStatus) -> Iterator[Remark]:
    if day.failure:
        failed = day.failure
        ended = f"ended with status {failed.status} at {instant(failed.at)}"
        told = f"the last attempt {ended}: {failed.message.rstrip('.')}. {failed.advice}".strip()
        is_fine = day.manifest is not None and failed.status in HARMLESS
        weight = Weight.NOTE if is_fine else Weight.ATTENTION
        yield Remark(weight, f"status {failed.status}", told)
    if day.held:
        held = day.held
        who = f"attempt {held.attempt} on {held.host or 'an unnamed host'} (pid {held.pid})"
        if held.lapsed:
            told = f"{who} did not end; its claim lapsed at {instant(held.until)}"
            yield Remark(Weight.NOTE, "claim lapsed", f"{told}: the next run takes over")
        else:
            yield Remark(Weight.NOTE, "held", f"{who} holds it until {instant(held.until)}")


def _of_counts(day: DayStatus) -> Iterator[Remark]:
    counts = day.counts
    if day.source and day.disagrees:
        yield Remark(Weight.ATTENTION, f"source {percent(day.completeness)}", str(day.source))
    if counts.rejected:
        told = f"{many(counts.rejected, 'record')} could not be read"
        yield Remark(Weight.NOTE, f"{counts.rejected:,} rejected", told)
    if counts.drift:
        told = f"{many(counts.drift, 'value')} did not fit their columns and stand in _extra"
        yield Remark(Weight.NOTE, f"{counts.drift:,} drift", told)
    if counts.unknown_fields:
        names = ", ".join(sorted(counts.unknown_fields))
        yield Remark(
            Weight.NOTE,
            many(len(counts.unknown_fields), "new field"),
            f"fields this version does not know stand in _extra: {names}",
        )
    if counts.differing_duplicates:
        told = f"{many(counts.differing_duplicates, 'conversation')} came twice, not alike"
        yield Remark(Weight.NOTE, f"{counts.differing_duplicates:,} differing", told)


def _of_recipe(day: DayStatus) -> Iterator[Remark]:
    if day.differences:
        told = f"made by another recipe than the newest days: {'; '.join(day.differences)}"
        yield Remark(Weight.NOTE, "other recipe", told)
    cut = day.manifest.cut if day.manifest else ()
    for note in day.manifest.notes if day.manifest else ():
        is_of_cut = note.partition(" ")[0] in cut  # such a note begins with the table's name
        yield Remark(Weight.NOTE, "cut table" if is_of_cut else "note", note)


def summary(status: OrgStatus) -> str:
    """Return one sentence for all days."""
    days = status.days
    if not days:
        return f"Nothing is published below {status.url}."
    told = ", ".join(f"{count:,} {state}" for state, count in by_state(days).items() if count)
    span = str(days[0].day) if len(days) == 1 else f"{days[0].day} to {days[-1].day}"
    total = f"{many(sum(day.conversations for day in days), 'conversation')}"
    weight = size(sum(day.size_bytes for day in days))
    ill = sum(map(needs_attention, days))
    rest = f"; {many(ill, 'day needs', 'days need')} attention" if ill else ""
    return f"{many(len(days), 'day')}, {span}: {told}; {total}, {weight}{rest}."


def by_state(days: Sequence[DayStatus]) -> dict[State, int]:
    """Return how many days are in each state, in the order of the states."""
    counted = Counter(day.state for day in days)
    return {state: counted[state] for state in State}


def lateness(delta: timedelta | None) -> str:
    """Return `35 min`, `6 h 05 min` or `4 d 6 h`; `… before` where it was before."""
    if delta is None:
        return ""
    minutes = round(abs(delta).total_seconds() / 60)
    hours, days = minutes // 60, minutes // 1440
    if days >= 2:
        told = f"{days} d {hours % 24} h"
    elif hours:
        told = f"{hours} h {minutes % 60:02d} min"
    else:
        told = f"{minutes} min"
    return f"{told} before" if delta < timedelta(0) else told


def after(delta: timedelta | None) -> str:
    """Return `4 d 6 h after its end` or `3 h 00 min before its end`."""
    told = lateness(delta)
    if not told:
        return ""
    return f"{told} its end" if told.endswith("before") else f"{told} after its end"


def percent(value: float | None) -> str:
    """Return `99.98 %`; never 100 where it is not; nothing for None."""
    if value is None:
        return ""
    shown = f"{value:.2f}"
    if shown == "100.00" and value != 100:
        shown = "99.99" if value < 100 else "100.01"
    return f"{shown.removesuffix('.00')} %"


def many(count: int, one: str, more: str = "") -> str:
    """Return `1 day` or `2,345 days`."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def instant(when: datetime | None) -> str:
    """Return `2026-11-22 06:05 UTC`; nothing for None."""
    return f"{when:%Y-%m-%d %H:%M} UTC" if when else ""
