"""Charts as SVG that stretches: across in percent, up in pixels, so that text keeps its size.

Pure: from numbers to markup. Knows nothing of days' states but the class that a mark is to have;
colours are the style sheet's. Every mark has a title, which browsers show and readers read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from math import floor, log10

from .markup import Markup, element

HEIGHT = 200  # px: the whole
_TOP, _BOTTOM = 14, 24  # px: room for a label above the highest line, for dates below
# Dates stand no closer than this many percent of the width, so that they don't overlap: on a desk,
# and on a phone of 320 px and more, where only some of them are shown.
_SPREAD_DESK, _SPREAD_PHONE = 13.0, 28.0
_EDGE = 10.0  # percent: a date nearer to an edge is aligned to it


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A day in a chart; without value it is a tick on the base line."""

    day: date
    value: float | None
    title: str
    class_: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What the lines of a chart stand for: from the lowest to the highest."""

    lines: tuple[float, ...]
    words: Callable[[float], str]

    def height(self, value: float) -> float:
        """Return how many pixels above the base line a value stands."""
        low, high = self.lines[0], self.lines[-1]
        share = (min(max(value, low), high) - low) / (high - low)
        return share * (HEIGHT - _TOP - _BOTTOM)


def steps(highest: float, *, lowest: float = 0.0, most: int = 4) -> tuple[float, ...]:
    """Return round numbers, evenly apart, from at most `lowest` to at least `highest`."""
    span = max(highest - lowest, 1e-9)
    power = 10.0 ** floor(log10(span / most))
    step = next(s * power for s in (1, 2, 2.5, 5, 10, 20) if s * power * most >= span)
    first = floor(lowest / step + 1e-9)
    count = 1
    while (first + count) * step < highest - 1e-9 * span:
        count += 1
    return tuple(round((first + n) * step, 10) for n in range(count + 1))


def bars(marks: Sequence[Mark], scale: Scale, *, label: str) -> Markup:
    """Return a bar a day."""
    share = 100 / max(len(marks), 1)
    base = HEIGHT - _BOTTOM

    def bar(place: int, mark: Mark) -> Markup:
        height = 0.0 if mark.value is None else scale.height(mark.value)
        tall = max(height, 3.0)  # what is there can be seen, and so can what is not
        return element(
            "rect",
            element("title", mark.title),
            x=_percent(share * (place + 0.1)),
            y=base - tall,
            width=_percent(share * 0.8),
            height=tall,
            rx=1.5 if len(marks) < 100 else None,
            class_=mark.class_,
        )

    return _chart(marks, scale, (bar(place, mark) for place, mark in enumerate(marks)), label)


def dots(marks: Sequence[Mark], scale: Scale, *, label: str) -> Markup:
    """Return a dot a day that has a value, at its height."""
    share = 100 / max(len(marks), 1)
    base = HEIGHT - _BOTTOM

    def dot(place: int, mark: Mark) -> Markup:
        return element(
            "circle",
            element("title", mark.title),
            cx=_percent(share * (place + 0.5)),
            cy=base - scale.height(mark.value or 0.0),
            r=4 if len(marks) < 100 else 2.5,
            class_=mark.class_,
        )

    shown = (dot(place, mark) for place, mark in enumerate(marks) if mark.value is not None)
    return _chart(marks, scale, shown, label)


def _chart(marks: Sequence[Mark], scale: Scale, drawn: Iterator[Markup], label: str) -> Markup:
    """Put the words of the scale beside the marks, so that neither covers the other."""
    heights = [(value, HEIGHT - _BOTTOM - scale.height(value)) for value in scale.lines]
    words = (
        element("text", scale.words(value), x=50, y=y + 4, text_anchor="end", class_="axis")
        for value, y in heights
    )
    lines = (element("line", x1=0, x2="100%", y1=y, y2=y, class_="grid") for _, y in heights)
    return element(
        "div",
        element("svg", *words, aria_hidden="true", class_="scale-words", height=HEIGHT),
        element(
            "svg",
            element("g", *lines, aria_hidden="true"),
            element("g", *drawn),
            element("g", *_dates(marks), aria_hidden="true"),
            role="img",
            aria_label=label,
            width="100%",
            height=HEIGHT,
        ),
        class_="chart",
    )


def _dates(marks: Sequence[Mark]) -> Iterator[Markup]:
    """Yield dates below the base line: Mondays, or the first of months, as many as fit.

    Those that fit on a desk only have a class of their own.
    """
    share = 100 / max(len(marks), 1)
    weekly = len(marks) <= 45
    last = last_on_phone = -100.0
    for place, mark in enumerate(marks):
        is_due = mark.day.weekday() == 0 if weekly else mark.day.day == 1
        x = share * (place + 0.5)
        middle = min(max(x, _EDGE), 100 - _EDGE)  # of the text, as it is aligned
        if not is_due or middle - last < _SPREAD_DESK:
            continue
        last = middle
        on_phone = middle - last_on_phone >= _SPREAD_PHONE
        last_on_phone = middle if on_phone else last_on_phone
        yield element(
            "text",
            _date(mark.day, weekly=weekly),
            x=_percent(x),
            y=HEIGHT - 6,
            text_anchor="start" if x < _EDGE else "end" if x > 100 - _EDGE else "middle",
            class_="axis" if on_phone else "axis desk",
        )


def _date(day: date, *, weekly: bool) -> str:
    if weekly:
        return f"{day.day} {day:%b}"
    return f"{day:%b}" if day.month > 1 else f"{day:%Y}"


def _percent(value: float) -> str:
    return f"{value:.4g}%"
