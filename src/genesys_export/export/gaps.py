"""Tables of a snapshot that don't hold their whole list: what is published of them, and the error.

A table that was published before is never taken away. A list that the client may not read, or that
Genesys does not have, leaves it as it was, or has none. One that breaks off leaves it as it was
where that was whole; else it is published as far as it came.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..days import Day
from ..errors import Aftermath, NotPermitted
from ..manifest import File, Manifest
from ..model import Gap

_KEPT = "keeps its previously published version"
_ABSENT = "is not written"
Tables = Mapping[str, tuple[File, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The tables of a day as they are published, and what the manifest says of them."""

    tables: Tables
    cut: tuple[str, ...] = ()  # tables that don't hold their whole list
    notes: tuple[str, ...] = ()


def filled(tables: Tables, gaps: Sequence[Gap], before: Manifest | None) -> Filled:
    """Return the tables with those that stay as they were published before.

    `tables` are those that were staged, cut ones included.
    """
    made, cut, notes = dict(tables), [], []
    for gap in gaps:
        old = before.tables.get(gap.table, ()) if before else ()
        was_whole = before is not None and gap.table not in before.cut
        if old and (was_whole or not gap.entries):
            made[gap.table] = old
            fate = _KEPT
        else:
            fate = "is cut" if gap.entries else _ABSENT
        if gap.table in made and not (old and was_whole):
            cut.append(gap.table)
        notes.append(f"{gap.table} {fate}: {_why(gap)}")
    return Filled(tables=made, cut=tuple(cut), notes=tuple(notes))


def is_partial(gaps: Sequence[Gap]) -> bool:
    """Whether reading the day again might give more: what is forbidden or absent stays so."""
    return any(gap.permissions is None and not gap.is_lasting for gap in gaps)


def problem(day: Day, gaps: Sequence[Gap], published: Tables) -> NotPermitted | None:
    """Return what the run ends with although the day is published; None: nothing is forbidden."""
    missing = [*_forbidden(gaps)]
    if not missing:
        return None
    fates = ((gap, _KEPT if gap.table in published else _ABSENT) for gap in missing)
    lists = "; ".join(f"{gap.table} {fate}: {gap.why}" for gap, fate in fates)
    needed = ", ".join(dict.fromkeys(gap.why.removesuffix(" is missing") for gap in missing))
    found = NotPermitted(
        f"{day} is published, but {lists}",
        permissions=tuple(one for gap in missing for one in gap.permissions or ()),
        advice=f"Give {needed} to a role of the OAuth client, in every division, and run again "
        "with --force before the next day ends; or name the tables that you want with --table.",
    )
    found.aftermath = Aftermath.PUBLISHED
    return found


def _why(gap: Gap) -> str:
    if gap.permissions is not None:
        return gap.why
    if gap.is_lasting:
        return f"Genesys does not have its list ({gap.why})"
    entries = "1 entry" if gap.entries == 1 else f"{gap.entries:,} entries"
    return f"its list was cut off after {entries} ({gap.why})"


def _forbidden(gaps: Sequence[Gap]) -> Iterator[Gap]:
    return (gap for gap in gaps if gap.permissions is not None)
