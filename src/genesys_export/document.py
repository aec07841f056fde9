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
from .odd_input import is_too_deep, refusing

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

    def refuse(odd: str) -> DestinationFailed:
        what = kind.__name__.lower()
        return DestinationFailed(
            f"{where} is not a {what} of genesys-export: {odd}", advice=advice
        )

    with refusing(refuse):
        found = msgspec.json.decode(body)
        if is_too_deep(found):
            raise RecursionError
        written_as = found["format"]
        if isinstance(written_as, int) and written_as > FORMAT:
            raise WrongSettings(
                f"{where} has format {written_as}, written by a newer genesys-export",
                advice="Update genesys-export.",
            )
        if written_as != FORMAT:
            raise refuse("its format is not a number that genesys-export writes")
        with _LEARNING:
            return msgspec.convert(found, kind)
