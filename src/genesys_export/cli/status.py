"""`status`: what is published, on stdout, as text or JSON; as a page where --html says."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product
from pathlib import Path

from .. import life
from ..api import SystemClock
from ..assembly.connections import destinations
from ..assembly.planning import policy_of
from ..days import Day
from ..errors import DataMismatch, WrongSettings
from ..operations.status.as_json import as_json
from ..operations.status.as_text import show
from ..operations.status.attention import cases
from ..operations.status.day import DayStatus, OrgStatus
from ..operations.status.page import as_page
from ..operations.status.reading import Due, Place, read
from ..operations.status.remarks import summary
from ..plural import plural
from ..progress import Format, progress
from ..progress.words import clean
from ..settings import Flags, Need, load
from .outputs import write_output
from .repeating import repeated
from .showing import machine


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRequest:
    """The flags of `status` that are no settings."""

    as_json: bool = False
    html: Path | None = None
    days: int = 14
    check: bool = False
    allow_empty: bool = False


def report(
    request: StatusRequest,
    flags: Flags,
    environ: Mapping[str, str] | None = None,
) -> int:
    """Print the status of every organisation asked for; return 0 if it could be read.

    Raises WrongSettings where nothing was ever exported, unless that is allowed; with `check`
    DataMismatch where anything needs attention, after everything is printed.
    """
    settings = load(flags=flags, environ=environ, needs={Need.DESTINATION})
    clock, log = SystemClock(), settings.log
    shape = Format.CONSOLE if log.format == Format.AUTO else log.format  # there is no bar to draw
    with progress(sys.stderr, format=shape, level=log.level, clock=clock) as observe:
        orgs, store = destinations(settings, observe)
        zone, now = settings.export.timezone, clock.now()
        found = []
        for org, dataset in product(orgs, settings.datasets):
            policy = policy_of(settings, dataset)
            place = Place(
                org=org,
                dataset=dataset.name,
                zone=zone,
                rest=policy.rest,
                given=repeated(flags, org),
            )
            found.append(read(store, place, now, due=_due(policy, now)))
    if not request.allow_empty and all(one.is_empty for one in found):
        raise _empty(found)
    if request.html:
        page = as_page(found, asked=now)
        write_output(request.html, page, flag="--html", advice="The status itself could be read.")
    if request.as_json:
        machine(as_json(found, asked=now).decode())
    elif request.html:
        _say(found)
    else:
        show(found, sys.stdout, days=request.days)
    if request.check:
        _check(found)
    return 0


def _empty(found: Sequence[OrgStatus]) -> WrongSettings:
    places = " and ".join(clean(one.url) for one in found)
    return WrongSettings(
        f"nothing has ever been exported to {places}",
        advice="Check --to, --org and [destination] in the settings; or add --allow-empty if"
        " nothing has been exported yet.",
    )


def _check(found: Sequence[OrgStatus]) -> None:
    """Raise DataMismatch where anything needs attention."""
    every = [case for one in found for case in cases(one)]
    if not every:
        return
    days = sum(len(case.days) for case in every)
    told = [plural(days, "day")] if days else []
    told += ["the last run"] if any(not case.days for case in every) else []
    raise DataMismatch(
        f"something needs attention: {' and '.join(told)}",
        advice="`genesys-export status` lists each and what to do.",
    )


def _due(policy: life.Policy, now: datetime) -> Due:
    """Return what says which days the next run without a date exports, and why.

    The recipe of such a run is not known here, where there may be no credentials; a day whose
    recipe differs from the newest one's has a remark instead.
    """

    def reasons(days: Sequence[DayStatus]) -> dict[date, str]:
        if not days:
            return {}
        published = [one.day for one in days if one.manifest or one.unreadable]
        first, last = min(published, default=None), max(published, default=None)
        zone = days[0].zone
        looked_at = life.days_to_look_at(now, zone, first, policy, last_published=last)
        found = {
            one.day: _reason(one, policy, now)
            for one in days
            if one.day in looked_at
            and (one.manifest or life.is_missing(one.day, now, zone, first, policy))
        }
        return {day: reason for day, reason in found.items() if reason}

    return reasons


def _reason(status: DayStatus, policy: life.Policy, now: datetime) -> str | None:
    """Return why a run that looks at the day exports it."""
    made = status.manifest
    if made is not None and made.next:
        return "its publishing was cut off, or is under way"
    if status.damage:
        return f"it is damaged: {status.damage}"
    known = life.known(Day(status.day, status.zone), made)
    found = life.due(known, now, policy, known.recipe)
    return found.sentence if found else None


def _say(found: Sequence[OrgStatus]) -> None:
    """Print one sentence for each; the page has the rest."""
    for status in found:
        name = f"{clean(status.org)}: " if status.org else ""
        sys.stdout.write(f"{name}{clean(summary(status))}\n")
