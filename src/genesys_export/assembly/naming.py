"""Lookup tables of a destination, read back for the names of ids: model.Lookups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import blake2b
from itertools import islice

import msgspec

from ..api import Clock
from ..datasets import NAMES, Dataset, dataset_named
from ..days import Day
from ..errors import DataMismatch, DestinationFailed, NotAFile, TryAgainLater, WrongSettings
from ..export import Plan
from ..feeds.names import ID, NAME, SnapshotNames, names_of, nearest_first, usable
from ..feeds.records import RecordsFeed
from ..locations import Home
from ..manifest import Manifest
from ..model import NamesUsed, Store
from ..operations.published import whole
from ..operations.read import Reader, Wanted

_MOST_TRIED = 5  # snapshots; more than one in a row is hardly ever unreadable


class _Unreadable(Exception):
    """A snapshot's manifest can't be read."""


@dataclass(slots=True)
class _Found:
    """What was read of a snapshot."""

    names: dict[str, Mapping[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    read: list[object] = field(default_factory=list)  # what the names follow from

    def miss(self, tables: Sequence[str], why: str) -> None:
        """Note that the names of these tables are missing."""
        self.notes.append(f"Names of {', '.join(tables)} are missing: {why}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotLookups:
    """The snapshots of lookup tables at a destination."""

    store: Store
    plan: Plan  # of the days that get names
    feed: RecordsFeed  # that reads them
    clock: Clock

    def of(self, day: Day) -> SnapshotNames:
        """Return the names for a day: of its own snapshot, else the next, else the last before."""
        found, at = _Found(), None
        if best := next(self._snapshots(day, found), None):
            at, manifest = best
            self._read(found, at, manifest)
        if at is None:
            what = "no other snapshot" if found.notes else "no snapshot"
            found.notes.append(f"Names are missing: {what} of {NAMES} is published here.")
        elif at.date != day.date:
            found.notes.append(
                f"Names are from the snapshot of {at}: there is none of {day} that can be read."
            )
        names = names_of(self.plan.dataset, found.names, self.plan.privacy)
        digest = blake2b(msgspec.json.encode(found.read, order="sorted"), digest_size=16)
        return SnapshotNames(
            used=NamesUsed(snapshot=str(at) if at else None, digest=digest.hexdigest()),
            notes=tuple(found.notes),
            feed=replace(self.feed, names=names),
        )

    @property
    def _home(self) -> Home:
        return Home(self.plan.org, NAMES)

    @property
    def _dataset(self) -> Dataset:
        return dataset_named(NAMES)

    def _snapshots(self, day: Day, found: _Found) -> Iterator[tuple[Day, Manifest]]:
        """Yield the snapshots that can be read, the best first; tries a few."""
        for at in islice(self._days(day), _MOST_TRIED):
            snapshot = Day(at, day.zone)
            try:
                if manifest := self._manifest(snapshot):
                    yield snapshot, manifest
            except _Unreadable:
                found.notes.append(
                    f"The snapshot of {at} was passed over: its manifest can't be read."
                )

    def _manifest(self, snapshot: Day) -> Manifest | None:
        """Return the snapshot's manifest; None where it is damaged, or being replaced.

        Raises _Unreadable for what is not a manifest, and what the store raises.
        """
        key = self._home.manifest(snapshot)
        try:
            seen = self.store.read(key)
        except NotAFile as problem:
            raise _Unreadable from problem
        try:
            return whole(seen.body, self.store.url(key), snapshot) if seen else None
        except (DataMismatch, TryAgainLater):
            return None
        except (DestinationFailed, WrongSettings) as problem:  # of decoding: the store is done
            raise _Unreadable from problem

    def _days(self, day: Day) -> Iterator[date]:
        """Yield the days to try; the destination is only listed where the day's own is not it."""
        if self._is_there(day):
            yield day.date
        there = self._home.published(self.store.list(f"{self._home}/"))
        yield from nearest_first(day.date, there - {day.date})

    def _is_there(self, day: Day) -> bool:
        try:
            return self.store.look(self._home.manifest(day)) is not None
        except NotAFile:
            return True

    def _read(self, found: _Found, snapshot: Day, manifest: Manifest) -> None:
        """Read every table that is needed; one that can't be used costs its own names only."""
        reader = Reader(store=self.store, org=self.plan.org, pulse=lambda: self.clock.sleep(0))
        was, rules = manifest.recipe.privacy, self.plan.privacy
        without = []
        for name in self.plan.names_from:
            if name not in manifest.tables:
                without.append(name)
                continue
            what = Wanted(self._dataset, name, self._dataset.table(name), (ID, NAME))
            try:
                names = usable(name, reader.read(what, [snapshot]), was, rules)
            except (DataMismatch, TryAgainLater) as problem:
                found.miss([name], problem.message)
                continue
            if names is None:
                found.miss([name], f"the snapshot of {snapshot} has other privacy settings")
                continue
            found.names[name] = names
            files = [file.sha256 for file in manifest.tables[name]]
            found.read.append([name, files, rules.described([name])])
        if without:
            found.miss(without, f"the snapshot of {snapshot} is without them")
