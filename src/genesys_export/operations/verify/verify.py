"""`verify`: read every published object of a day back and compare it with the day's manifest.

Writes nothing and trusts nothing that the exporter computed: formats are read the way any reader
reads them, keys and digests are computed again. A day is read once, in memory that does not grow
with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date

from ...about import about
from ...damage import Damage, damages, sentence
from ...datasets import Dataset
from ...days import Day
from ...errors import ChangedMeanwhile, DataMismatch, DestinationFailed, NotAFile, TryAgainLater
from ...events import Observe, ignore
from ...locations import Home
from ...manifest import Manifest
from ...model import Store
from ...plural import plural
from ...source_count import OurCounts, SourceCount, SourceCounter, Tolerance, Verdict, prove
from ..published import published, replaced, stands
from .hashes import Pulse
from .inspection import Checked, Inspection
from .mismatches import Mismatch, Mismatches

Announce = Callable[[Manifest, str], None]

_AT_ONCE = 8  # manifests being read
_AGAIN = "Verify it again."


PAST = "A past day of a snapshot can't be exported again: restore its files from a backup."


def _nobody(manifest: Manifest, problem: str) -> None:
    """Tell nobody."""
    del manifest, problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The result of reading a day back."""

    whose: str
    day: str
    manifest: Manifest
    manifest_url: str
    checked: Checked
    mismatches: tuple[Mismatch, ...]
    unchecked: tuple[str, ...]  # what could not be checked, and why
    records: str  # what is counted, in the plural
    source: SourceCount | None  # what the source counted just now, where it was asked
    again: str  # what helps

    @property
    def problem(self) -> DataMismatch | None:
        """The error that the command ends with; None where everything matches."""
        if not self.findings:
            return None
        return DataMismatch(
            f"{self.day} does not match its manifest: {self.findings}",
            advice=f"Each is listed above. {self.again}",
        )

    @property
    def findings(self) -> str:
        """What is wrong, in a few words; empty where everything matches."""
        count = len(self.mismatches)
        told = [f"{count} mismatch{'es' * (count > 1)}"] if count else []
        if self.source is not None and self.source.verdict is Verdict.DISAGREES:
            told.append("Genesys's count differs")
        return ", and ".join(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """Verifies days of one dataset of an organisation."""

    dataset: Dataset
    home: Home
    store: Store
    whose: str = ""  # tells it from the others: organisation, dataset, both; "" for the only one
    given: str = ""  # the flags that suggested commands repeat
    is_past: Callable[[Day], bool] = lambda _: False  # of a snapshot: can't be exported any more
    pulse: Pulse = field(default=lambda: None)
    observe: Observe = ignore
    counter: Callable[[Manifest], SourceCounter | None] | None = (
        None  # who asks the source, where that is wanted
    )
    tolerance: Tolerance = field(default_factory=Tolerance)
    announce: Announce = _nobody  # takes every damaged day; raises nothing

    def verify(self, day: Day) -> Verification:
        """Read the day back.

        Raises TryAgainLater while the day is being replaced, DataMismatch where nothing whole is
        published for it, and what the store raises. Mismatches are returned, not raised.
        """
        with about(org=self.home.org, dataset=self.home.dataset, day=str(day)):
            return self._verified(day)

    def _verified(self, day: Day) -> Verification:
        key = self.home.manifest(day)
        tag, manifest = published(self.store, self.home, day, advice=self._again(day))
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
            raise replaced(day, _AGAIN) from problem
        if mismatches.met and not stands(self.store, key, tag):
            raise replaced(day, _AGAIN)
        if mismatches.met:
            count = plural(len(mismatches.met), "mismatch", "mismatches")
            self.announce(manifest, f"{day} does not match its manifest: {count}")
        return Verification(
            whose=self.whose,
            day=str(day),
            manifest=manifest,
            manifest_url=self.store.url(key),
            checked=checked,
            mismatches=tuple(mismatches.met),
            unchecked=tuple(mismatches.unchecked),
            records=self.dataset.records,
            source=self._counted(manifest),
            again=self._again(day, " --force"),
        )

    def is_absent(self, day: Day) -> bool:
        """Whether it is a past day of a snapshot that was never taken."""
        return self.is_past(day) and self.store.read(self.home.manifest(day)) is None

    def _again(self, day: Day, force: str = "") -> str:
        """Return how to get the day right."""
        if self.is_past(day):
            return PAST
        return f"Export it: genesys-export run --date {day}{force}{self.given}"

    def published(self) -> frozenset[date]:
        """Return every day that has a manifest."""
        return self.home.published(self.store.list(f"{self.home}/"))

    def manifests(self, days: Sequence[Day]) -> Mapping[Day, Manifest]:
        """Return the manifests of days that can be verified, read several at a time.

        A day that is being replaced, is damaged or has no readable manifest is left out.
        """

        def read(day: Day) -> Manifest | None:
            try:
                return published(self.store, self.home, day, advice=self._again(day))[1]
            except (DataMismatch, TryAgainLater, DestinationFailed, NotAFile):
                return None

        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="manifest") as pool:
            found = zip(days, pool.map(read, days), strict=True)
            return {day: made for day, made in found if made}

    def damages(self, manifests: Iterable[Manifest]) -> Mapping[str, tuple[Damage, ...]]:
        """Return the files that are missing or have another size, by day, from listings alone."""
        there = {made.day: made for made in manifests}
        found = damages(self.store, self.home, there.values())
        for day, some in found.items():
            self.announce(there[day], sentence(some))
        return found

    def _counted(self, manifest: Manifest) -> SourceCount | None:
        counter = self.counter(manifest) if self.counter else None
        if counter is None:
            return None
        return prove(counter, ours_of(manifest), self.tolerance)


def ours_of(manifest: Manifest) -> OurCounts:
    """Return our counts from a manifest, to compare with the source's."""
    return OurCounts(
        interval=manifest.interval,
        exported=manifest.counts.exported,
        rejected=manifest.counts.rejected,
        partial=manifest.state == "partial",
        own_body=manifest.recipe.query_body is not None,
    )
