"""Leftovers of attempts at a day: uploads, indexes, lists of changes, probes.

Removing them is the claim holder's business alone. An upload counts as left only if it began
before the claim was last written, by the store's own clock: whoever takes the day over begins
later, so that a sleeper who wakes throws away nothing of theirs.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ..days import Day
from ..ledger import Lease
from ..manifest import Manifest
from .dependencies import Dependencies


@dataclass(frozen=True, slots=True)
class Leftovers:
    """The leftovers of one day, which `lease` holds."""

    deps: Dependencies
    day: Day
    lease: Lease

    def discard_uploads(self, kept: Collection[str] = ()) -> None:
        """Discard every upload for the day but those with the ids in `kept`."""
        store, plan = self.deps.store, self.deps.plan
        seen = store.look(self.lease.record.key)
        if seen is None or seen.tag.etag != self.lease.entry.tag.etag:
            return  # another run has the day: what is older than its claim may be its own
        prefixes = plan.prefixes(self.day)
        for pending in [*store.uploads(plan.under_org(""))]:  # one request instead of dozens
            is_old = pending.began < seen.modified and pending.upload_id not in kept
            if is_old and pending.key.startswith(prefixes):
                store.discard(pending)

    def tidy(self, published: Manifest, old: Manifest | None) -> None:
        """Remove everything of the day that is not published, after publishing.

        Lists of changes are kept, unless conversations go by something else now: they would join
        to nothing, and may name ids that are hidden now.
        """
        if not self.deps.plan.keeps_state:
            return
        named = {file.key for file in (*published.index, *filter(None, [published.changes]))}
        home = self.deps.plan.home
        gone = [home.indexes(self.day), home.probes(self.day)]
        alike = self.deps.feed.identifies_alike
        if old and not alike(old.recipe.privacy, published.recipe.privacy):
            gone.append(home.lists_of_changes(self.day))
        for key in [*self.deps.store.list(f"{home.day(self.day)}/")]:
            if key.startswith(tuple(gone)) and key not in named:
                self.lease.hold()  # another run's, once the day is another run's
                self.deps.store.delete(key)
        self.lease.hold()
        self.discard_uploads()
