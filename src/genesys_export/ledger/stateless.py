"""`destination.state = "off"`: the same hands, but nothing is kept beside the data files.

No claim, no manifest, no recipe: each day is exported as if it were the first, and its files
become visible one by one, each of them whole.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from ..claim import Claim, decode
from ..days import Day
from ..errors import Aftermath, ExportError
from ..manifest import Manifest, Recipe
from ..model import StagedFile, Tag
from ..plural import plural
from .claims import Claims
from .publishing import Ledger, Published
from .records import Entry, Record
from .register import Register, Registration

_NO_TAG = Tag("")


class _Nowhere(Record[Claim]):
    """A claim that nobody else sees: written nowhere, it names no slice and no job."""

    def read(self) -> None:
        """Return None."""

    def write(self, value: Claim, before: Entry[Claim] | None) -> Entry[Claim]:
        """Return the claim as the next writing follows it."""
        del before
        return Entry(replace(value, slices=(), jobs=()), _NO_TAG)


class NoClaims(Claims):
    """Nobody is asked, and nobody is told, who works on a day."""

    def _record(self, day: Day) -> Record[Claim]:
        return _Nowhere(self.store, self.key(day), decode, self.sleep)


class NoRegister(Register):
    """No recipe is kept, so none can be contradicted."""

    def read(self) -> None:
        """Return None."""

    def enter(self, recipe: Recipe, before: Entry[Registration] | None, probe: str) -> None:
        """Write nothing."""


class NoLedger(Ledger):
    """No manifest: nothing is known of earlier exports."""

    def read(self, day: Day) -> None:
        """Return None."""

    def url(self, day: Day) -> str:
        """Return nothing: there is no manifest."""
        del day
        return ""

    def publish(
        self,
        day: Day,
        before: Published | None,
        made: Manifest,
        staged: tuple[StagedFile, ...],
        keep_lease: Callable[[], None] = lambda: None,
    ) -> Published:
        """Make the files visible one by one: only each file is whole.

        After an error nobody could complete the others, so they are discarded.
        """
        del before, keep_lease
        tags: dict[str, Tag] = {}
        try:
            for file in staged:
                tags[file.key] = self.store.complete(file)
        except ExportError as problem:
            problem.message += (
                f"; {len(tags)} of {plural(len(staged), 'file')} of {day} are already replaced"
            )
            problem.advice = "Run the same command again: it replaces all of them."
            problem.aftermath = Aftermath.PUBLISHING
            for file in staged[len(tags) :]:
                with suppress(ExportError):
                    self.store.discard(file)
            raise
        return Entry(made.tagged(tags), _NO_TAG)
