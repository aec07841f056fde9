"""The JSON documents kept at the destination: a format number, then the fields of one dataclass.

Knows no noun. Rule: keys that this version does not know are left alone, a later format is left to
a later version.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from .errors import DestinationFailed, WrongSettings

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Noun = TypeVar("Noun", bound="DataclassInstance")

FORMAT = 1

# msgspec learns what a dataclass is when it first makes one. Two threads at that at once end the
# process (a segmentation fault in 0.22, met when days' manifests were read side by side).
_LEARNING = Lock()


def encode(noun: DataclassInstance, *, without: Collection[str] = ()) -> bytes:
    """Return the JSON text, indented, so that people can read it in the bucket's console."""
    body: dict[str, Any] = {"format": FORMAT}
    body |= {one.name: getattr(noun, one.name) for one in fields(noun) if one.name not in without}
    return bytes(msgspec.json.format(msgspec.json.encode(body), indent=2)) + b"\n"


def decode(body: bytes, kind: type[Noun], *, where: str, advice: str) -> Noun:
    """Read a document; raises WrongSettings (later format) or DestinationFailed (invalid)."""
    try:
        found = msgspec.json.decode(body)
        if found["format"] > FORMAT:
            raise WrongSettings(
                f"{where} has format {found['format']}, written by a newer genesys-export",
                advice="Update genesys-export.",
            )
        with _LEARNING:
            return msgspec.convert(found, kind)
    except (msgspec.MsgspecError, LookupError, TypeError, ValueError) as problem:
        raise DestinationFailed(
            f"{where} is not a {kind.__name__.lower()} of genesys-export: "
            f"{type(problem).__name__}",
            advice=advice,
        ) from problem
