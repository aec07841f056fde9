"""COMMIT: how a staged day becomes visible, so that no reader ever takes half of it for a whole.

The manifest is the commit point. First it says what is about to change (`next`), under the
condition that nobody changed it since this run read it; then the uploads are completed and
outdated files deleted; then it is written again, without `next`. Nothing visible changes before.
Finishing what a killed run left behind is not done yet: the next run exports the day anew.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from .days import Day
from .errors import ChangedMeanwhile, DestinationFailed, ExportError, TryAgainLater, UnknownOutcome
from .manifest import Manifest, Next, decode
from .model import Condition, IfAbsent, IfUnchanged, StagedFile, Store, Tag

_JSON = "application/json"
_REMEMBERED = 20  # attempts


@dataclass(frozen=True, slots=True)
class Entry:
    """A manifest as it lies at the destination."""

    manifest: Manifest
    tag: Tag


@dataclass(frozen=True, slots=True)
class Ledger:
    """The manifests of one dataset; `home` is the prefix they lie under, without a slash."""

    store: Store
    home: str

    def key(self, day: Day) -> str:
        """Return the key of a day's manifest."""
        return f"{self.home}/{day}/manifest.json"

    def read(self, day: Day) -> Entry | None:
        """Return what is published for the day, or None."""
        found = self.store.read(self.key(day))
        if found is None:
            return None
        return Entry(decode(found.body, self.store.url(self.key(day))), found.tag)

    def publish(
        self, day: Day, before: Entry | None, made: Manifest, staged: tuple[StagedFile, ...]
    ) -> Entry:
        """Make the staged files visible as `made` names them; `before` is what `read` returned.

        Raises TryAgainLater when another run published the day meanwhile: then nothing of this run
        is visible and its uploads are discarded. An error after that point leaves a manifest with
        `next`, which readers refuse, until the day is exported again.
        """
        old = before.manifest if before else None
        outdated = (old.keys() if old else frozenset()) - made.keys()
        if old and old.next:  # an interrupted replacement may have left these, too
            outdated |= {file.key for file in old.next.uploads} - made.keys()
        made = replace(made, attempts=_attempts(old, made.attempt))
        intent = replace(made, next=Next(uploads=staged, deletes=tuple(sorted(outdated))))
        tag = self._intend(day, before, intent)
        tags = {file.key: self._complete(file) for file in staged}
        for key in sorted(outdated):
            self.store.delete(key)
        return self._commit(day, made, tags, tag)

    def _intend(self, day: Day, before: Entry | None, intent: Manifest) -> Tag:
        """Write the decision; if it certainly was not written, discard what it names."""
        try:
            return self._write(day, intent, IfUnchanged(before.tag) if before else IfAbsent())
        except UnknownOutcome:
            raise
        except ExportError as problem:
            for file in intent.next.uploads if intent.next else ():
                self.store.discard(file)
            if isinstance(problem, ChangedMeanwhile):
                raise TryAgainLater(
                    f"{day} was published by another run meanwhile; nothing of this one is"
                    " visible",
                    advice="Let one scheduler run one export of a day at a time.",
                ) from problem
            raise

    def _commit(self, day: Day, made: Manifest, tags: Mapping[str, Tag], intent: Tag) -> Entry:
        committed = made.tagged(tags)
        try:
            tag = self._write(day, committed, IfUnchanged(intent))
        except ChangedMeanwhile as theirs:
            raise TryAgainLater(
                f"{day}: another run began to replace it while this one published it",
                advice="Let that run end, then look at the day's manifest.",
            ) from theirs
        return Entry(committed, tag)

    def _complete(self, file: StagedFile) -> Tag:
        """Complete one upload and look whether it is what was staged."""
        tag = self.store.complete(file)
        seen = self.store.look(file.key)
        if seen is None or seen.size_bytes != file.size_bytes:
            raise DestinationFailed(f"{self.store.url(file.key)} is not what was just written")
        if seen.metadata.get("token") != file.token:
            raise DestinationFailed(
                f"{self.store.url(file.key)} was written by another run at the same time"
            )
        return tag

    def _write(self, day: Day, manifest: Manifest, condition: Condition) -> Tag:
        """Write the manifest with a fresh nonce; where the answer is unclear, look."""
        manifest = replace(manifest, nonce=secrets.token_hex(8))
        try:
            return self.store.put(self.key(day), manifest.encode(), condition, _JSON)
        except UnknownOutcome:
            there = self.read(day)
            if there is not None and there.manifest.nonce == manifest.nonce:
                return there.tag
            raise


def _attempts(old: Manifest | None, attempt: str) -> tuple[str, ...]:
    return ((old.attempts if old else ()) + (attempt,))[-_REMEMBERED:]
