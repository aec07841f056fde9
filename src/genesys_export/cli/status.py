"""`status`: what is published, on stdout, as text or JSON; as a page where --html says."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from .. import life
from ..api import SystemClock
from ..assembly.examining import destinations
from ..assembly.planning import policy_of
from ..datasets import conversation_details
from ..days import Day
from ..operations.day_status import DayStatus, OrgStatus
from ..operations.status import Due, Place, read
from ..operations.status_json import as_json
from ..operations.status_page import as_page
from ..operations.status_text import show
from ..operations.status_words import summary
from ..progress import Format, progress
from ..progress.words import clean
from ..settings import Need, load
from .outputs import write_output
from .showing import machine


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRequest:
    """What `status` was asked for beside its settings."""

    as_json: bool = False
    html: Path | None = None
    days: int = 14


def report(
    request: StatusRequest,
    flags: Mapping[str, object],
    environ: Mapping[str, str] | None = None,
) -> int:
    """Print the status of every organisation asked for; 0 whenever it could be read."""
    settings = load(flags=flags, environ=environ, needs={Need.DESTINATION})
    clock, log = SystemClock(), settings.log
    shape = Format.CONSOLE if log.format == Format.AUTO else log.format  # there is no bar to draw
    with progress(sys.stderr, format=shape, level=log.level, clock=clock) as observe:
        orgs, store = destinations(settings, observe)
        dataset, zone, now = conversation_details().name, settings.export.timezone, clock.now()
        policy = policy_of(settings)
        places = [Place(org=org, dataset=dataset, zone=zone, rest=policy.rest) for org in orgs]
        due = _due(policy, now)
        found = [read(store, place, now, due=due) for place in places]
    if request.html:
        page = as_page(found, asked=now)
        write_output(request.html, page, flag="--html", advice="The status itself could be read.")
    if request.as_json:
        machine(as_json(found, asked=now).decode())
    elif request.html:
        _say(found)
    else:
        show(found, sys.stdout, days=request.days)
    return 0


def _due(policy: life.Policy, now: datetime) -> Due:
    """Return what says which days the next run without a date exports, and why.

    The recipe that such a run has is not known here, where there may be no credentials: how a
    day's own differs from the newest one's is told apart.
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
    known = life.known(Day(status.day, status.zone), made)
    found = life.due(known, now, policy, known.recipe)
    return found.sentence if found else None


def _say(found: Sequence[OrgStatus]) -> None:
    """Print the one sentence of each: what else there is stands on the page."""
    for status in found:
        name = f"{clean(status.org)}: " if status.org else ""
        sys.stdout.write(f"{name}{clean(summary(status))}\n")
