r"""Splits pages that msgspec refuses into records.

Lone surrogates (`\ud800`), raw control characters and bad escapes stand in texts and change
nothing about where a record ends: a copy without them is split instead, and each record is taken
from the page as it came. The decoder rejects those that are no JSON. Where the copy is refused
too, the brackets are counted: a record may be nested deeper than any parser goes. A page that is
cut off, or broken outside of its texts, is Garbled. Knows no field but the key of the list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from typing import Any, TypeVar

import msgspec

from ..odd_input import UNREADABLE

_BLANK = " \t\r\n"
_CONTROLS = "".join(map(chr, range(32)))
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},]', re.DOTALL)
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_GAP = re.compile(rb"[ \t\r\n]*,?[ \t\r\n]*")
# Control characters become blanks, what is no ASCII becomes a letter: the same number of bytes.
_PLAIN = bytes(32 if one < 32 else one if one < 128 else 120 for one in range(256))

Shape = TypeVar("Shape")


class Garbled(Exception):
    """The body of a 2xx is malformed; the request is retried."""


def split_slowly(body: bytes, *keys: str) -> tuple[dict[str, Any], list[bytes]]:
    """Split a page that msgspec refuses.

    Returns the answer without its records, parsed, and the elements of its list under the first
    of `keys` that is there. What an element's texts hold is not looked at. Raises Garbled.
    """
    found = _by_copy(body, keys)
    return found if found is not None else _by_brackets(body, keys)


def _by_copy(body: bytes, keys: tuple[str, ...]) -> tuple[dict[str, Any], list[bytes]] | None:
    """Split by means of a copy with plain texts; None if that does not show the list."""
    copy = _with_plain_texts(body)
    try:
        fields = msgspec.json.decode(copy, type=dict[str, msgspec.Raw])
        key = next(key for key in keys if key in fields)
        inner = bytes(fields[key])
        elements = msgspec.json.decode(inner, type=list[msgspec.Raw])
    except (*UNREADABLE, StopIteration):
        return None
    named = re.finditer(rb'"%b"[ \t\r\n]*:[ \t\r\n]*' % key.encode(), copy)
    start = next((one.end() for one in named if copy.startswith(inner, one.end())), None)
    if start is None:
        return None
    records, at = [], start + 1
    for element in map(bytes, elements):
        gap = _GAP.match(body, at)
        at = gap.end() if gap else at
        if not copy.startswith(element, at):  # a control character between two records
            return None
        records.append(body[at : at + len(element)])
        at += len(element)
    if body[at : start + len(inner)].strip() != b"]":
        return None
    rest = body[:start] + b"[]" + body[start + len(inner) :]
    try:
        whole = json.loads(rest.decode("utf-8", "surrogateescape"), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    return (whole, records) if whole.get(key) == [] else None


def _with_plain_texts(body: bytes) -> bytes:
    """Return the bytes with nothing in their texts that msgspec refuses, as many of them."""
    return _ESCAPE.sub(b"xx", body).translate(_PLAIN)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is duplicate")
    return found


def _by_brackets(body: bytes, keys: tuple[str, ...]) -> tuple[dict[str, Any], list[bytes]]:
    """Split by counting brackets; a record nested too deeply to be parsed is not looked into."""
    text = body.decode("utf-8", "surrogateescape")
    try:
        found = _lists(text, keys)
        whole = only(dict, json.loads(_without(text, found.values())))
        key = next(key for key in keys if key in whole)
        if only(list, whole[key]) or key not in found:
            raise Garbled("the body is not a page of results")
        records = [text[a + 1 : b].strip(_BLANK) for a, b in pairwise(found[key])]
        records = [] if records == [""] else records
        for record in records:
            _check(record)
    except (ValueError, LookupError, TypeError, StopIteration, RecursionError) as problem:
        raise Garbled("the body is not a page of results") from problem
    return whole, [record.encode("utf-8", "surrogateescape") for record in records]


def only(kind: type[Shape], value: Any) -> Shape:
    """Return the value if it is of that type; raises Garbled."""
    if not isinstance(value, kind):
        raise Garbled("the body is not a page of results")
    return value


def _lists(text: str, keys: tuple[str, ...]) -> dict[str, list[int]]:
    """Return, for each list under one of these keys of the top object, the positions of its marks.

    The marks are its brackets and the commas between its elements. Raises ValueError if a key
    comes twice or a bracket has no counterpart.
    """
    names = {f'"{key}"': key for key in keys}
    found: dict[str, list[int]] = {}
    name, marks = "", None  # the last key met, and the marks of the list that is open
    for token, depth in _tokens(text):
        mark, at = text[token.start()], token.start()
        if depth == 1:
            if mark == "[" and name in names:
                if names[name] in found:
                    raise ValueError("the key is duplicate")
                marks = found[names[name]] = []
            if marks is not None and mark in "[]":
                marks.append(at)
                marks = marks if mark == "[" else None
            name = token[0] if mark == '"' else ""
        elif depth == 2 and mark == "," and marks is not None:
            marks.append(at)
    return found


def _tokens(text: str) -> Iterator[tuple[re.Match[str], int]]:
    """Yield strings, brackets and commas, each with how many brackets are open around it."""
    depth = 0
    for token in _TOKEN.finditer(text):
        mark = text[token.start()]
        depth -= mark in "]}"
        yield token, depth
        depth += mark in "[{"
    if depth:
        raise ValueError("a bracket has no counterpart")


def _without(text: str, lists: Iterable[list[int]]) -> str:
    """Return the text with these lists emptied."""
    inner = sorted((marks[0] + 1, marks[-1]) for marks in lists)
    edges = [0, *chain.from_iterable(inner), len(text)]
    return "".join(text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True))


def _check(record: str) -> None:
    """Raise ValueError for a record that is broken outside of its texts; too deep a one passes.

    Numbers are left as texts: Python refuses integers of more than 4,300 digits, JSON does not.
    """
    if record.strip(_CONTROLS) != record:
        raise ValueError("a control character outside the record")
    plain = _with_plain_texts(record.encode("utf-8", "surrogateescape"))
    try:
        json.loads(plain, parse_int=str, parse_float=str)
    except RecursionError:
        return
