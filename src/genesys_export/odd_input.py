"""What a reader of outside input may raise, and how that is said: one sentence for every kind.

Whatever comes from outside (a file, an answer, a variable) can be nested too deep, hold a number
of 5,000 digits, a date beyond the calendar, bytes that are not text, or have another shape. Each
makes Python raise something else; here all of them become the caller's one error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from .errors import ExportError

# What parsers and the code that takes their results apart raise over odd input. OSError and
# MemoryError are not among them: those are the system's.
ODD: tuple[type[Exception], ...] = (
    ArithmeticError,  # OverflowError: a date or a float beyond its range
    AttributeError,
    EOFError,
    LookupError,
    msgspec.MsgspecError,
    RecursionError,
    TypeError,
    ValueError,  # UnicodeError and every DecodeError of the standard library
)

# What decoding JSON raises over bytes that are none, hold no text, or are nested too deep.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_MOST_LEVELS = 100

_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (RecursionError, "it is nested too deep"),
    (UnicodeError, "it holds text that is not UTF-8"),
    (ArithmeticError, "a number or a date in it is too large"),
    (EOFError, "it is cut"),
    (msgspec.ValidationError, "a value in it is missing or of another type"),
    (msgspec.MsgspecError, "it is not valid JSON"),
    (LookupError, "a value in it is missing"),
    (AttributeError, "a value in it is of another type"),
    (TypeError, "a value in it is of another type"),
)


def in_words(problem: Exception) -> str:
    """Return what is odd about the input: never its text, which may hold a secret."""
    if type(problem) is ValueError and "integer string conversion" in str(problem):
        return "a number in it has too many digits"
    for kind, words in _WORDS:
        if isinstance(problem, kind):
            return words
    return "it is not what was expected"


def is_too_deep(value: object) -> bool:
    """Whether JSON is nested so deep that code which walks through it may meet Python's limit.

    Parsers go ten times as deep; nothing that is meant does.
    """
    level = [value]
    for _ in range(_MOST_LEVELS):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


@contextmanager
def refusing(refuse: Callable[[str], ExportError]) -> Iterator[None]:
    """Raise `refuse(what is odd)` for whatever odd input makes the code inside raise."""
    try:
        yield
    except ODD as problem:
        raise refuse(in_words(problem)) from problem
