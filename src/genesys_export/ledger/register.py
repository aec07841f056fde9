"""What holds for a whole destination: its recipe, and that its conditional writes can be trusted.

One small object a dataset, `_genesys_export/<dataset>/recipe.json`, written before the first day
is. A destination without published days takes any recipe.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from .. import document
from ..errors import ChangedMeanwhile, TryAgainLater, WrongSettings
from ..locations import Home
from ..manifest import Recipe
from ..model import Store
from .records import Entry, Record


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
        Idempotent. Raises WrongSettings if conditional writes are ignored and no single
        writer is promised, TryAgainLater where another run registers something at this moment.
        """
        there = before.value if before else None
        if there and there.recipe == recipe and (there.honest_conditions or self.single_writer):
            return
        honest = bool(there and there.honest_conditions) or self._probe(probe)
        try:
            self._record.write(Registration(recipe=recipe, honest_conditions=honest), before)
        except ChangedMeanwhile as theirs:
            raise TryAgainLater(
                f"{self.store.url(self._record.key)} was written by another run just now"
            ) from theirs

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
