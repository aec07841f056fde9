"""The journal: what was announced of each day, one small JSON object a dataset.

`_genesys_export/<dataset>/announced.json`, written only under the condition that nobody else
wrote it meanwhile. Values only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from .. import document
from .message import Outcome

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A published day as it was announced last."""

    digest: str  # of its files
    recipe: str  # the fingerprint of their recipe
    state: str
    etag: str = ""  # of the manifest in the listing that found it; "": not compared yet
    owed: Mapping[str, Outcome] = field(default_factory=dict)  # target → what it did not get yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A day that failed or is damaged, until it is exported well."""

    outcome: Outcome
    cause: str  # the same for the same error of another day
    problem: str
    version: str = ""  # which publication is damaged
    owed: tuple[str, ...] = ()  # targets that did not get it yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """What was announced of a dataset's days."""

    days: Mapping[str, Told] = field(default_factory=dict)
    troubles: Mapping[str, Trouble] = field(default_factory=dict)
    nonce: str = ""

    def signed(self, nonce: str) -> Journal:
        """Return it with a new nonce."""
        return replace(self, nonce=nonce)

    def encode(self) -> bytes:
        """Return the JSON text."""
        return document.encode(self)

    def changed(
        self, days: Mapping[str, Told | None], troubles: Mapping[str, Trouble | None]
    ) -> Journal:
        """Return it with these entries; None removes one."""
        return replace(
            self,
            days=_laid_over(self.days, days),
            troubles=_laid_over(self.troubles, troubles),
        )


def decode(body: bytes, where: str) -> Journal:
    """Read a journal; raises WrongSettings for a later format, DestinationFailed for none."""
    advice = "Remove it: the next run begins a new one, and announces what comes after that."
    return document.decode(body, Journal, where=where, advice=advice)


def _laid_over(old: Mapping[str, Entry], new: Mapping[str, Entry | None]) -> dict[str, Entry]:
    merged = {**old, **new}
    return {day: entry for day, entry in sorted(merged.items()) if entry is not None}
