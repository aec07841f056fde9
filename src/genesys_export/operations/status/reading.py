"""What is published for each day of an organisation, and how the last attempts ended.

Reads manifests, claims and the record of the last run, and lists the tables' files; reads no data,
writes nothing, asks Genesys nothing, knows no clock. A day's state is the one in its manifest,
unless files are missing or have another size: then it is damaged. Only the claim knows failures,
so a published day that failed again keeps its state and shows the failure as well. An unreadable
manifest affects its own day only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from ... import claim as claims
from ... import last_run, life
from ... import manifest as manifests
from ...claim import Claim, Failure
from ...damage import damages, sentence
from ...datasets import Dataset
from ...days import Day, yesterday, zone_named
from ...errors import DestinationFailed, NotAFile, WrongSettings, in_sentences
from ...guards import differences
from ...last_run import LastRun
from ...locations import Home, Kind
from ...manifest import Manifest
from ...model import Store
from ...notify import journal
from .day import HARMLESS, ClaimHolder, DayStatus, OrgStatus, State

_AT_ONCE = 8  # objects being read
_PUBLISHED = frozenset({State.FINAL, State.PROVISIONAL, State.PARTIAL, State.DAMAGED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an organisation's days lie; `zone` is used where no manifest names one."""

    org: str
    dataset: Dataset
    zone: ZoneInfo
    policy: life.Policy
    given: str = ""  # the flags that suggested commands repeat
    targets: Collection[str] = ()  # what the journal of [notify] calls those that there are now

    @property
    def home(self) -> Home:
        """What the keys of all days begin with."""
        return Home(self.org, self.dataset.name)


@dataclass(frozen=True, slots=True)
class _Known:
    """A day's manifest and claim; a sentence for each that can't be read."""

    manifest: Manifest | None = None
    claim: Claim | None = None
    unreadable: str = ""
    damage: str = ""
    no_manifest: str = ""  # why the manifest can't be read


def read(store: Store, place: Place, now: datetime) -> OrgStatus:
    """Return every day from the first one known to the newest that can be published.

    Raises what the store raises, and WrongSettings for files of a newer version.
    """
    found = _found(store, place.home)
    newest = max(
        (known.manifest for known in found.values() if known.manifest),
        key=lambda manifest: (manifest.ended, manifest.day),
        default=None,
    )
    zone = _zone(newest.timezone, place.zone) if newest else place.zone
    recipe = newest.recipe if newest else None
    due, days = _due(found, place.policy, zone, now), []
    owed = _owed(store, place) if place.targets else {}
    for at in _calendar(found, zone, now - place.policy.rest):
        status = _status(store, place, Day(at, zone), found.get(at, _Known()), now)
        if status.manifest and recipe:
            status = replace(status, differences=differences(status.manifest.recipe, recipe))
        days.append(replace(status, due=due.get(at), owed=owed.get(str(at), ())))
    return OrgStatus(
        org=place.org,
        dataset=place.dataset,
        url=store.url(str(place.home)),
        zone=zone,
        recipe=recipe,
        days=tuple(days),
        last_run=_last_run(store, place.home),
        given=place.given,
    )


def _due(
    found: Mapping[date, _Known], policy: life.Policy, zone: ZoneInfo, now: datetime
) -> Mapping[date, str]:
    """Return which days the next run without a date exports, and why.

    The recipe of such a run is not known here, where there may be no credentials; a day whose
    recipe differs from the newest one's has a remark instead.
    """
    published = [day for day, one in found.items() if one.manifest or one.unreadable]
    first, last = min(published, default=None), max(published, default=None)
    reasons = {}
    for at in life.days_to_look_at(now, zone, first, policy, last_published=last):
        one, day = found.get(at, _Known()), Day(at, zone)
        is_there = one.manifest or one.no_manifest
        if is_there or life.is_missing(at, now, zone, first, policy):
            known = life.known(day, one.manifest, damage=one.damage, unreadable=one.no_manifest)
            if reason := life.due(known, now, policy, known.recipe):
                reasons[at] = reason.sentence
    return reasons


def _last_run(store: Store, home: Home) -> LastRun | None:
    """Return how the last run ended; None where that isn't known or can't be read."""
    try:
        return last_run.read(store, home)
    except (DestinationFailed, NotAFile):
        return None


def _owed(store: Store, place: Place) -> dict[str, tuple[str, ...]]:
    """Return the messages that targets did not get yet, by day; none where that isn't known."""
    key = place.home.announced
    try:
        there = store.read(key)
        found = journal.decode(there.body, store.url(key)) if there else journal.Journal()
    except (DestinationFailed, NotAFile, WrongSettings):  # a run says what is wrong with it
        return {}
    owed: dict[str, tuple[str, ...]] = {}
    for day, told in found.days.items():
        owed[day] = tuple(str(one) for to, one in told.owed.items() if to in place.targets)
    for day, trouble in found.troubles.items():
        lacking = len({*trouble.owed} & {*place.targets})
        owed[day] = owed.get(day, ()) + (str(trouble.outcome),) * lacking
    return owed


def _zone(name: str, otherwise: ZoneInfo) -> ZoneInfo:
    try:
        return zone_named(name)
    except (LookupError, ValueError, OSError):  # a zone that this machine does not know
        return otherwise


def _found(store: Store, home: Home) -> dict[date, _Known]:
    """Read all manifests and claims, several at a time, and list the files they name."""
    kinds: dict[date, set[Kind]] = {}
    for key in store.list(f"{home}/"):
        if place := home.place(key):
            kinds.setdefault(place[0], set()).add(place[1])
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="status") as pool:
        known = dict(
            zip(kinds, pool.map(partial(_known, store, home), kinds.items()), strict=True)
        )
    hurt = damages(store, home, [one.manifest for one in known.values() if one.manifest])
    damage = {day: sentence(some) for day, some in hurt.items()}
    return {day: replace(one, damage=damage.get(str(day), "")) for day, one in known.items()}


def _known(store: Store, home: Home, asked: tuple[date, set[Kind]]) -> _Known:
    day, kinds = asked
    known = _Known()
    for kind in sorted(kinds):
        key = f"{home.day(day)}/{kind}"
        try:
            there = store.read(key)
            if there is None:  # gone since it was listed
                continue
            if kind is Kind.MANIFEST:
                manifest = manifests.decode(there.body, store.url(key))
                known = replace(known, manifest=manifest)
            else:
                known = replace(known, claim=claims.decode(there.body, store.url(key)))
        except (DestinationFailed, NotAFile) as problem:
            told = in_sentences(problem.message, problem.advice)
            known = replace(known, unreadable=f"{known.unreadable} {told}".strip())
            if kind is Kind.MANIFEST:
                known = replace(known, no_manifest=problem.message)
    return known


def _calendar(found: Mapping[date, _Known], zone: ZoneInfo, at: datetime) -> Iterator[date]:
    """Yield every known day, and the gaps from the first published day to the day before `at`."""
    published = [day for day, known in found.items() if known.manifest or known.unreadable]
    gaps: set[date] = set()
    if published:
        first, last = min(published), yesterday(at, zone)
        every = (Day(first + timedelta(n), zone) for n in range((last - first).days + 1))
        # A date that the zone's calendar never showed (Apia, 2011-12-30) can't be missing.
        gaps = {day.date for day in every if not day.interval.is_empty}
    yield from sorted(gaps | found.keys())


def _status(store: Store, place: Place, day: Day, known: _Known, now: datetime) -> DayStatus:
    manifest, claim, home = known.manifest, known.claim, place.home
    is_past = life.is_past(day, now, place.policy)
    failure = claim.failure if claim else None
    if failure and manifest and failure.at <= manifest.ended:
        failure = None
    return DayStatus(
        day=day.date,
        dataset=place.dataset,
        state=_state(known, failure, is_past=is_past),
        zone=day.zone,
        interval=manifest.interval if manifest else day.interval,
        manifest=manifest,
        manifest_url=store.url(home.manifest(day)) if manifest else "",
        failure=failure,
        held=_held(store, home.claim(day), known),
        unreadable=known.unreadable,
        damage=known.damage,
        is_past=is_past,
        given=place.given,
    )


def _state(known: _Known, failure: Failure | None, *, is_past: bool) -> State:
    if known.manifest:
        told = known.manifest.state
        is_whole = told in _PUBLISHED and not known.damage
        state = State(told) if is_whole else State.DAMAGED
        return State.PUBLISHING if known.manifest.next else state
    if known.unreadable:
        return State.DAMAGED
    if is_past:
        return State.ABSENT
    failed = failure is not None and failure.status not in HARMLESS
    return State.FAILED if failed else State.MISSING


def _held(store: Store, key: str, known: _Known) -> ClaimHolder | None:
    """Return who holds the day, judged by the store's clock, as leases are.

    An attempt that was killed between publishing the day and its release holds nothing.
    """
    claim, made = known.claim, known.manifest
    if claim is None or claim.released:
        return None
    if made and made.next is None and made.attempt == claim.attempt:
        return None
    seen = store.look(key)
    if seen is None:
        return None
    until = seen.modified.astimezone(UTC) + timedelta(seconds=claim.lease_s)
    return ClaimHolder(
        attempt=claim.attempt,
        host=claim.holder.host,
        pid=claim.holder.pid,
        began=claim.began,
        until=until,
        lapsed=seen.now >= until,
    )
