"""What the charts show: volume, completeness and freshness of days.

Chooses numbers, scales and words; `charts` draws them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from statistics import median, median_high

from ...plural import counted, plural
from .charts import Mark, Scale, bars, dots, steps
from .day import DayStatus
from .markup import Markup, element
from .remarks import after, lateness, percent

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def volume(days: Sequence[DayStatus], records: str) -> Markup:
    """Return the records of each day, coloured by state."""
    title = f"{records.capitalize()} per day"
    marks = [
        Mark(
            day=day.day,
            value=day.exported if day.manifest else None,
            title=f"{day.day}, {day.state}: {counted(day.exported, records)}",
            class_=day.state.value,
        )
        for day in days
    ]
    known = [(day.exported, day.day) for day in days if day.manifest]
    scale = Scale(
        lines=steps(max(1, *(value for value, _ in known), 1)), words=lambda value: f"{value:,.0f}"
    )
    if not known:
        return _figure(title, None, "Nothing is published.")
    (most, at), (least, low) = max(known), min(known)
    caption = (
        f"Most: {most:,} on {at}; fewest: {least:,} on {low}; "
        f"median: {round(median(value for value, _ in known)):,}. "
        f"A tick on the axis marks a day without {records}."
    )
    return _figure(title, bars(marks, scale, label=f"{title}. {caption}"), caption)


def completeness(days: Sequence[DayStatus], records: str) -> Markup:
    """Return our records in hundredths of the source's own count."""
    title = "Completeness"
    shares = {day.day: share for day in days if (share := day.completeness) is not None}
    if not shares:
        told = "No day has a count by Genesys to compare ours with."
        return _figure(title, None, told)
    marks = [_share(day) for day in days]
    low, high = min(*shares.values(), 99.0), max(*shares.values(), 100.0)
    lines = steps(high, lowest=low)
    worst = min(shares, key=lambda day: (-abs(100 - shares[day]), day))
    apart = sum(day.disagrees for day in days)
    caption = (
        f"Exported {records} as a percentage of Genesys's own count, for "
        f"{plural(len(shares), 'day')}. Largest difference: {percent(shares[worst])} on {worst}. "
        f"{plural(apart, 'day differs', 'days differ')} by more than the tolerance."
    )
    scale = Scale(lines=lines, words=lambda value: f"{value:.6g} %")
    return _figure(title, dots(marks, scale, label=f"{title}. {caption}"), caption)


def _share(day: DayStatus) -> Mark:
    share, source = day.completeness, day.source
    if share is None or source is None:
        return Mark(day=day.day, value=None, title="", class_="")
    told = f"{percent(share)} ({source.ours:,} of {source.query_hits:,})"
    return Mark(
        day=day.day,
        value=share,
        title=f"{day.day}: {told}, {source.verdict}",
        class_="disagrees" if day.disagrees else "agrees",
    )


def freshness(days: Sequence[DayStatus], *, settles: bool) -> Markup:
    """Return how long after its end each day was last fetched."""
    title = "Fetched after the day's end"
    known = [day.fetched_late for day in days if day.fetched_late is not None]
    waits = [max(late, timedelta(0)) for late in known]  # a partial day: before its end
    if not waits:
        return _figure(title, None, "Nothing is published.")
    longest = max(*waits, _HOUR, _HOUR)
    unit, name = (_DAY, "d") if longest > 2 * _DAY else (_HOUR, "h")
    marks = [_wait(day, unit) for day in days]
    scale = Scale(lines=steps(longest / unit), words=lambda value: f"{value:g} {name}")
    about = (
        "A day fetched soon after its end is provisional, one fetched days later is final; it is "
        "fetched again when it is older. "
    )
    caption = (
        f"{about if settles else ''}Half of the days: at least {lateness(median_high(waits))}."
    )
    return _figure(title, bars(marks, scale, label=f"{title}. {caption}"), caption)


def _wait(day: DayStatus, unit: timedelta) -> Mark:
    late = day.fetched_late
    told = "not published" if late is None else f"fetched {after(late)}"
    return Mark(
        day=day.day,
        value=None if late is None else max(late / unit, 0.0),
        title=f"{day.day}, {day.state}: {told}",
        class_=day.state.value,
    )


def _figure(title: str, chart: Markup | None, caption: str) -> Markup:
    figure = element("figure", chart, element("figcaption", caption))
    return element("section", element("h3", title), figure, class_="card")
