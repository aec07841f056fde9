"""`status`: what is published, on stdout, as text or JSON; as a page where --html says."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..api import SystemClock
from ..assembly.working import Surroundings
from ..errors import DataMismatch, WrongSettings
from ..exporter import Exporter
from ..operations.status.as_json import as_json
from ..operations.status.as_text import show
from ..operations.status.attention import cases
from ..operations.status.day import OrgStatus, names
from ..operations.status.page import as_page
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
    """Print the status of every dataset asked for; return 0 if it could be read.

    Raises WrongSettings where nothing was ever exported, unless that is allowed; with `check`
    DataMismatch where anything needs attention, after everything is printed.
    """
    settings = load(flags=flags, environ=environ, needs={Need.DESTINATION})
    clock, log = SystemClock(), settings.log
    shape = Format.CONSOLE if log.format == Format.AUTO else log.format  # there is no bar to draw
    with progress(sys.stderr, format=shape, level=log.level, clock=clock) as observe:
        around = Surroundings(clock=clock, observe=observe, given=partial(repeated, flags))
        found = Exporter(settings, around).status()
    now = clock.now()
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
        advice="Check --to, --org, --dataset and [destination] in the settings; or add"
        " --allow-empty if nothing has been exported yet.",
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


def _say(found: Sequence[OrgStatus]) -> None:
    """Print one sentence for each; the page has the rest."""
    for name, status in zip(names(found), found, strict=True):
        sys.stdout.write(f"{clean(name)}{': ' if name else ''}{clean(summary(status))}\n")
