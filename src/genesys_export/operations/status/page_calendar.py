"""The days as calendars of months: the state as colour and letter, the volume as its strength.

A table per month, so that a screen reader says weekday and date, and every day links to its
details.
"""

from __future__ import annotations

from calendar import Calendar, month_name
from collections.abc import Mapping, Sequence
from datetime import date

from ...plural import counted
from .day import DayStatus, State
from .markup import Markup, element, joined
from .page_day import anchor
from .remarks import MEANINGS, needs_attention, shorts

LETTERS = {
    State.FINAL: "",  # the usual one stays quiet
    State.PROVISIONAL: "P",
    State.PARTIAL: "I",
    State.PUBLISHING: "R",
    State.DAMAGED: "D",
    State.FAILED: "X",
    State.MISSING: "M",
    State.ABSENT: "A",
}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_STRENGTHS = 4


def calendar(days: Sequence[DayStatus], place: int) -> Markup:
    """Return the months, the newest first."""
    known = {day.day: day for day in days}
    months = sorted({(day.day.year, day.day.month) for day in days}, reverse=True)
    most = max((day.exported for day in days), default=0)
    drawn = (_month(year, month, known, (place, most)) for year, month in months)
    return element(
        "section",
        element("h3", "Calendar"),
        _legend(days),
        element("div", *drawn, class_="months"),
        class_="card",
    )


def strength(records: int, most: int) -> str:
    """Return the class of a day's volume: v1 (little) to v4 (near the most there is)."""
    if most == 0:
        return f"v{_STRENGTHS}"
    return f"v{min(_STRENGTHS, 1 + _STRENGTHS * records // most)}"


def _month(
    year: int, month: int, known: Mapping[date, DayStatus], context: tuple[int, int]
) -> Markup:
    heads = (
        element("th", element("abbr", name[:2], title=name, class_="plain"), scope="col")
        for name in _WEEKDAYS
    )
    weeks = (
        element("tr", *(_cell(day, known.get(day), month, context) for day in week))
        for week in Calendar().monthdatescalendar(year, month)
    )
    return element(
        "table",
        element("caption", f"{month_name[month]} {year}"),
        element("thead", element("tr", *heads)),
        element("tbody", *weeks),
        class_="month",
    )


def _cell(day: date, status: DayStatus | None, month: int, context: tuple[int, int]) -> Markup:
    if day.month != month:
        return element("td")
    if status is None:
        return element("td", str(day.day), class_="none")
    place, most = context
    told = _told(status)
    classes = ["day", status.state.value]
    if status.manifest:
        classes.append(strength(status.exported, most))
    classes += ["ill"] if needs_attention(status) else []
    letter = LETTERS[status.state]
    return element(
        "td",
        element(
            "a",
            str(day.day),
            element("b", letter) if letter else None,
            href=f"#{anchor(status, place)}",
            title=told,
            aria_label=told,
            class_=" ".join(classes),
        ),
    )


def _told(status: DayStatus) -> str:
    parts = [f"{status.day}: {status.state}"]
    if status.manifest:
        parts.append(counted(status.exported, status.dataset.records))
    parts += shorts(status)
    return ", ".join(parts)


def _legend(days: Sequence[DayStatus]) -> Markup:
    occurring = {day.state for day in days}
    entries = [
        element(
            "li",
            element("span", LETTERS[state], class_=f"swatch {state}", aria_hidden="true"),
            f"{state}: {MEANINGS[state]}",
        )
        for state in State
        if state in occurring
    ]
    shades = (
        element("span", class_=f"swatch final v{level}") for level in range(1, _STRENGTHS + 1)
    )
    scale = element("span", *shades, class_="scale", aria_hidden="true")
    entries.append(element("li", scale, f"few to many {days[0].dataset.records}"))
    if any(map(needs_attention, days)):
        ring = element("span", class_="swatch ring", aria_hidden="true")
        entries.append(element("li", ring, "needs attention"))
    return element("ul", joined(entries), class_="legend")
