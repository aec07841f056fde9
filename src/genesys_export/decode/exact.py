"""The slow way to read a record: exactly, field by field, keeping what does not fit.

Takes the records that Arrow's reader refuses or that hold fields unknown to the declaration. Makes
of each one that the quick way reads for sure: what is unknown or does not fit its column moves, as
the API wrote it, into one field of the same object, in order of name; a record of broken structure
is rejected.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from operator import itemgetter
from typing import Any

import msgspec

from ..datasets import EXTRA, Node, Type
from ..days import iso_ms, parse_instant
from .structs import Field
from .written import Kept, Number, encode, entries, is_unicode, parse

_ENCODE = msgspec.json.Encoder().encode
_INT64 = range(-(2**63), 2**63)
_INFINITE = float("inf")
_END = "conversationEnd"


class Broken(Exception):
    """The record can't be read as what it should be; the text says where."""


@dataclass(slots=True)
class Cleaned:
    """A record made fit, with what was found on the way."""

    line: bytes = b""
    participants: list[tuple[int, str | None, dict[str, str | None]]] = field(default_factory=list)
    drift: int = 0
    unknown: Counter[Field] = field(default_factory=Counter)
    is_ended: bool = False
    latest: str = ""  # of the instants in its declared fields


def clean(shape: Node, record: bytes, mark: str = EXTRA) -> Cleaned:
    """Return the record made fit, what has no column under `mark`; raises Broken."""
    try:
        found = parse(record.decode("utf-8"))
        cleaner = _Cleaner(mark)
        body, extra = cleaner.take(shape, found, "$")
        if extra:
            body[mark] = encode(extra)
    except UnicodeDecodeError:
        raise Broken("the record is not valid UTF-8") from None
    except ValueError:
        raise Broken("the record can't be parsed as JSON") from None
    except RecursionError:
        raise Broken("the record is nested too deeply") from None
    cleaner.result.line = _ENCODE(body)
    ends = [body.get(_END), *(value for name, value in extra if name == _END)]
    cleaner.result.is_ended = any(end is not None for end in ends)
    return cleaner.result


@dataclass(slots=True)
class _Cleaner:
    mark: str
    result: Cleaned = field(default_factory=Cleaned)

    def take(self, node: Node, found: Any, path: str) -> tuple[dict[str, Any], Kept]:
        """Return what fits the node, and what goes to `_extra`."""
        if not isinstance(found, dict):
            raise Broken(f"{path} is not an object")
        body: dict[str, Any] = {}
        extra = Kept()
        for name, value, overruled in entries(found):
            if overruled:
                self.result.drift += 1
                extra.append((name, value))
            else:
                self._field(node, name, value, (path, body, extra))
        extra.sort(key=itemgetter(0))
        return body, extra

    def _field(
        self, node: Node, name: str, value: Any, place: tuple[str, dict[str, Any], Kept]
    ) -> None:
        path, body, extra = place
        if name in node.leaves:
            fitting = fit(node.leaves[name], value)
            if fitting is None and value is not None:
                self.result.drift += 1
                extra.append((name, value))
            if fitting is not None and node.leaves[name] is Type.TIMESTAMP:
                self.result.latest = max(self.result.latest, fitting)
            body[name] = fitting
        elif name in node.lists:
            body[name] = self._elements(node.lists[name], value, f"{path}.{name}")
        elif name in node.objects and value is not None:
            inner, beside = self.take(node.objects[name], value, f"{path}.{name}")
            body[name] = inner
            if beside:  # an object within a row has no _extra of its own
                extra.append((name, beside))
        elif name in node.maps:
            body[name], beside = self._attributes(value, f"{path}.{name}")
            if beside:
                extra.append((name, beside))
        elif name not in node.objects:
            self.result.unknown[path, name] += 1
            extra.append((name, value))

    def _elements(self, node: Node, found: Any, path: str) -> list[Any] | None:
        if found is None:
            return None
        if not isinstance(found, list):
            raise Broken(f"{path} is not a list")
        return [
            None if element is None else self._element(node, element, f"{path}[]", ordinal)
            for ordinal, element in enumerate(found)
        ]

    def _element(self, node: Node, found: Any, path: str, ordinal: int) -> dict[str, Any]:
        body, extra = self.take(node, found, path)
        for name in node.maps:
            rows = body.pop(name, None)  # Arrow must not see them
            if rows is not None:
                self.result.participants.append((ordinal, body.get("participantId"), rows))
        if extra:
            body[self.mark] = encode(extra)
        return body

    def _attributes(self, found: Any, path: str) -> tuple[dict[str, str | None] | None, Kept]:
        """Return a participant's attributes as text, and what no text can hold."""
        rows: dict[str, str | None] = {}
        beside = Kept()
        if found is None:
            return None, beside
        if not isinstance(found, dict):
            raise Broken(f"{path} is not an object")
        for key, value, overruled in entries(found):
            text = value if value is None or isinstance(value, str) else encode(value)
            holds = is_unicode(key) and (text is None or is_unicode(text))
            if overruled or not holds:
                beside.append((key, value))
            if not overruled and is_unicode(key):
                rows[key] = text if holds else None
            self.result.drift += overruled or not holds or text is not value
        return rows, beside


def fit(kind: Type, value: Any) -> Any:
    """Return the value as its column holds it; None when it does not fit (or is null)."""
    if kind is Type.STRING:
        return value if isinstance(value, str) and is_unicode(value) else None
    if kind is Type.BOOL:
        return value if isinstance(value, bool) else None
    if kind is Type.INT64:
        return _whole(value)
    if kind is Type.FLOAT64:
        return _double(value)
    if kind is Type.TIMESTAMP:
        return _instant(value)
    return _scalars(Type.STRING if kind is Type.STRINGS else Type.INT64, value)


def _whole(value: Any) -> int | None:
    if not isinstance(value, Number) or abs(float(value.text)) > 2.0**64:
        return None
    try:
        exact = Decimal(value.text)
    except InvalidOperation:  # an exponent of twenty digits
        return None
    number = int(exact)
    return number if number == exact and number in _INT64 else None


def _double(value: Any) -> float | None:
    number = float(value.text) if isinstance(value, Number) else _INFINITE
    return None if abs(number) == _INFINITE else number


def _instant(value: Any) -> str | None:
    try:
        return iso_ms(parse_instant(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _scalars(kind: Type, value: Any) -> list[Any] | None:
    if not isinstance(value, list):
        return None
    fitting = [fit(kind, element) for element in value]
    lost = any(new is None and old is not None for new, old in zip(fitting, value, strict=True))
    return None if lost else fitting
