"""JSON and text inside settings: what can't be sent on as UTF-8 JSON is refused here.

Each function returns a plain value or raises ValueError with a sentence that never repeats what
was given.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from ..odd_input import ODD, in_words, is_too_deep

_HALVES = re.compile("[\ud800-\udfff]")


def utf8(written: str) -> str:
    """Return the text; refuses what UTF-8 can't hold: half a character, another encoding."""
    if _HALVES.search(written):
        raise ValueError("this is not UTF-8 text")
    return written


def parsed(written: str, otherwise: str) -> object:
    """Read JSON; raises ValueError with `otherwise` for anything else."""
    try:
        return json.loads(written)
    except ODD:
        raise ValueError(otherwise) from None


def json_object(given: object) -> str:
    """Read a JSON object, given as text or as a TOML table; returned as canonical JSON text."""
    try:
        found = json.loads(given) if isinstance(given, str) else given
        if is_too_deep(found):
            raise RecursionError
        canonical = json.dumps(found, sort_keys=True, separators=(",", ":"), allow_nan=False)
        utf8(json.dumps(found, ensure_ascii=False))
    except json.JSONDecodeError as problem:
        where = f"line {problem.lineno}, column {problem.colno}"
        raise ValueError(f"this is not JSON ({where}: {problem.msg})") from None
    except TypeError:
        raise ValueError("this holds something that JSON can't express (a date?)") from None
    except ODD as problem:
        raise ValueError(f"this can't be used: {in_words(problem)}") from None
    if not isinstance(found, Mapping):
        raise ValueError("this must be a JSON object")
    return canonical
