"""The slow way to read a record: exactly, field by field, keeping what does not fit.

Takes the blocks that Arrow's reader refuses or that hold fields unknown to the declaration. Makes
of each record one that the quick way reads for sure: what is unknown or does not fit its column
moves, as the API wrote it, into an EXTRA field of the same object; a record of broken structure
is rejected.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from ..datasets import EXTRA, Node, Type
from ..days import iso_ms, parse_instant

_ENCODE = msgspec.json.Encoder(decimal_format="number").encode
_INT64 = range(-(2**63), 2**63)


class Broken(Exception):
    """The record can't be read as what it should be; the text says where."""


class Doubled(dict[str, Any]):
    """A JSON object that named a key twice; the last value counts, the others are kept."""

    earlier: list[tuple[str, Any]]


@dataclass(slots=True)
class Cleaned:
    """A record made fit, with what was found on the way."""

    line: bytes = b""
    participants: list[tuple[int, str | None, dict[str, str | None]]] = field(default_factory=list)
    drift: int = 0
    unknown: Counter[str] = field(default_factory=Counter)


def clean(shape: Node, record: bytes) -> Cleaned:
    """Return the record made fit; raises Broken."""
    try:
        found = json.loads(
            record.decode("utf-8"),
            parse_float=Decimal,
            parse_constant=_no_number,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError:
        raise Broken("the record is not valid UTF-8") from None
    except (ValueError, RecursionError) as problem:
        raise Broken(f"the record can't be parsed as JSON: {type(problem).__name__}") from None
    cleaner = _Cleaner()
    body, extra = cleaner.take(shape, found, "$")
    if extra:
        body[EXTRA] = encode(extra)
    cleaner.result.line = _ENCODE(body)
    return cleaner.result


@dataclass(slots=True)
class _Cleaner:
    result: Cleaned = field(default_factory=Cleaned)

    def take(self, node: Node, found: Any, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what fits the node, and what must be kept beside it."""
        if not isinstance(found, dict):
            raise Broken(f"{path} is no object")
        body: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        if isinstance(found, Doubled):
            self.result.drift += len(found.earlier)
            extra.update(found.earlier)
        for name, value in found.items():
            self._field(node, name, value, (path, body, extra))
        return body, extra

    def _field(
        self, node: Node, name: str, value: Any, place: tuple[str, dict[str, Any], dict[str, Any]]
    ) -> None:
        path, body, extra = place
        if name in node.leaves:
            fitting = fit(node.leaves[name], value)
            if fitting is None and value is not None:
                self.result.drift += 1
                extra[name] = value
            body[name] = fitting
        elif name in node.lists:
            body[name] = self._elements(node.lists[name], value, f"{path}.{name}")
        elif name in node.objects and value is not None:
            inner, beside = self.take(node.objects[name], value, f"{path}.{name}")
            body[name] = inner
            if beside:  # an object within a row has no _extra of its own
                extra[name] = beside
        elif name not in node.objects and name not in node.maps:
            self.result.unknown[f"{path}.{name}"] += 1
            extra[name] = value

    def _elements(self, node: Node, found: Any, path: str) -> list[Any] | None:
        if found is None:
            return None
        if not isinstance(found, list):
            raise Broken(f"{path} is no list")
        return [
            None if element is None else self._element(node, element, f"{path}[]", ordinal)
            for ordinal, element in enumerate(found)
        ]

    def _element(self, node: Node, found: Any, path: str, ordinal: int) -> dict[str, Any]:
        body, extra = self.take(node, found, path)
        for name in node.maps:
            beside = self._attributes(found.get(name), f"{path}.{name}", ordinal, body)
            if beside:
                extra[name] = beside
        if extra:
            body[EXTRA] = encode(extra)
        return body

    def _attributes(
        self, found: Any, path: str, ordinal: int, body: dict[str, Any]
    ) -> dict[str, Any]:
        """Keep a participant's attributes as text; return what no text can hold."""
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise Broken(f"{path} is no object")
        rows: dict[str, str | None] = {}
        beside = dict(found.earlier) if isinstance(found, Doubled) else {}
        self.result.drift += len(beside)
        for key, value in found.items():
            is_text = value is None or isinstance(value, str)
            text = value if is_text else encode(value)
            self.result.drift += not is_text
            if not _is_unicode(key) or not (text is None or _is_unicode(text)):
                self.result.drift += 1
                beside[key] = value
                text = None
            if _is_unicode(key):
                rows[key] = text
        self.result.participants.append((ordinal, body.get("participantId"), rows))
        return beside


def fit(kind: Type, value: Any) -> Any:
    """Return the value as its column holds it; None when it does not fit (or is null)."""
    if kind is Type.STRING:
        return value if isinstance(value, str) and _is_unicode(value) else None
    if kind is Type.BOOL:
        return value if isinstance(value, bool) else None
    if kind is Type.INT64:
        return _whole(value)
    if kind is Type.FLOAT64:
        return _double(value)
    if kind is Type.TIMESTAMP:
        return _instant(value)
    return _scalars(Type.STRING if kind is Type.STRINGS else Type.INT64, value)


def encode(value: Any) -> str:
    """Return the value as compact JSON text, numbers as they were written."""
    return _ENCODE(_encodable(value)).decode()


def _whole(value: Any) -> int | None:
    if isinstance(value, Decimal) and abs(value) < 2**64 and value == int(value):
        value = int(value)
    return value if type(value) is int and value in _INT64 else None


def _double(value: Any) -> float | None:
    if type(value) is not int and not isinstance(value, Decimal):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if abs(number) != float("inf") else None


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


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    doubled = Doubled(found)
    last = {name: place for place, (name, _) in enumerate(pairs)}
    doubled.earlier = [
        (name, value)
        for place, (name, value) in enumerate(pairs)
        if place != last[name] and value != found[name]
    ]
    return doubled


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def _is_unicode(text: str) -> bool:
    """Whether the text has no lone surrogate, which no UTF-8 file can hold."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _encodable(value: Any) -> Any:
    """Put JSON escapes where lone surrogates stand."""
    if isinstance(value, str) and not _is_unicode(value):
        return msgspec.Raw(json.dumps(value).encode())
    if isinstance(value, list):
        return [_encodable(element) for element in value]
    if isinstance(value, dict):
        return {
            name.encode("utf-8", "backslashreplace").decode(): _encodable(element)
            for name, element in value.items()
        }
    return value
