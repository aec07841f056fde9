"""`verify`: every published object of a day, read back and held against the day's manifest.

Reads only. Nothing of the exporter's memory is trusted: formats are read as a stranger reads them,
keys and digests are made again. A day is read once, in memory that does not grow with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..datasets import Dataset
from ..days import Day
from ..errors import ChangedMeanwhile, DataMismatch, TryAgainLater
from ..events import Observe, ignore
from ..manifest import Manifest, decode
from ..model import Store, Tag
from ..source_count import OurCounts, SourceCount, SourceCounter, Tolerance, Verdict, prove
from .hashes import Pulse
from .inspection import Checked, Inspection
from .mismatches import Mismatch, Mismatches


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What came of reading a day back."""

    org: str
    day: str
    manifest: Manifest
    manifest_url: str
    checked: Checked
    mismatches: tuple[Mismatch, ...]
    unchecked: tuple[str, ...]  # what could not be looked at, and why
    source: SourceCount | None  # what the source counted just now, where it was asked

    @property
    def problem(self) -> DataMismatch | None:
        """What the command ends with; None where all is as promised."""
        disagrees = self.source is not None and self.source.verdict is Verdict.DISAGREES
        if not self.mismatches and not disagrees:
            return None
        count = len(self.mismatches)
        told = [f"{count} mismatch{'es' * (count > 1)}"] if count else []
        if disagrees:
            told.append("the source counts otherwise")
        return DataMismatch(
            f"{self.day} is not as its manifest says: {', and '.join(told)}",
            advice=f"Each is told above; `genesys-export run --date {self.day} --force` exports"
            " the day again.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """Verifies days of one organisation."""

    dataset: Dataset  # with the lookup tables
    homes: str  # what the homes of all days begin with
    store: Store
    org: str = ""
    pulse: Pulse = field(default=lambda: None)
    observe: Observe = ignore
    counter: Callable[[Manifest], SourceCounter] | None = (
        None  # who asks the source, where that is wanted
    )
    tolerance: Tolerance = field(default_factory=Tolerance)

    def verify(self, day: Day) -> Verification:
        """Read the day back.

        Raises TryAgainLater while the day is being replaced, DataMismatch where nothing whole is
        published for it, and what the store raises. What does not match is returned.
        """
        key = f"{self.homes}/{day}/manifest.json"
        tag, manifest = self._published(day, key)
        mismatches = Mismatches()
        inspection = Inspection(
            dataset=self.dataset,
            manifest=manifest,
            store=self.store,
            mismatches=mismatches,
            observe=self.observe,
            pulse=self.pulse,
        )
        try:
            checked = inspection.run()
        except ChangedMeanwhile as problem:
            raise _replaced(day) from problem
        if mismatches.met and not self._stands(key, tag):
            raise _replaced(day)
        return Verification(
            org=self.org,
            day=str(day),
            manifest=manifest,
            manifest_url=self.store.url(key),
            checked=checked,
            mismatches=tuple(mismatches.met),
            unchecked=tuple(mismatches.unchecked),
            source=self._counted(manifest),
        )

    def _published(self, day: Day, key: str) -> tuple[Tag, Manifest]:
        found, url = self.store.read(key), self.store.url(key)
        if found is None:
            raise DataMismatch(
                f"nothing is published for {day}: there is no {url}",
                advice=f"Export it: genesys-export run --date {day}",
            )
        manifest = decode(found.body, url)
        if manifest.next is not None:
            raise TryAgainLater(
                f"{day} is being replaced: its manifest says so",
                advice="Wait for the run that does it; where it died, the next one ends it first.",
            )
        if manifest.state == "damaged":
            raise DataMismatch(
                f"{day} is damaged: a replacement was not completed, and nothing of the day may"
                " be taken",
                advice=f"Export it again: genesys-export run --date {day}",
            )
        return found.tag, manifest

    def _stands(self, key: str, tag: Tag) -> bool:
        """Whether the manifest is still the one that was read."""
        seen = self.store.look(key)
        return seen is not None and seen.tag == tag

    def _counted(self, manifest: Manifest) -> SourceCount | None:
        if self.counter is None:
            return None
        return prove(self.counter(manifest), ours_of(manifest), self.tolerance)


def ours_of(manifest: Manifest) -> OurCounts:
    """Return what a manifest says we have, for the source's count to be held against."""
    return OurCounts(
        interval=manifest.interval,
        exported=manifest.counts.exported,
        rejected=manifest.counts.rejected,
        partial=manifest.state == "partial",
        own_body=manifest.recipe.query_body is not None,
    )


def _replaced(day: Day) -> TryAgainLater:
    return TryAgainLater(
        f"{day} was replaced while it was read", advice="Verify it again: the new one is there."
    )
