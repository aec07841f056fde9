"""Outside input at its worst: one example for every exception that a parser documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

DEEP = 100_000
DIGITS = "9" * 5_000

# JSON values that are each odd in another way; as text, for not all can be Python values.
VALUES = {
    "null": "null",
    "true": "true",
    "minus one": "-1",
    "a fraction": "0.5",
    "5,000 digits": DIGITS,
    "twenty digits": "9" * 20,
    "beyond a float": "1e400",
    "the largest float": "1.7976931348623157e308",
    "not a number": "NaN",
    "infinity": "-Infinity",
    "no text": '""',
    "a word": '"word"',
    "half a character": '"\\ud800"',
    "NUL": '"\\u0000"',
    "a long text": '"' + "x" * 100_000 + '"',
    "5,000 digits as text": f'"{DIGITS}"',
    "the end of time": '"9999-12-31T23:59:59.999Z"',
    "beyond time": '"9999-12-31T23:59:59.999-14:00"',
    "before time": '"0001-01-01T00:00:00.000+14:00"',
    "the last day": '"9999-12-31"',
    "the first day": '"0001-01-01"',
    "a list": "[]",
    "an object": "{}",
    "a list of null": "[null]",
    "an object of null": '{"a":null}',
    "nested lists": "[" * DEEP + "]" * DEEP,
    "nested objects": '{"a":' * DEEP + "1" + "}" * DEEP,
    **{f"{n} lists": "[" * n + "]" * n for n in (90, 200, 400, 700, 950)},
    **{f"{n} objects": '{"a":' * n + "1" + "}" * n for n in (90, 200, 400, 700, 950)},
}
# Bodies that are no JSON at all, or not in UTF-8.
BODIES = {
    "empty": b"",
    "blank": b" \r\n\t",
    "a brace": b"{",
    "open lists": b"[" * DEEP,
    "open objects": b'{"a":' * DEEP,
    "no text": b"\xff\xfe\x00",
    "no text inside": b'{"format":1,"a":"\xff"}',
    "a mark of its order": b'\xef\xbb\xbf{"format":1}',
    "UTF-16": '{"format":1}'.encode("utf-16"),
    "NULs": b"\0" * 100,
    "half": b'{"format":1,"day":"2026-',
    "two": b"{}{}",
    "HTML": b"<html><body>Sign in to the network</body></html>",
    "twice": b'{"format":1,"format":2}',
}


def bodies() -> dict[str, bytes]:
    """Return all of them as whole bodies."""
    return {**BODIES, **{name: text.encode() for name, text in VALUES.items()}}


def mutants(good: Any) -> Iterator[tuple[str, bytes]]:
    """Yield a document with each of its values in turn replaced by each odd one, or left out."""
    for place in _places(good, ()):
        for name, text in VALUES.items():
            yield f"{name} at {place}", _with(good, place, text)
        if place and isinstance(place[-1], str):
            yield f"nothing at {place}", _with(good, place, None)


def _places(value: Any, here: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if here:
        yield here
    inner = value.items() if isinstance(value, dict) else []
    if isinstance(value, list):
        inner = list(enumerate(value))[:1]
    for key, below in inner:
        yield from _places(below, (*here, key))


def _with(good: Any, place: tuple[str | int, ...], text: str | None) -> bytes:
    """Return the document as JSON with another text at the place."""
    copy = json.loads(json.dumps(good))
    holder = copy
    for step in place[:-1]:
        holder = holder[step]
    if text is None:
        del holder[place[-1]]
        return json.dumps(copy).encode()
    holder[place[-1]] = "@here@"
    return json.dumps(copy).replace('"@here@"', text).encode("utf-8", "surrogatepass")
