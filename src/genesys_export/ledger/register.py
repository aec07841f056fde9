"""What holds for a whole destination: its recipe, and that its conditional writes can be trusted.

One small object a dataset, `_genesys_export/<dataset>/recipe.json`, written before the first day
is. A destination without published days takes any recipe.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from .. import document
from ..errors import ChangedMeanwhile, TryAgainLater, WrongSettings
from ..guards import differences
from ..locations import Home
from ..manifest import Recipe
from ..model import Store
from .records import Entry, Record

_TRIES = 4  # to register what other runs register, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """How the days of a dataset are made at this destination."""

    recipe: Recipe
    honest_conditions: bool  # probed; False if a single writer is promised instead
    nonce: str = ""

    def signed(self, nonce: str) -> Registration:
        """Return it with a new nonce."""
        return replace(self, nonce=nonce)

    def encode(self) -> bytes:
        """Return the JSON text."""
        return document.encode(self)


def decode(body: bytes, where: str) -> Registration:
    """Read it; raises WrongSettings for a later format, DestinationFailed for none."""
    return document.decode(body, Registration, where=where, advice="Remove it, then run again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """The registered recipe of one dataset at one destination."""

    store: Store
    home: Home
    sleep: Callable[[float], None]
    single_writer: bool
    honours_preconditions: Callable[[Store, str], bool]  # tried at a key

    def read(self) -> Entry[Registration] | None:
        """Return what is registered, or None."""
        return self._record.read()

    def enter(self, recipe: Recipe, before: Entry[Registration] | None, probe: str) -> None:
        """Write the recipe down; probes the destination where that was not done before.

        `probe` is a key for that, which nobody else uses: several runs may be doing this.
        Idempotent. Another run that registers the same recipe at this moment is welcome. Raises
        WrongSettings if conditional writes are ignored and no single writer is promised,
        TryAgainLater where another run registers a different recipe at this moment.
        """
        for _ in range(_TRIES):
            there = before.value if before else None
            known = bool(there and there.honest_conditions)
            if there and there.recipe == recipe and (known or self.single_writer):
                return
            wanted = Registration(recipe=recipe, honest_conditions=known or self._probe(probe))
            try:
                self._record.write(wanted, before)
            except ChangedMeanwhile as theirs:
                before = self.read()
                if before:
                    recipe = self._together(recipe, before.value.recipe, theirs)
            else:
                return
        raise TryAgainLater(f"{self._url} is being written by other runs again and again")

    def _together(self, ours: Recipe, theirs: Recipe, why: ChangedMeanwhile) -> Recipe:
        """Return the recipe of both; raises TryAgainLater where they make different files."""
        if theirs.is_like(ours):
            return ours.joined(theirs)
        differ = "; ".join(differences(theirs, ours))
        raise TryAgainLater(
            f"{self._url} was written by another run just now, with other settings: {differ}",
            advice="Use the same settings for all runs into one destination, or another --to.",
        ) from why

    @property
    def _url(self) -> str:
        return self.store.url(self._record.key)

    @property
    def _record(self) -> Record[Registration]:
        return Record(self.store, self.home.recipe, decode, self.sleep)

    def _probe(self, key: str) -> bool:
        if self.single_writer:
            return False
        if self.honours_preconditions(self.store, key):
            return True
        raise WrongSettings(
            f"{self.store.url('')}: this store ignores the conditions of conditional writes, so "
            f"two runs could overwrite each other",
            advice="Use a store that honours If-None-Match and If-Match (Amazon S3 does); or set"
            " destination.single_writer = true and make sure that only one export runs at a time.",
        )
