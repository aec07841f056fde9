"""Keys that the last exports of a day deleted: they can't be written again for a while.

Another run may still be about to delete them. Found before anything is read or staged; says which
difference between the exports is the cause.
"""

from __future__ import annotations

from collections.abc import Sequence

from .. import guards
from ..days import Day, Slice, to_the_minute
from ..errors import TryAgainLater
from ..ledger import Published
from .dependencies import Dependencies


def check_rested(
    deps: Dependencies, day: Day, slices: Sequence[Slice], before: Published | None
) -> None:
    """Raise TryAgainLater if this export may need a key that was deleted recently."""
    if before is None:
        return
    found = {
        key: until
        for key, until in deps.ledger.resting(day, before).items()
        if deps.plan.may_write(key, slices)
    }
    if not found:
        return
    key, until = min(found), max(found.values())
    minutes = deps.ledger.recreate_after.total_seconds() / 60
    cause, instead = _cause(deps, slices, before, key)
    raise TryAgainLater(
        f"{day}: {deps.store.url(key)} was deleted less than {minutes:.0f} minutes ago, because"
        f" {cause}; a slow run may still be deleting it, so it can't be written again yet",
        advice=f"Try again after {to_the_minute(until)}{instead}.",
        retry_at=until,
    )


def _cause(
    deps: Dependencies, slices: Sequence[Slice], before: Published, key: str
) -> tuple[str, str]:
    """Return why the key was deleted, and what else than waiting would help."""
    old = before.value
    if differ := guards.differences(old.recipe, deps.recipe):
        instead = ", or export the day with the settings it was last exported with"
        return f"the day was last exported with other settings ({'; '.join(differ)})", instead
    if key in map(deps.plan.rejects, slices):
        return "the day's last export found no unreadable records", ""
    # A day found unchanged in other slices keeps its files: these tell, unless they roll.
    files = next(iter(old.tables.values()), ())
    count = len(old.slices) if deps.plan.roll else len(files)
    if count and count != len(slices):
        return f"the day was last exported in {_many(count)}", f", or with --slices {count}"
    if deps.plan.roll:
        return "the day's last export needed fewer files of that table ([roll])", ""
    return "the day's last export had no such file", ""


def _many(slices: int) -> str:
    return f"{slices} slices" if slices != 1 else "1 slice"
