"""What is published for each day of an organisation, and how the last attempts ended.

Reads manifests, claims and the record of the last run, and lists the tables' files; reads no data,
writes nothing, asks Genesys nothing, knows no clock. A day's state is the one in its manifest,
unless files are missing or have another size: then it is damaged. Only the claim knows failures,
so a published day that failed again keeps its state and shows the failure as well. An unreadable
manifest affects its own day only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from ... import claim as claims
from ... import last_run
from ... import manifest as manifests
from ...claim import Claim, Failure
from ...damage import damages, sentence
from ...days import Day, yesterday, zone_named
from ...errors import DestinationFailed, NotAFile
from ...guards import differences
from ...last_run import LastRun
from ...locations import Home, Kind
from ...manifest import Manifest
from ...model import Store
from .day import HARMLESS, ClaimHolder, DayStatus, OrgStatus, State

_AT_ONCE = 8  # objects being read
_PUBLISHED = frozenset({State.FINAL, State.PROVISIONAL, State.PARTIAL, State.DAMAGED})

Due = Callable[[Sequence[DayStatus]], Mapping[date, str]]  # why the next run exports which days


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an organisation's days lie; `zone` is used where no manifest names one.

    A day can be published `rest` after its end: before that it isn't missing.
    """

    org: str
    dataset: str
    zone: ZoneInfo
    rest: timedelta = timedelta(0)
    given: str = ""  # the flags that suggested commands repeat

    @property
    def home(self) -> Home:
        """What the keys of all days begin with."""
        return Home(self.org, self.dataset)


@dataclass(frozen=True, slots=True)
class _Known:
    """A day's manifest and claim; a sentence for each that can't be read."""

    manifest: Manifest | None = None
    claim: Claim | None = None
    unreadable: str = ""
    damage: str = ""


def read(store: Store, place: Place, now: datetime, *, due: Due | None = None) -> OrgStatus:
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
    hurt = damages(store, place.home, [one.manifest for one in found.values() if one.manifest])
    days = []
    for day in _calendar(found, zone, now - place.rest):
        known = found.get(day, _Known())
        if some := hurt.get(str(day)):
            known = replace(known, damage=sentence(some))
        status = _status(store, place.home, Day(day, zone), known)
        if status.manifest and recipe:
            status = replace(status, differences=differences(status.manifest.recipe, recipe))
        days.append(status)
    reasons = due(days) if due else {}
    return OrgStatus(
        org=place.org,
        dataset=place.dataset,
        url=store.url(str(place.home)),
        zone=zone,
        recipe=recipe,
        days=tuple(replace(one, due=reasons.get(one.day), given=place.given) for one in days),
        last_run=_last_run(store, place.home),
        given=place.given,
    )


def _last_run(store: Store, home: Home) -> LastRun | None:
    """Return how the last run ended; None where that isn't known or can't be read."""
    try:
        return last_run.read(store, home)
    except (DestinationFailed, NotAFile):
        return None


def _zone(name: str, otherwise: ZoneInfo) -> ZoneInfo:
    try:
        return zone_named(name)
    except (LookupError, ValueError, OSError):  # a zone that this machine does not know
        return otherwise


def _found(store: Store, home: Home) -> dict[date, _Known]:
    """Read all manifests and claims, several at a time."""
    kinds: dict[date, set[Kind]] = {}
    for key in store.list(f"{home}/"):
        if place := home.place(key):
            kinds.setdefault(place[0], set()).add(place[1])
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="status") as pool:
        known = pool.map(partial(_known, store, home), kinds.items())
        return dict(zip(kinds, known, strict=True))


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
            sentence = f"{problem.message}. {problem.advice}"
            known = replace(known, unreadable=f"{known.unreadable} {sentence}".strip())
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


def _status(store: Store, home: Home, day: Day, known: _Known) -> DayStatus:
    manifest, claim = known.manifest, known.claim
    failure = claim.failure if claim else None
    if failure and manifest and failure.at <= manifest.ended:
        failure = None
    return DayStatus(
        day=day.date,
        state=_state(known, failure),
        zone=day.zone,
        interval=manifest.interval if manifest else day.interval,
        manifest=manifest,
        manifest_url=store.url(home.manifest(day)) if manifest else "",
        failure=failure,
        held=_held(store, home.claim(day), claim) if claim and not claim.released else None,
        unreadable=known.unreadable,
        damage=known.damage,
    )


def _state(known: _Known, failure: Failure | None) -> State:
    if known.manifest:
        told = known.manifest.state
        is_whole = told in _PUBLISHED and not known.damage
        state = State(told) if is_whole else State.DAMAGED
        return State.PUBLISHING if known.manifest.next else state
    if known.unreadable:
        return State.DAMAGED
    failed = failure is not None and failure.status not in HARMLESS
    return State.FAILED if failed else State.MISSING


def _held(store: Store, key: str, claim: Claim) -> ClaimHolder | None:
    """Return who holds the day, judged by the store's clock, as leases are."""
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
