"""HTML and SVG as values that can't be wrong: whatever is not markup already is escaped.

Knows nothing of what is shown. `element("td", "a < b", class_="n")` is a cell with that text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

_VOID = frozenset({"br", "hr", "link", "meta"})


@dataclass(frozen=True, slots=True)
class Markup:
    """Text that is markup already; only this module makes it of other text."""

    text: str

    def __add__(self, other: Markup) -> Markup:
        """Put another piece behind this one."""
        return Markup(self.text + other.text)


Child = Markup | str | int | None
EMPTY = Markup("")


def element(name: str, /, *children: Child, **attributes: str | float | None) -> Markup:
    """Return an element.

    An attribute that is None is left out; `class_` is class, `aria_label` aria-label.
    """
    said = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{said}>")
    return Markup(f"<{name}{said}>{joined(children).text}</{name}>")


def joined(children: Iterable[Child], between: str = "") -> Markup:
    """Return pieces one after the other, text escaped."""
    return Markup(between.join(map(_text, children)))


def verbatim(text: str) -> Markup:
    """Return text of our own, such as a style sheet, as it is."""
    return Markup(text)


def _text(child: Child) -> str:
    match child:
        case None:
            return ""
        case Markup():
            return child.text
        case _:
            return escape(_visible(str(child)))


def _attribute(key: str, value: str | float | None) -> str:
    if value is None:
        return ""
    name = key.rstrip("_").replace("_", "-") if key != "viewBox" else key
    told = f"{value:.10g}" if isinstance(value, float) else str(value)
    return f' {name}="{escape(_visible(told))}"'


def _visible(text: str) -> str:
    """Return the text without what no page may hold: controls, halves of surrogate pairs."""
    kept = "".join(c if c >= " " or c in "\n\t" else "\ufffd" for c in text)
    return kept.encode("utf-8", "replace").decode()
