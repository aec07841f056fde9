"""The contract of lookups: rows get names from lookup tables that were published before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..days import Day
from .feed import Feed


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesUsed:
    """Which names the rows of a day got."""

    snapshot: str | None  # the day of the snapshot they are from; None: there was none
    digest: str  # of the lookup tables that were read


class Lookup(Protocol):
    """The lookup tables of one day's export; safe to use from several threads."""

    @property
    def used(self) -> NamesUsed:
        """Which names they are."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What a manifest says of them, as sentences; nothing where all is as usual."""
        ...

    @property
    def feed(self) -> Feed:
        """What reads the day with these names."""
        ...


class Lookups(Protocol):
    """Where lookup tables come from."""

    def of(self, day: Day) -> Lookup:
        """Return those for a day; raises what the store raises, not that there are none."""
        ...
