"""Reference lists that are written down: every JSON file in lists.d is one.

A file has the list's `path`, the `permission` it needs (or none) and its `entities`, each with an
`id`; it is called by its file's name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from .templates import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenList:
    """A list of the API that is the same in every organisation."""

    name: str
    path: str
    permission: str | None = None
    entities: tuple[Json, ...] = ()


@cache
def written_lists() -> tuple[WrittenList, ...]:
    """Return every list that is written down, in order of name."""
    folder = files(__package__).joinpath("lists.d")
    found = sorted((file for file in folder.iterdir() if file.name.endswith(".json")), key=str)
    return tuple(
        WrittenList(name=file.name.removesuffix(".json"), **json.loads(file.read_text("utf-8")))
        for file in found
    )
