"""Compares what is published of a dataset with what was announced, and announces the difference.

The journal is made before a day can be published, so a run that is killed between publishing a
day and announcing it leaves the difference to the next run; so does another command. A listing of
the manifests shows which of them changed: only those are read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Lock

from .. import damage, manifest
from ..errors import ChangedMeanwhile, DestinationFailed, ExportError, as_known
from ..events import Noticed, Observe
from ..ledger.records import Entry, Record
from ..locations import Home
from ..manifest import Manifest
from ..model import Clock, Store
from .journal import Journal, Told, decode
from .round import DAMAGED, Round, Seen, told_of
from .targets import Targets

_AT_ONCE = 8  # manifests being read
_IN_MEMORY = 64  # manifests
_WRITE_EVERY_S = 5.0  # what a killed run repeats at most
_TRIES = 10  # to write the journal, while other runs do
_VARIABLE = re.compile(r"\b(?=\w*\d)[\w.:-]+")  # days, numbers, ids


@dataclass(frozen=True, slots=True)
class Failure:
    """What is announced of an error; the error itself would keep what it was raised in."""

    message: str
    cause: str  # the same for the same error of another day

    @classmethod
    def of(cls, problem: ExportError) -> Failure:
        """Return that of an error."""
        cause = f"{type(problem).__name__}: {_VARIABLE.sub('#', problem.message)}"
        return cls(problem.message, cause)


@dataclass(slots=True, kw_only=True)
class Teller:
    """Announces the days of one dataset of one organisation; safe from several threads."""

    store: Store
    home: Home
    targets: Targets
    observe: Observe
    clock: Clock
    _entry: Entry[Journal] | None = None
    _unwritten: Journal = field(default_factory=Journal)  # while the store is out of reach
    _noticed: set[str] = field(default_factory=set)
    _written_s: float = 0.0
    _begun: bool = False
    _beginning: Lock = field(default_factory=Lock)
    _telling: Lock = field(default_factory=Lock)

    def begin(self) -> None:
        """Make the journal, once, if there is none: what is published now is never announced.

        To be called before a day can be published. An error is only noticed.
        """
        with self._beginning:
            if not self._begun:
                self._begun = True
                with self._noticing():
                    self._entry = self._there()

    def catch_up(self) -> None:
        """Announce everything that differs from the journal, whoever published it."""
        if self.targets.is_over:
            return
        self.begin()
        with self._telling, self._noticing():
            made = self._round()
            etags = self._listed()
            gone = [day for day in made.journal.days if day not in etags]
            due = [day for day, etag in etags.items() if _is_due(made.journal.days.get(day), etag)]
            for _ in self._compared(made, due, etags):
                pass
            for _ in made.try_again():
                self._save_in_time(made)
            made.days.update(dict.fromkeys(gone))
            self._save(made)

    def ended_well(self, days: Mapping[str, Told | None]) -> None:
        """Announce these days, exported by this run or found as they were.

        Of those that are given as they were seen, only what differs from the journal is read
        again: another run may have gone on from there.
        """
        self.begin()
        with self._telling, self._noticing():
            made = self._round()
            for day in days:
                made.ended_well(day)
            news = [day for day, seen in days.items() if made.is_news(day, seen)]
            for _ in self._compared(made, news, {}):
                pass
            self._save(made)

    def failed(self, failures: Mapping[str, Failure]) -> None:
        """Announce that the export of these days ended with an error."""
        self.begin()
        with self._telling:
            made: Round | None = None
            with self._noticing():
                made = self._round()
            if made is None:
                made = self._of(self._unwritten, known=False)
                for day, failure in failures.items():
                    made.failed(day, failure.message, failure.cause)
                self._unwritten = self._unwritten.changed({}, made.troubles)
                return
            left = dict(failures)
            with self._noticing():
                for day, seen in self._compared(made, [*failures], {}):
                    if seen and (lost := self._lost(seen)):
                        made.damaged(day, seen.made, lost)
                        del left[day]
            for day, failure in left.items():
                made.failed(day, failure.message, failure.cause)
                with self._noticing():
                    self._save_in_time(made)
            with self._noticing():
                self._save(made)

    def damaged(self, made: Manifest, problem: str) -> None:
        """Announce that a published day is not what its manifest says, whoever found that."""
        self.begin()
        with self._telling, self._noticing():
            here = self._round()
            here.damaged(made.day, made, problem)
            self._save(here)

    def forget_failures(self, days: Collection[str]) -> None:
        """Forget failed days that are not among these: nobody exports them any more."""
        with self._telling, self._noticing():
            made = self._round()
            for day in made.journal.troubles:
                if day not in days:
                    made.ended_well(day)
            self._save(made)

    def release(self) -> None:
        """Forget the journal, which is read again when it is needed: there may be thousands."""
        with self._telling:
            self._entry = None

    def _compared(
        self, made: Round, days: Sequence[str], etags: Mapping[str, str]
    ) -> Iterator[tuple[str, Seen | None]]:
        """Announce what differs of these days; yield each with what is published.

        Ends early when the time for messages is over.
        """
        for start in range(0, len(days), _IN_MEMORY):
            if self.targets.is_over:
                return
            some = days[start : start + _IN_MEMORY]
            with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="announce") as pool:
                found = list(pool.map(self._seen, some))
            for day, seen in zip(some, found, strict=True):
                if seen and self.targets.is_over:
                    return
                if seen:
                    seen = replace(seen, etag=etags.get(day) or seen.etag)  # noqa: PLW2901
                    made.published(day, seen)
                    self._save_in_time(made)
                yield day, seen

    def _seen(self, day: str) -> Seen | None:
        """Return a day's manifest; None where none is published, or readers must wait."""
        key = self.home.manifest(day)
        stored = self.store.read(key)
        if stored is None:
            return None
        try:
            made = manifest.decode(stored.body, self.store.url(key))
        except DestinationFailed:  # its export reports it
            return None
        listed = self.store.url(made.changes.key) if made.changes else None
        url = self.store.url(key)
        seen = Seen(made=made, url=url, etag=stored.tag.etag, changes=listed)
        return seen if made.next is None else None

    def _lost(self, seen: Seen) -> str:
        """Return which files of a published day are lost; empty if none is, or nobody can tell."""
        lost: Sequence[damage.Damage] = ()
        with self._noticing():
            lost = damage.damages(self.store, self.home, (seen.made,)).get(seen.made.day, ())
        return damage.sentence(tuple(lost)) if lost else ""

    def _listed(self) -> dict[str, str]:
        """Return the tag of each day's manifest, by day."""
        found = {}
        for one in self.store.scan(f"{self.home}/"):
            if days := self.home.published((one.key,)):
                found[str(next(iter(days)))] = one.etag
        return found

    def _there(self) -> Entry[Journal]:
        """Return the journal; begin one with what is published now if there is none."""
        if self._entry is None:
            self._entry = self._record.read() or self._first()
        return self._entry

    def _first(self) -> Entry[Journal]:
        etags = self._listed()

        def look(day: str) -> Told | None:
            seen = self._seen(day)
            is_whole = seen is not None and seen.made.state != DAMAGED
            return told_of(seen.made, etags[day]) if seen and is_whole else None

        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="announce") as pool:
            found = zip(etags, pool.map(look, etags), strict=True)
            begun = Journal().changed(dict(found), {})
        try:
            return self._record.write(begun, None)
        except ChangedMeanwhile:
            there = self._record.read()
            if there is None:
                raise
            return there

    def _round(self) -> Round:
        """Return a round that begins here; raises what the store does."""
        self._written_s = self.clock.monotonic()
        return self._of(self._there().value)

    def _of(self, journal: Journal, *, known: bool = True) -> Round:
        return Round(
            org=self.home.org,
            dataset=self.home.dataset,
            targets=self.targets,
            journal=journal,
            known=known,
        )

    def _save_in_time(self, made: Round) -> None:
        """Write what was announced in the last seconds: a killed run repeats no more than that."""
        if self.clock.monotonic() - self._written_s >= _WRITE_EVERY_S:
            self._save(made)

    def _save(self, made: Round) -> None:
        """Write what this round announced over what others wrote meanwhile.

        Should it replace another run's newer entry, the next run sees by the manifest's tag that
        they differ.
        """
        if not (made.days or made.troubles):
            return
        for _ in range(_TRIES):
            before = self._there()
            try:
                after = before.value.changed(made.days, made.troubles)
                self._entry = self._record.write(after, before)
            except ChangedMeanwhile:
                self._entry = self._record.read()
            else:
                made.written(self._entry.value)
                break
        self._written_s = self.clock.monotonic()

    @property
    def _record(self) -> Record[Journal]:
        return Record(self.store, self.home.announced, decode, self.clock.rest)

    @contextmanager
    def _noticing(self) -> Iterator[None]:
        """Turn errors inside into a notice: what was not announced is so by the next run."""
        try:
            yield
        except Exception as problem:  # noqa: BLE001 - nothing here may stop an export
            known = as_known(problem)
            own = "" if known.advice == known.default_advice else f". {known.advice}"
            told = f"notify: {self.home}: {known.message}; the next run tries again{own}"
            if told not in self._noticed:
                self._noticed.add(told)
                self.observe(Noticed(message=told))


def _is_due(told: Told | None, etag: str) -> bool:
    """Whether a listed manifest has to be read."""
    return told is None or not etag or told.etag != etag or bool(told.owed)
