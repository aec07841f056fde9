"""Lookup tables that 0.1.0 wrote with a day of conversations, handed over to their own dataset.

A manifest of that dataset takes over the keys before the day's own manifest stops naming them, so
that a reader finds each table in one of both at any time, and nobody deletes it. Idempotent.
"""

from __future__ import annotations

from dataclasses import replace

from ..datasets import DEFAULT, NAMES, Dataset, dataset_named
from ..days import Day
from ..errors import ChangedMeanwhile, TryAgainLater
from ..ledger import Ledger, Published
from ..locations import Home
from ..manifest import File, Manifest
from ..model import Counts
from .dependencies import Dependencies


def hand_over(deps: Dependencies, day: Day, old: Manifest) -> Manifest:
    """Return the published manifest without its lookup tables; they have their own then."""
    if deps.plan.dataset.name != DEFAULT:
        return old
    theirs, keys = _foreign(old), _prefixes(deps)
    if theirs:
        _take(deps, day, old)
    return replace(
        old,
        tables={name: files for name, files in old.tables.items() if name not in theirs},
        recipe=old.recipe.of_one_dataset,
        cut=tuple(name for name in old.cut if name not in theirs),
        leftover=tuple(key for key in old.leftover if not key.startswith(keys)),
    )


def taken_over(deps: Dependencies, day: Day, before: Published | None) -> Published | None:
    """Return what is published of a day; of lookup tables also what 0.1.0 published of it.

    Raises TryAgainLater where the manifest that names them changes at this moment.
    """
    if deps.plan.dataset.name != NAMES or not deps.plan.keeps_state:
        return before
    ledger = _ledger(deps, dataset_named(DEFAULT))
    there = ledger.read(day)
    if there is None or not _foreign(there.value):
        return before
    giver = replace(deps, plan=replace(deps.plan, dataset=dataset_named(DEFAULT)))
    try:
        whole = ledger.roll_forward(day, there)
        ledger.rename(day, whole, hand_over(giver, day, whole.value))
    except ChangedMeanwhile as theirs:
        raise TryAgainLater(f"{day} is being published by another run") from theirs
    return deps.ledger.read(day)


def _take(deps: Dependencies, day: Day, found: Manifest) -> None:
    """Write a manifest of the lookup tables' dataset; one that is there stands."""
    tables, other = _foreign(found), dataset_named(NAMES)
    ledger = _ledger(deps, other)
    if ledger.read(day) is not None:
        return
    names = tuple(tables)
    rows = sum(file.rows for files in tables.values() for file in files)
    recipe = replace(
        found.recipe,
        engine=other.feed.value,
        filters={},
        tables=names,
        keep_raw=False,
        query_body=None,
        privacy=found.recipe.privacy_of(names),
    )
    made = replace(
        found,
        dataset=other.name,
        recipe=recipe,
        state="final",
        slices=(),
        tables=tables,
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
        ledger.rename(day, None, made)
    except ChangedMeanwhile:  # another run has just done the same
        return


def _foreign(found: Manifest) -> dict[str, tuple[File, ...]]:
    """Return the lookup tables that the manifest names."""
    other = dataset_named(NAMES)
    return {name: files for name, files in found.tables.items() if other.has(name)}


def _prefixes(deps: Dependencies) -> tuple[str, ...]:
    """Return what the keys of all lookup tables begin with."""
    names = (table.name for table in dataset_named(NAMES).tables)
    return tuple(deps.plan.under_org(f"{name}/") for name in names)


def _ledger(deps: Dependencies, dataset: Dataset) -> Ledger:
    home = Home(deps.plan.org, dataset.name)
    return Ledger(store=deps.store, home=home, sleep=deps.clock.rest)
