"""COMMIT: how a staged day becomes visible, so that no reader ever takes half of it for a whole.

The manifest is the commit point. First it says what is about to change (`next`), under the
condition that nobody changed it since this run read it; then the uploads are completed and
outdated files deleted; then it is written again, without `next`. Nothing visible changes before.
Finishing what a killed run left behind is not done yet: the next run exports the day anew.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from .days import Day
from .errors import ChangedMeanwhile, DestinationFailed, ExportError, TryAgainLater, UnknownOutcome
from .manifest import Manifest, Next, decode
from .model import Condition, IfAbsent, IfUnchanged, StagedFile, Store, Tag

_JSON = "application/json"
_REMEMBERED = 20  # attempts
_AT_ONCE = 8  # uploads being completed: the tables of a day shall switch within seconds
_WAITS_S = (0.0, 1.0, 4.0)  # before each try to write a manifest


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
    sleep: Callable[[float], None] = time.sleep

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
        outdated = tuple(sorted((old.keys() | _promised(old) if old else set()) - made.keys()))
        made = replace(made, attempts=_attempts(old, made.attempt))
        intent = self._intend(
            day, before, replace(made, next=Next(uploads=staged, deletes=outdated))
        )
        for file in old.next.uploads if old and old.next else ():
            self.store.discard(file)  # else whoever began them could still complete them
        try:
            with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="complete") as pool:
                tags = list(pool.map(self._complete, staged))
        except DestinationFailed:
            self._check_ours(day, intent)
            raise
        if outdated:
            self._check_ours(day, intent)
        for key in outdated:
            self.store.delete(key)
        made = made.tagged({file.key: tag for file, tag in zip(staged, tags, strict=True)})
        return self._commit(day, made, intent)

    def _intend(self, day: Day, before: Entry | None, intent: Manifest) -> Entry:
        """Write the decision; if it certainly was not written, discard what it names."""
        try:
            return self._write(day, intent, IfUnchanged(before.tag) if before else IfAbsent())
        except UnknownOutcome:
            raise  # it may stand there and name the uploads
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

    def _complete(self, file: StagedFile) -> Tag:
        """Complete one upload and look whether what is there is what was staged.

        The look decides, whatever the call answered: an upload that is gone may have become the
        file by a call whose answer was lost.
        """
        gone: UnknownOutcome | None = None
        try:
            self.store.complete(file)
        except UnknownOutcome as problem:
            gone = problem
        seen = self.store.look(file.key)
        if seen is not None and seen.metadata.get("token") == file.token:
            if seen.size_bytes == file.size_bytes:
                return seen.tag
            raise DestinationFailed(f"{self.store.url(file.key)} is not what was just written")
        if gone is not None:
            raise gone
        raise DestinationFailed(
            f"{self.store.url(file.key)} was written by another run at the same time"
        )

    def _check_ours(self, day: Day, intent: Entry) -> None:
        """Raise TryAgainLater where another run has taken over; its files stay as they are."""
        there = self.read(day)
        if there is None or there.manifest.nonce != intent.manifest.nonce:
            raise _overtaken(day)

    def _commit(self, day: Day, committed: Manifest, intent: Entry) -> Entry:
        """Write the manifest without `next`, and look once that it is there."""
        try:
            entry = self._write(day, committed, IfUnchanged(intent.tag))
        except ChangedMeanwhile as theirs:
            raise _overtaken(day) from theirs
        if self.store.look(self.key(day)) is None:
            raise DestinationFailed(
                f"{self.store.url(self.key(day))} was written but is not there"
            )
        return entry

    def _write(self, day: Day, manifest: Manifest, condition: Condition) -> Entry:
        """Write the manifest with a fresh nonce; where the answer is unclear, look for it.

        It is safe to write again what is not there: should the first writing arrive after all,
        the condition lets only one of them through.
        """
        manifest = replace(manifest, nonce=secrets.token_hex(8))
        unclear: ChangedMeanwhile | UnknownOutcome | None = None
        for wait_s in _WAITS_S:
            self.sleep(wait_s)
            try:
                tag = self.store.put(self.key(day), manifest.encode(), condition, _JSON)
                return Entry(manifest, tag)
            except (ChangedMeanwhile, UnknownOutcome) as problem:
                unclear = problem
            except ExportError as problem:
                if unclear is None:
                    raise
                raise UnknownOutcome(f"{day}: its manifest may be written or not") from problem
            if there := self._mine(day, manifest):
                return there
            if isinstance(unclear, ChangedMeanwhile):
                break
        raise unclear or UnknownOutcome(f"{day}: its manifest was not written")

    def _mine(self, day: Day, manifest: Manifest) -> Entry | None:
        """Return the manifest as it lies there, if it is this very writing of it."""
        try:
            there = self.read(day)
        except ExportError as problem:
            raise UnknownOutcome(f"{day}: can't look what became of its manifest") from problem
        return there if there and there.manifest.nonce == manifest.nonce else None


def _attempts(old: Manifest | None, attempt: str) -> tuple[str, ...]:
    return ((old.attempts if old else ()) + (attempt,))[-_REMEMBERED:]


def _promised(old: Manifest) -> frozenset[str]:
    """Return the keys that an interrupted replacement may have made, or was to delete."""
    if old.next is None:
        return frozenset()
    return frozenset({file.key for file in old.next.uploads} | {*old.next.deletes})


def _overtaken(day: Day) -> TryAgainLater:
    return TryAgainLater(
        f"{day}: another run began to replace it while this one published it",
        advice="Let that run end, then look at the day's manifest.",
    )
