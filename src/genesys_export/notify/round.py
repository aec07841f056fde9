"""One round of announcements: what differs from the journal is sent, and what was sent is kept.

Knows no store: the caller reads what is published before, and writes the journal after.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ..manifest import Manifest
from .journal import Journal, Told, Trouble
from .message import Changes, Message, Outcome, content_of, hashed, version_of
from .targets import Target, Targets

DAMAGED = "damaged"  # the state of a manifest, and the cause of its trouble
MISSING, UNKNOWN = "missing", "unknown"  # the states of a day without a manifest that is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A day's manifest as it was read."""

    made: Manifest
    url: str
    etag: str
    changes: str | None  # where the list of changes lies


@dataclass(slots=True, kw_only=True)
class Round:
    """Messages about some days of a dataset; used by one thread."""

    org: str
    dataset: str
    targets: Targets
    journal: Journal
    known: bool = True  # False: the journal could not be read
    days: dict[str, Told | None] = field(default_factory=dict)  # to be written
    troubles: dict[str, Trouble | None] = field(default_factory=dict)

    def published(self, day: str, seen: Seen) -> None:
        """Announce the day, if that was not done; `seen` is published and complete."""
        told, trouble, made = self.told(day), self.trouble(day), seen.made
        if made.state == DAMAGED:
            self.damaged(day, made, "some of its files may be new and some old")
            if told:
                self.days[day] = replace(told, etag=seen.etag)
            return
        is_damaged = trouble is not None and trouble.outcome is Outcome.DAMAGED
        repaired = is_damaged and trouble is not None and trouble.version != version_of(made)
        if repaired:
            self.troubles[day] = None
        now = told_of(made, seen.etag)
        outcome = _difference(told, now, repaired=repaired)
        owed = self._sent(day, told, outcome, seen)
        now = replace(now, owed=owed)
        if now != told:
            self.days[day] = now

    def _sent(
        self, day: str, told: Told | None, outcome: Outcome | None, seen: Seen
    ) -> dict[str, Outcome]:
        """Send to every target what it lacks; return what remains."""
        owed: dict[str, Outcome] = {}
        for target in self.targets.programs:
            before = told.owed.get(target.key) if told else None
            # Who never got the first message about a day gets it now, as the day is now.
            wanted = before if before is Outcome.PUBLISHED else outcome or before
            if wanted is None or not self.targets.takes(wanted):
                continue
            if not self.targets.send(target, self._of_version(day, wanted, seen)):
                owed[target.key] = wanted
        return owed

    def damaged(self, day: str, made: Manifest, problem: str) -> None:
        """Announce that a published day is damaged, once."""
        version, there = version_of(made), self.trouble(day)
        if there and (there.outcome, there.version) == (Outcome.DAMAGED, version):
            return
        trouble = Trouble(outcome=Outcome.DAMAGED, cause=DAMAGED, problem=problem, version=version)
        self._troubled(day, trouble, self.targets.all)

    def failed(self, day: str, problem: str, cause: str) -> None:
        """Announce that the export of a day ended with an error, once for each cause."""
        there = self.trouble(day)
        if there and (there.outcome is Outcome.DAMAGED or there.cause == cause):
            return
        told = self.told(day)
        version = hashed(told.digest, told.state) if told else ""
        trouble = Trouble(outcome=Outcome.FAILED, cause=cause, problem=problem, version=version)
        self._troubled(day, trouble, self.targets.all)

    def ended_well(self, day: str) -> None:
        """Forget that the day failed."""
        there = self.trouble(day)
        if there and there.outcome is Outcome.FAILED:
            self.troubles[day] = None

    def is_news(self, day: str, now: Told | None) -> bool:
        """Whether the day is published otherwise than it was announced."""
        told = self.told(day)
        if now is None or told is None:
            return now is not None
        now = replace(now, etag=told.etag, owed=told.owed)
        return now != told or day in self.journal.troubles

    def try_again(self) -> Iterator[None]:
        """Send the troubles that targets did not get yet; yields after each of them."""
        for day, trouble in self.journal.troubles.items():
            owing = [one for one in self.targets.all if one.key in trouble.owed]
            if owing and self.trouble(day) == trouble and not self.targets.is_over:
                self._troubled(day, trouble, owing)
                yield

    def written(self, journal: Journal) -> None:
        """Go on from this journal, in which everything so far is written."""
        self.journal, self.days, self.troubles = journal, {}, {}

    def _troubled(
        self, day: str, trouble: Trouble, targets: tuple[Target, ...] | list[Target]
    ) -> None:
        owed = []
        if self.targets.takes(trouble.outcome):
            message = self._of_trouble(day, trouble)
            for target in targets:
                if target.is_for_people and self._is_open(trouble.cause, target):
                    continue
                if not self.targets.send(target, message):
                    owed.append(target.key)
        self.troubles[day] = replace(trouble, owed=tuple(owed))

    def _is_open(self, cause: str, target: Target) -> bool:
        """Whether the target knows of the cause already, by this day or another."""
        now = {**self.journal.troubles, **self.troubles}
        return any(
            one is not None and one.cause == cause and target.key not in one.owed
            for one in now.values()
        )

    def told(self, day: str) -> Told | None:
        """Return what was announced of the day, this round included."""
        return self.days[day] if day in self.days else self.journal.days.get(day)

    def trouble(self, day: str) -> Trouble | None:
        """Return the day's trouble, this round included."""
        return self.troubles[day] if day in self.troubles else self.journal.troubles.get(day)

    def _of_version(self, day: str, outcome: Outcome, seen: Seen) -> Message:
        made = seen.made
        listed = made.changes.rows if made.changes else 0
        return Message(
            id=hashed(self.org, self.dataset, day, version_of(made)),
            org=self.org,
            dataset=self.dataset,
            day=day,
            state=made.state,
            outcome=outcome,
            manifest=seen.url,
            changes=Changes(total=listed, list=seen.changes) if seen.changes else None,
        )

    def _of_trouble(self, day: str, trouble: Trouble) -> Message:
        told = self.told(day)
        missing = MISSING if self.known else UNKNOWN
        state = DAMAGED if trouble.outcome is Outcome.DAMAGED else missing
        return Message(
            id=hashed(
                self.org, self.dataset, day, trouble.outcome, trouble.cause, trouble.version
            ),
            org=self.org,
            dataset=self.dataset,
            day=day,
            state=told.state if told and trouble.outcome is Outcome.FAILED else state,
            outcome=trouble.outcome,
            manifest=None,
            problem=trouble.problem,
        )


def told_of(made: Manifest, etag: str) -> Told:
    """Return what the journal keeps of a day that is announced to everybody."""
    return Told(
        digest=content_of(made), recipe=made.recipe.fingerprint, state=made.state, etag=etag
    )


def _difference(told: Told | None, now: Told, *, repaired: bool) -> Outcome | None:
    """Return what is to be announced of a day that was announced as `told`."""
    if told is None:
        return Outcome.PUBLISHED
    same = (told.digest, told.recipe, told.state) == (now.digest, now.recipe, now.state)
    return None if same and not repaired else Outcome.REPLACED
