"""`status`: what is published, on stdout, as text or JSON; as a page where --html says."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from .. import life
from ..api import SystemClock
from ..assembly.examining import destinations
from ..assembly.planning import policy_of
from ..datasets import conversation_details
from ..days import Day
from ..errors import DestinationFailed
from ..operations.day_status import DayStatus, OrgStatus
from ..operations.status import Due, Place, read
from ..operations.status_json import as_json
from ..operations.status_page import as_page
from ..operations.status_text import show
from ..operations.status_words import summary
from ..progress import Format, progress
from ..progress.words import clean
from ..settings import Need, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What `status` was asked for beside its settings."""

    as_json: bool = False
    html: Path | None = None
    days: int = 14


def report(
    wanted: Wanted,
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
        places = [Place(org=org, dataset=dataset, zone=zone) for org in orgs]
        due = _due(policy_of(settings), now)
        found = [read(store, place, now, due=due) for place in places]
    if wanted.html:
        _write(wanted.html, as_page(found, asked=now))
    if wanted.as_json:
        sys.stdout.write(as_json(found, asked=now).decode())
    elif wanted.html:
        _say(found)
    else:
        show(found, sys.stdout, days=wanted.days)
    return 0


def _due(policy: life.Policy, now: datetime) -> Due:
    """Return what says why the next run without a date exports a day, if it does.

    The recipe that such a run has is not known here, where there may be no credentials: how a
    day's own differs from the newest one's is told apart.
    """

    def reason(status: DayStatus) -> str | None:
        made, zone = status.manifest, status.zone
        day = Day(status.day, zone)
        if made is None and not life.is_missing(day.date, now, zone, day.date, policy):
            return None
        if made is not None and made.next:
            return "its publishing was cut off, or is under way"
        found = life.due(
            life.known(day, made), now, policy, made.recipe.fingerprint if made else ""
        )
        return found.sentence if found else None

    return reason


def _say(found: Sequence[OrgStatus]) -> None:
    """Print the one sentence of each: what else there is stands on the page."""
    for status in found:
        name = f"{clean(status.org)}: " if status.org else ""
        sys.stdout.write(f"{name}{clean(summary(status))}\n")


def _write(path: Path, page: bytes) -> None:
    """Write the page whole or not at all: whoever serves it never shows half of it."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        try:
            with part.open("xb") as file:
                file.write(page)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as problem:
        raise DestinationFailed(
            f"the page could not be written to {path}: {problem.strerror}",
            advice="Check --html; the status itself could be read.",
        ) from problem
