"""What is published for each day of an organisation, and what became of the last attempts at it.

Reads the manifests and claims at a destination; writes nothing, asks Genesys nothing, knows no
clock. A day's state is its manifest's own; only where there is none does the claim speak: a
failure stands there, and only there, so a published day that failed again keeps its state and
shows both. One unreadable manifest is that day's problem and not the end of the report.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from .. import claim as claims
from .. import manifest as manifests
from ..claim import Claim, Failure
from ..days import Day, date_named, yesterday, zone_named
from ..errors import DestinationFailed
from ..guards import differences
from ..manifest import Manifest
from ..model import Store
from .day_status import HARMLESS, ClaimHolder, DayStatus, OrgStatus, State

_AT_ONCE = 8  # objects being read
_PLACE = re.compile(r"/(\d{4}-\d\d-\d\d)/(manifest|claim)\.json")
_PUBLISHED = frozenset({State.FINAL, State.PROVISIONAL, State.PARTIAL, State.DAMAGED})

Due = Callable[[Sequence[DayStatus]], Mapping[date, str]]  # why the next run exports which days


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an organisation's days lie; `zone` is believed where no manifest names one.

    A day can be published when it has rested: before that it can't be missing.
    """

    org: str
    dataset: str
    zone: ZoneInfo
    rest: timedelta = timedelta(0)

    @property
    def home(self) -> str:
        """What the keys of all days begin with."""
        under = f"{self.org}/" if self.org else ""
        return f"{under}_genesys_export/{self.dataset}"


@dataclass(frozen=True, slots=True)
class _Known:
    """What lies in a day's home, decoded; a sentence for what could not be."""

    manifest: Manifest | None = None
    claim: Claim | None = None
    unreadable: str = ""


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
    days = []
    for day in _calendar(found, zone, now - place.rest):
        key = f"{place.home}/{day}"
        status = _status(store, key, Day(day, zone), found.get(day, _Known()))
        if status.manifest and recipe:
            status = replace(status, differences=differences(status.manifest.recipe, recipe))
        days.append(status)
    reasons = due(days) if due else {}
    return OrgStatus(
        org=place.org,
        dataset=place.dataset,
        url=store.url(place.home),
        zone=zone,
        recipe=recipe,
        days=tuple(replace(one, due=reasons.get(one.day)) for one in days),
    )


def _zone(name: str, otherwise: ZoneInfo) -> ZoneInfo:
    try:
        return zone_named(name)
    except (LookupError, ValueError, OSError):  # a zone that this machine does not know
        return otherwise


def _found(store: Store, home: str) -> dict[date, _Known]:
    """Read all manifests and claims, several at a time."""
    kinds: dict[date, set[str]] = {}
    for key in store.list(f"{home}/"):
        if (named := _PLACE.fullmatch(key.removeprefix(home))) and (day := date_named(named[1])):
            kinds.setdefault(day, set()).add(named[2])
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="status") as pool:
        known = pool.map(partial(_known, store, home), kinds.items())
        return dict(zip(kinds, known, strict=True))


def _known(store: Store, home: str, asked: tuple[date, set[str]]) -> _Known:
    day, kinds = asked
    known = _Known()
    for kind in sorted(kinds):
        key = f"{home}/{day}/{kind}.json"
        there = store.read(key)
        if there is None:  # gone since it was listed
            continue
        try:
            if kind == "manifest":
                manifest = manifests.decode(there.body, store.url(key))
                known = replace(known, manifest=manifest)
            else:
                known = replace(known, claim=claims.decode(there.body, store.url(key)))
        except DestinationFailed as problem:
            sentence = f"{problem.message}. {problem.advice}"
            known = replace(known, unreadable=f"{known.unreadable} {sentence}".strip())
    return known


def _calendar(found: Mapping[date, _Known], zone: ZoneInfo, at: datetime) -> Iterator[date]:
    """Yield every day that is known, and those without anything since the first published.

    These up to the one before the instant `at`.
    """
    published = [day for day, known in found.items() if known.manifest or known.unreadable]
    gaps: set[date] = set()
    if published:
        first, last = min(published), yesterday(at, zone)
        every = (Day(first + timedelta(n), zone) for n in range((last - first).days + 1))
        # A date that the zone's calendar never showed (Apia, 2011-12-30) can't be missing.
        gaps = {day.date for day in every if not day.interval.is_empty}
    yield from sorted(gaps | found.keys())


def _status(store: Store, key: str, day: Day, known: _Known) -> DayStatus:
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
        manifest_url=store.url(f"{key}/manifest.json") if manifest else "",
        failure=failure,
        held=_held(store, f"{key}/claim.json", claim) if claim and not claim.released else None,
        unreadable=known.unreadable,
    )


def _state(known: _Known, failure: Failure | None) -> State:
    if known.manifest:
        told = known.manifest.state
        state = State(told) if told in _PUBLISHED else State.DAMAGED
        return State.PUBLISHING if known.manifest.next else state
    if known.unreadable:
        return State.DAMAGED
    failed = failure is not None and failure.status not in HARMLESS
    return State.FAILED if failed else State.MISSING


def _held(store: Store, key: str, claim: Claim) -> ClaimHolder | None:
    """Return who holds the day; by the store's clock, which is the one leases are kept by."""
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
