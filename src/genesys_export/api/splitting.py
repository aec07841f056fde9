r"""Pages that are JSON but not to msgspec's taste, split into records the slow way.

Knows brackets, strings and commas, and no field but the key of the list. Lone surrogates
(`\ud800`) go through, and so does a record nested deeper than any parser goes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from typing import Any, TypeVar

_BLANK = " \t\r\n"
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},]', re.DOTALL)

Shape = TypeVar("Shape")


class Garbled(Exception):
    """The body of a 2xx is not what it should be; the request is made again."""


def split_slowly(body: bytes, *keys: str) -> tuple[dict[str, Any], list[bytes]]:
    """Split a page that is JSON but not to msgspec's taste: find the span of each of its records.

    Returns the answer without its records, parsed, and the elements of its list under the first
    of `keys` that is there. Only a record nested too deeply to be parsed is not looked into.
    Raises Garbled.
    """
    text = body.decode("utf-8", "surrogateescape")
    try:
        found = _lists(text, keys)
        whole = only(dict, json.loads(_without(text, found.values())))
        key = next(key for key in keys if key in whole)
        if only(list, whole[key]) or key not in found:
            raise Garbled("the body is no page of results")
        records = [text[a + 1 : b].strip(_BLANK) for a, b in pairwise(found[key])]
        records = [] if records == [""] else records
        for record in records:
            _check(record)
    except (ValueError, LookupError, TypeError, StopIteration, RecursionError) as problem:
        raise Garbled("the body is no page of results") from problem
    return whole, [record.encode("utf-8", "surrogateescape") for record in records]


def only(kind: type[Shape], value: Any) -> Shape:
    """Return the value if it is of that type; raises Garbled."""
    if not isinstance(value, kind):
        raise Garbled("the body is no page of results")
    return value


def _lists(text: str, keys: tuple[str, ...]) -> dict[str, list[int]]:
    """Return, for each list under one of these keys of the top object, where its marks stand.

    The marks are its brackets and the commas between its elements. Raises ValueError where a key
    comes twice or a bracket has no fellow.
    """
    names = {f'"{key}"': key for key in keys}
    found: dict[str, list[int]] = {}
    name, marks = "", None  # the last key met, and the marks of the list that is open
    for token, depth in _tokens(text):
        mark, at = text[token.start()], token.start()
        if depth == 1:
            if mark == "[" and name in names:
                if names[name] in found:
                    raise ValueError("the key comes twice")
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
        raise ValueError("a bracket has no fellow")


def _without(text: str, lists: Iterable[list[int]]) -> str:
    """Return the text with these lists emptied."""
    inner = sorted((marks[0] + 1, marks[-1]) for marks in lists)
    edges = [0, *chain.from_iterable(inner), len(text)]
    return "".join(text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True))


def _check(record: str) -> None:
    """Raise ValueError for a record that is no JSON; one too deep to tell passes.

    Numbers are left as texts: Python refuses integers of more than 4,300 digits, JSON does not.
    """
    try:
        json.loads(record, parse_int=str, parse_float=str)
    except RecursionError:
        return
