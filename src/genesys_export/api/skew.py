"""Whether this machine's clock agrees with Genesys's, by the `Date` of an answer.

The clock decides which days are over and which are final, so an export stops (78) where it is
wrong, in either direction. Pure: callers say when they asked and when the answer came.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from ..days import http_date
from ..errors import WrongSettings
from ..findings import SKEW_MOST


def check_clock(headers: Mapping[str, str], asked: datetime, answered: datetime) -> None:
    """Raise WrongSettings if the answer's `Date` is far from both instants.

    An answer without a date says nothing, nor does one that a cache gave (`Age`).
    """
    theirs = http_date(headers.get("Date", ""))
    if theirs is None or "Age" in headers:
        return
    ahead, behind = asked - theirs, theirs - answered
    if max(ahead, behind) <= SKEW_MOST:
        return
    apart = timedelta(minutes=round(max(ahead, behind).total_seconds() / 60))
    direction = "ahead of" if ahead > behind else "behind"
    raise WrongSettings(
        f"this machine's clock is {apart} {direction} Genesys Cloud's, so it can't determine "
        f"which days are over or final",
        advice="Set this machine's clock (NTP), then run the same command again.",
    )
