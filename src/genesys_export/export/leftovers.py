"""Leftovers of attempts at a day: uploads, indexes, lists of changes, probes.

Removing them is the claim holder's business alone. An upload counts as left only if it began
before the claim was last written, by the store's own clock: whoever takes the day over begins
later, so that a sleeper who wakes throws away nothing of theirs.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ..days import Day
from ..feeds.identity import is_comparable
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
        named = {file.key for file in (*published.index, *filter(None, [published.changes]))}
        home = self.deps.plan.home(self.day)
        gone = [f"{home}/index/", f"{home}/{PROBE}"]
        if old and not is_comparable(old.recipe, published.recipe, self.deps.plan.dataset):
            gone.append(f"{home}/changes/")
        for key in [*self.deps.store.list(f"{home}/")]:
            if key.startswith(tuple(gone)) and key not in named:
                self.lease.hold()  # another run's, once the day is another run's
                self.deps.store.delete(key)
        self.lease.hold()
        self.discard_uploads()


PROBE = "probe-"  # how the key begins at which conditional writes are tried


def probe_key(deps: Dependencies, day: Day, token: str) -> str:
    """Return a key at which this attempt may try conditional writes: nobody else uses it."""
    return f"{deps.plan.home(day)}/{PROBE}{token}"
