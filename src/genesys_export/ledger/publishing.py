"""COMMIT: how a staged day becomes visible, so that no reader mistakes half of it for the whole.

The manifest is the commit point. First it says what is about to change (`next`), under the
condition that nobody changed it since this run read it: the decision. From then on anybody may
roll it forward, any number of times: complete the uploads, delete outdated keys, write the
manifest without `next`. An upload id works once: one try makes the object, all see its token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..days import Day, to_the_minute
from ..errors import (
    ChangedMeanwhile,
    DestinationFailed,
    ExportError,
    TryAgainLater,
    UnknownOutcome,
)
from ..locations import Home
from ..manifest import File, Manifest, Next, decode
from ..model import StagedFile, Store, Tag
from .decided import Damaged, after_decision, undecided
from .records import Entry, Record

_REMEMBERED = 20  # attempts
_AT_ONCE = 8  # uploads being completed: the tables of a day shall switch within seconds
_WAITS_S = (0.0, 1.0, 4.0)  # before each try to complete an upload

Published = Entry[Manifest]


def _no_lease() -> None:
    """Replace the lease of a claim if there is none to renew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The manifests of one dataset; `home` is their prefix, without a slash.

    A key that was deleted is not made again within `recreate_after`: who deletes may be slow.
    """

    store: Store
    home: Home
    sleep: Callable[[float], None]
    recreate_after: timedelta = timedelta(minutes=20)

    def key(self, day: Day) -> str:
        """Return the key of a day's manifest."""
        return self.home.manifest(day)

    def url(self, day: Day) -> str:
        """Return where a person finds the day's manifest."""
        return self.store.url(self.key(day))

    def read(self, day: Day) -> Published | None:
        """Return what is published for the day, or None."""
        return self._record(day).read()

    def resting(self, day: Day, before: Published | None) -> dict[str, datetime]:
        """Return the keys that were deleted so recently that they can't be written again yet.

        Each with the instant from which it can.
        """
        recently = self._lately(day, before.value if before else None)
        return {key: at + self.recreate_after for key, at in recently.items()}

    def check_replaceable(
        self, before: Published | None, made: Manifest, staged: tuple[StagedFile, ...]
    ) -> None:
        """Raise what would prevent publishing the files, as far as that can be tried.

        To be called before `publish`, and before the claim is written for the last time.
        """
        outdated = _outdated(before.value if before else None, made)
        self.store.check_replaceable([*(file.key for file in staged), *outdated])

    def publish(
        self,
        day: Day,
        before: Published | None,
        made: Manifest,
        staged: tuple[StagedFile, ...],
        keep_lease: Callable[[], None] = _no_lease,
    ) -> Published:
        """Make the staged files of `made` visible; `before` is what `read` returned.

        Raises TryAgainLater when another run published the day meanwhile: then nothing of this
        run is visible, and nothing is completed, aborted or deleted. An error after the decision
        leaves a manifest with `next`, which readers refuse, until somebody rolls it forward; it
        says so, as every error here says on which side of the decision it stands.
        """
        self._check_rested(day, before, frozenset(file.key for file in staged))
        old = before.value if before else None
        outdated = _outdated(old, made)
        intent = replace(
            made,
            attempts=_attempts(old, made.attempt),
            deleted=self._lately(day, old),
            next=Next(uploads=staged, deletes=outdated),
        )
        try:
            decided = self._record(day).write(intent, before)
        except ChangedMeanwhile as theirs:
            raise TryAgainLater(
                f"{day} was published by another run meanwhile; this run's files are not visible",
                advice="Schedule only one export of a day at a time.",
            ) from theirs
        except UnknownOutcome as problem:
            raise undecided(problem, day) from problem.__cause__
        return self.roll_forward(day, decided, keep_lease)

    def confirm(self, day: Day, before: Published, made: Manifest) -> Published:
        """Record that the day was read again unchanged: its files stay, the rest is new.

        Raises TryAgainLater when another run changed the day meanwhile.
        """
        old = before.value
        kept = replace(
            made,
            attempts=_attempts(old, made.attempt),
            tables=old.tables,
            rejects=old.rejects,
            index=made.index or old.index,
            changes=old.changes,
            deleted=self._lately(day, old),
        )
        try:
            return self._record(day).write(kept, before)
        except ChangedMeanwhile as theirs:
            raise _overtaken(day) from theirs

    def rename(self, day: Day, before: Published | None, made: Manifest) -> Published:
        """Write a manifest of other files that are visible already; raises ChangedMeanwhile."""
        return self._record(day).write(made, before)

    def lie_as_named(self, files: Sequence[File]) -> bool:
        """Whether every one of a manifest's files is there, by its token and tag."""
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="look") as pool:
            seen = pool.map(self.store.look, [file.key for file in files])
            return all(
                there is not None
                and there.tag.etag == file.etag
                and there.metadata.get("token") == file.token
                for file, there in zip(files, seen, strict=True)
            )

    def roll_forward(
        self, day: Day, intent: Published, keep_lease: Callable[[], None] = _no_lease
    ) -> Published:
        """Finish what a manifest with `next` decided; idempotent; any process may do it.

        Raises TryAgainLater if another run has gone on from there, Damaged where an
        upload was lost for good: the day is marked as damaged then, and exported anew by the next
        run.
        """
        with after_decision(day):
            return self._rolled_forward(day, intent, keep_lease)

    def _rolled_forward(
        self, day: Day, intent: Published, keep_lease: Callable[[], None]
    ) -> Published:
        under_way = intent.value.next
        if under_way is None:
            return intent
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="complete") as pool:
            found = list(pool.map(self._completed, under_way.uploads))
        lost = [file for file, tag in zip(under_way.uploads, found, strict=True) if tag is None]
        if lost:
            raise self._damaged(day, intent, lost[0])
        if under_way.deletes:
            self._check_stands(day, intent)
        for key in under_way.deletes:
            keep_lease()
            self.store.delete(key)
        tags = {file.key: tag for file, tag in zip(under_way.uploads, found, strict=True) if tag}
        return self._commit(day, intent, tags)

    def _check_rested(self, day: Day, before: Published | None, keys: frozenset[str]) -> None:
        """Raise TryAgainLater if one of the keys must not be reused yet; callers check before."""
        resting = self.resting(day, before)
        if found := sorted(keys & resting.keys()):
            raise TryAgainLater(
                f"{day}: {self.store.url(found[0])} was deleted recently and can't be written "
                f"again yet",
                advice=f"Try again after {to_the_minute(resting[found[0]])}.",
                retry_at=resting[found[0]],
            )

    def _record(self, day: Day) -> Record[Manifest]:
        return Record(self.store, self.key(day), decode, self.sleep)

    def _completed(self, file: StagedFile) -> Tag | None:
        """Complete one upload; return the object's tag, None if the upload is lost.

        The look decides, whatever the call answered: an upload that is gone may have become the
        file by a call whose answer was lost, or by another's.
        """
        unclear: UnknownOutcome | None = None
        for wait_s in _WAITS_S:
            self.sleep(wait_s)
            try:
                self.store.complete(file)
            except UnknownOutcome as problem:
                unclear = problem
            held = self.store.holds(file)  # before the look: what ends in between is seen by it
            if (tag := self._made(file)) is not None:
                return tag
            if not held:
                return None
        raise unclear or UnknownOutcome(
            f"{self.store.url(file.key)} was completed but differs from what was staged"
        )

    def _made(self, file: StagedFile) -> Tag | None:
        """Return the tag of the file if it exists."""
        seen = self.store.look(file.key)
        if seen is None or seen.metadata.get("token") != file.token:
            return None
        if seen.size_bytes != file.size_bytes:
            raise DestinationFailed(
                f"{self.store.url(file.key)} differs from what was just written"
            )
        return seen.tag

    def _damaged(self, day: Day, intent: Published, lost: StagedFile) -> ExportError:
        """Mark a day that can't be finished as damaged; return the error to raise."""
        self._check_stands(day, intent)
        manifest = intent.value
        under_way = manifest.next or Next(uploads=(), deletes=())
        for file in under_way.uploads:
            self.store.discard(file)
        taken = {*manifest.keys(), *under_way.deletes, *(one.key for one in under_way.uploads)}
        damaged = replace(
            manifest,
            state="damaged",
            tables={},
            rejects=None,
            changes=None,
            index=(),
            leftover=tuple(sorted(taken)),
            next=None,
        )
        try:
            self._record(day).write(damaged, intent)
        except ChangedMeanwhile:
            return _overtaken(day)
        return Damaged(
            f"{day} is damaged: the upload of {self.store.url(lost.key)} was lost before it was"
            " completed; some of the day's files may be new and some old",
            advice="Run the export again: it replaces the whole day. If a lifecycle rule aborts"
            " uploads at the destination, set it to a day or more.",
        )

    def _check_stands(self, day: Day, intent: Published) -> None:
        """Raise TryAgainLater if another run has continued; its files are not touched."""
        there = self.read(day)
        if there is None or there.value.nonce != intent.value.nonce:
            raise _overtaken(day)

    def _commit(self, day: Day, intent: Published, tags: Mapping[str, Tag]) -> Published:
        """Write the manifest without `next`, and look once that it is there."""
        deletes = intent.value.next.deletes if intent.value.next else ()
        lately = dict.fromkeys(deletes, self._now(day)) if deletes else {}
        deleted = {**intent.value.deleted, **lately}
        committed = replace(intent.value.tagged(tags), deleted=deleted)
        try:
            entry = self._record(day).write(committed, intent)
        except ChangedMeanwhile as theirs:
            raise _overtaken(day) from theirs
        if self.store.look(self.key(day)) is None:
            raise DestinationFailed(
                f"{self.store.url(self.key(day))} was written but does not exist"
            )
        return entry

    def _lately(self, day: Day, old: Manifest | None) -> dict[str, datetime]:
        """Return which keys must not be reused yet, and when they were deleted."""
        if old is None or not old.deleted:
            return {}
        since = self._now(day) - self.recreate_after
        return {key: at for key, at in old.deleted.items() if at > since}

    def _now(self, day: Day) -> datetime:
        """Return this instant by the store's clock; asked only while the day has a manifest."""
        seen = self.store.look(self.key(day))
        if seen is None:
            raise DestinationFailed(f"{self.store.url(self.key(day))} no longer exists")
        return seen.now


def _outdated(old: Manifest | None, made: Manifest) -> tuple[str, ...]:
    """Return the keys that the old manifest names and the new one doesn't."""
    return tuple(sorted((old.keys() if old else frozenset()) - made.keys()))


def _attempts(old: Manifest | None, attempt: str) -> tuple[str, ...]:
    return ((old.attempts if old else ()) + (attempt,))[-_REMEMBERED:]


def _overtaken(day: Day) -> TryAgainLater:
    return TryAgainLater(
        f"{day}: another run began to replace it while this one published it",
        advice="Wait for that run to end, then look at the day's manifest.",
    )
