"""Where everything but the tables' files lies at the destination: the one place that spells it.

Keys are relative to the destination, `/` between segments. Knows no store and reads nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from .days import Day, date_named

ROOT = "_genesys_export"


class Kind(StrEnum):
    """The two small objects of a day."""

    MANIFEST = "manifest.json"
    CLAIM = "claim.json"


@dataclass(frozen=True, slots=True)
class Home:
    """The prefix of a dataset's days; `org` is "" for the only organisation."""

    org: str
    dataset: str

    def __str__(self) -> str:
        """Return the prefix, without a slash at its end."""
        return self.under_org(f"{ROOT}/{self.dataset}")

    def under_org(self, key: str) -> str:
        """Return a key below the organisation's segment, if there is one."""
        return f"{self.org}/{key}" if self.org else key

    @property
    def recipe(self) -> str:
        """The key of the recipe."""
        return f"{self}/recipe.json"

    @property
    def last_run(self) -> str:
        """The key of the last run's record."""
        return f"{self}/last-run.json"

    @property
    def announced(self) -> str:
        """The key of the journal of announcements."""
        return f"{self}/announced.json"

    def day(self, day: Day | date | str) -> str:
        """Return the prefix of a day's objects, without a slash at its end."""
        return f"{self}/{day}"

    def manifest(self, day: Day | date | str) -> str:
        """Return the key of a day's manifest."""
        return f"{self.day(day)}/{Kind.MANIFEST}"

    def claim(self, day: Day | date | str) -> str:
        """Return the key of a day's claim."""
        return f"{self.day(day)}/{Kind.CLAIM}"

    def indexes(self, day: Day) -> str:
        """Return what the keys of a day's indexes begin with."""
        return f"{self.day(day)}/index/"

    def index(self, day: Day, token: str, slice_: int) -> str:
        """Return the key of a slice's index; no other attempt has it."""
        return f"{self.indexes(day)}{token}-{slice_:03d}.bin"

    def lists_of_changes(self, day: Day) -> str:
        """Return what the keys of a day's lists of changes begin with."""
        return f"{self.day(day)}/changes/"

    def changes(self, day: Day, attempt: str) -> str:
        """Return the key of the list of what an attempt changed."""
        return f"{self.lists_of_changes(day)}{attempt}.jsonl.gz"

    def probes(self, day: Day) -> str:
        """Return what the keys begin with at which conditional writes are tried."""
        return f"{self.day(day)}/probe-"

    def probe(self, day: Day, token: str) -> str:
        """Return such a key: nobody else uses it."""
        return f"{self.probes(day)}{token}"

    def rejects(self, day: Day, slice_: int | None) -> str:
        """Return the key of unreadable records; of one of several slices where it is given."""
        number = "" if slice_ is None else f".{slice_:03d}"
        return f"{self.day(day)}/rejects{number}.jsonl.gz"

    def place(self, key: str) -> tuple[date, Kind] | None:
        """Return whose manifest or claim lies at the key; None for anything else."""
        day, _, name = key.removeprefix(f"{self}/").partition("/")
        found = date_named(day)
        return (found, Kind(name)) if found and name in {*Kind} else None

    def published(self, keys: Iterable[str]) -> frozenset[date]:
        """Return the days whose manifests are among the keys; other objects are ignored."""
        places = (self.place(key) for key in keys)
        return frozenset(each[0] for each in places if each and each[1] is Kind.MANIFEST)
