"""Counts in words: `1 record`, `1,234 records`."""

from __future__ import annotations

import re

# Nouns with "es" after a hiss: address, mailbox, branch, dish, status; but case, pause, cache.
_WITH_ES = re.compile(r"(ss|x|(?<!\bca)ch|sh|[^aeo]us)es$")


def plural(count: int, one: str, more: str = "") -> str:
    """Return the count with its noun; `more` is the plural if it is not `one` + s."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def counted(count: int, nouns: str) -> str:
    """Return the count with its noun, which is given in the plural: `1 entry`, `2 entries`."""
    return plural(count, _one_of(nouns), nouns)


def _one_of(nouns: str) -> str:
    if nouns.endswith("ies"):
        return f"{nouns[:-3]}y"
    return nouns.removesuffix("es" if _WITH_ES.search(nouns) else "s")
