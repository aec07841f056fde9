"""Four months of a lively organisation: every state and every remark."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from math import sin

from genesys_export.model import Counts
from made_days import NOW, RECIPE, Shelf, claim, counted, failure, lay, manifest, replacing

FIRST, LAST = date(2026, 8, 12), date(2026, 11, 24)
GONE = {date(2026, 10, 3), date(2026, 10, 4), date(2026, 11, 15)}
HOSTILE = '<script>alert("&")</script><img src=x onerror=alert(1)>\x1b[31m'


def eventful(org: str = "", scale: float = 1.0):
    """Return the shelf with all of it."""
    return furnish(Shelf(), org, scale)


def furnish(shelf: Shelf, org: str = "", scale: float = 1.0):
    """Lay all days of an organisation on a shelf."""
    day = FIRST
    while day <= LAST:
        if day not in GONE:
            lay(shelf, _day(day, scale), org=org)
        day += timedelta(1)
    return lay(shelf, *_claims(), org=org)


def _day(day: date, scale: float):
    age = (LAST - day).days
    volume = 24_000 if day.weekday() < 5 else 6_500 - 900 * (day.weekday() - 5)
    volume = int(scale * volume * (1 + 0.12 * sin(day.toordinal() * 1.7)))
    state = "final" if age >= 4 else "provisional"
    late = timedelta(28 if age > 28 else 14 if age > 14 else 7 if age > 7 else 4, hours=6)
    if state == "provisional":
        late = timedelta(hours=5 + day.day % 3, minutes=7 * (day.day % 5))
    theirs = volume + (day.toordinal() * 7) % 23
    made = manifest(
        str(day),
        state,
        late=late,
        conversations=volume,
        source_count=counted(volume, theirs),
    )
    return _odd(day, made, volume)


def _odd(day: date, made, volume: int):
    match str(day):
        case "2026-11-24":
            late = timedelta(hours=-3)
            made = manifest(str(day), "partial", late=late, conversations=volume // 2)
        case "2026-11-23":
            made = replacing(made)
        case "2026-11-10":
            made = replace(made, state="damaged")
        case "2026-11-18":
            counts = Counts(
                received=volume + 3,
                exported=volume,
                duplicates=3,
                differing_duplicates=1,
                open=12,
                rejected=4,
                drift=17,
                unknown_fields={"conversations.newField": 12, "sessions.<b>": 3},
            )
            made = replace(made, counts=counts, notes=(HOSTILE,))
        case "2026-11-05":
            told = counted(volume, int(volume * 1.06), "disagrees")
            made = replace(made, source_count=told)
        case text if text < "2026-09-01":
            made = replace(
                made, recipe=replace(RECIPE, tables=RECIPE.tables[:2], format="parquet")
            )
    return made


def _claims():
    return (
        claim("2026-11-15", failure=failure(message=f"Genesys did not answer {HOSTILE}")),
        claim("2026-11-10", failure=failure(74, message="the upload is gone")),
        claim("2026-11-23", released=False, began=NOW - timedelta(minutes=2)),
        claim("2026-10-04", failure=failure(75, message="2026-10-04 is not complete at Genesys")),
    )
