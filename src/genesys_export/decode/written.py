"""JSON as it was written: numbers keep their text, objects all their pairs, texts may be odd.

For the exact path, which hands on what has no column: 1e400 is no double, 2 and 2.0 are two
texts, a key may come twice, and a lone surrogate is JSON but no UTF-8. Knows no fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number, by its text."""

    text: str


class Doubled(dict[str, Any]):
    """A JSON object that names a key twice: as a dict the last value counts."""

    pairs: list[tuple[str, Any]]


class Kept(list[tuple[str, Any]]):
    """Fields to be written as a JSON object, in this order; a key may come twice."""


def parse(text: str) -> Any:
    """Read JSON text; raises ValueError, or RecursionError where it is nested too deeply."""
    return json.loads(
        text,
        parse_int=Number,
        parse_float=Number,
        parse_constant=_no_json,
        object_pairs_hook=_object,
    )


def encode(value: Any) -> str:
    """Return the value that `parse` returned as compact JSON text."""
    if isinstance(value, Number):
        return value.text
    if isinstance(value, Kept):
        return _fields(value)
    if isinstance(value, dict):
        return _fields(value.pairs if isinstance(value, Doubled) else value.items())
    if isinstance(value, list):
        return f"[{','.join(map(encode, value))}]"
    return json.dumps(value, ensure_ascii=isinstance(value, str) and not is_unicode(value))


def entries(found: dict[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    """Yield the object's fields as written; True marks one that a later value overrules.

    A doubled key whose values are the same counts as one.
    """
    pairs = found.pairs if isinstance(found, Doubled) else list(found.items())
    last = {name: place for place, (name, _) in enumerate(pairs)}
    for place, (name, value) in enumerate(pairs):
        if place == last[name]:
            yield name, value, False
        elif encode(value) != encode(found[name]):
            yield name, value, True


def is_unicode(text: str) -> bool:
    """Whether the text has no lone surrogate, which no UTF-8 file can hold."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _fields(pairs: Iterable[tuple[str, Any]]) -> str:
    return f"{{{','.join(f'{encode(name)}:{encode(value)}' for name, value in pairs)}}}"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    doubled = Doubled(found)
    doubled.pairs = pairs
    return doubled


def _no_json(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")
