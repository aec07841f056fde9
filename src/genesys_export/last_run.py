"""How the last run of an organisation ended, kept at the destination for `status`.

One small JSON object, `_genesys_export/<dataset>/last-run.json`, overwritten at the end of every
`run` and `backfill`. It shows what no day's claim can: a sign-in that was refused, settings that
were wrong, a run that found nothing to do. Values only, and a sentence of any error; nothing
depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from . import document
from .locations import Home
from .model import Always, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """How a run ended for one organisation, with its most serious error."""

    command: str  # run or backfill
    began: datetime
    ended: datetime
    status: int  # the exit status, of this organisation alone
    tool_version: str
    published: int = 0  # days
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    unfinished: int = 0  # ended by a signal or the deadline, or too early
    not_tried: int = 0
    day: str = ""  # that the error is of
    message: str = ""
    advice: str = ""


def write(store: Store, home: Home, run: LastRun) -> None:
    """Overwrite what is known of the last run; raises what the store raises."""
    store.put(home.last_run, document.encode(run), Always(), "application/json")


def read(store: Store, home: Home) -> LastRun | None:
    """Return the last run; None if none is known.

    Raises WrongSettings for a later format, DestinationFailed for what can't be read.
    """
    key = home.last_run
    found = store.read(key)
    if found is None:
        return None
    advice = "Remove it: the next run writes it again."
    return document.decode(found.body, LastRun, where=store.url(key), advice=advice)
