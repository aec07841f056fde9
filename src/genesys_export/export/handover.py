"""Lookup tables that 0.1.0 wrote with a day of conversations, handed over to their own dataset.

A manifest of that dataset takes over the keys before the day's own manifest stops naming them, so
that a reader finds each table in one of both at any time, and nobody deletes it. Idempotent.
"""

from __future__ import annotations

from dataclasses import replace

from ..datasets import Dataset, datasets
from ..days import Day
from ..errors import ChangedMeanwhile
from ..ledger import Ledger
from ..locations import Home
from ..manifest import Manifest
from ..model import Counts
from .dependencies import Dependencies


def hand_over(deps: Dependencies, day: Day, old: Manifest) -> Manifest:
    """Return the published manifest as far as it is of this dataset; the rest has its own then."""
    for other in datasets():
        if other.name != deps.plan.dataset.name:
            theirs = {name: files for name, files in old.tables.items() if other.has(name)}
            if theirs:
                _take(deps, day, other, replace(old, tables=theirs))
    mine = {name: files for name, files in old.tables.items() if deps.plan.dataset.has(name)}
    return old if len(mine) == len(old.tables) else replace(old, tables=mine)


def _take(deps: Dependencies, day: Day, other: Dataset, found: Manifest) -> None:
    """Write a manifest of the other dataset that names its files; one that is there stands."""
    home = Home(deps.plan.org, other.name)
    ledger = Ledger(store=deps.store, home=home, sleep=deps.clock.rest)
    if ledger.read(day) is not None:
        return
    names = tuple(found.tables)
    rows = sum(file.rows for files in found.tables.values() for file in files)
    recipe = replace(
        found.recipe,
        engine=other.feed,
        filters={},
        tables=names,
        keep_raw=False,
        query_body=None,
        column_version=other.column_version,
        privacy=found.recipe.privacy_of(names),
    )
    made = replace(
        found,
        dataset=other.name,
        recipe=recipe,
        state="final",
        slices=(),
        digest="0" * 64,
        counts=Counts(received=rows, exported=rows),
        rejects=None,
        index=(),
        changes=None,
        deleted={},
        cut=tuple(name for name in found.cut if name in names),
        notes=("Taken over from the manifest of the conversations of that day.",),
        source_count=None,
    )
    try:
        ledger.adopt(day, made)
    except ChangedMeanwhile:  # another run has just done the same
        return
