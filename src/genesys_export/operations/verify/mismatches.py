"""What verifying published data finds: a place, what was expected, what is there.

Holds keys of objects, names of tables, counts and hashes; never a value out of a file.
"""

from __future__ import annotations

from dataclasses import dataclass, field


class Unreadable(Exception):
    """An object's bytes are not valid in its format; the text says how and shows no data."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Something that does not match the manifest."""

    where: str  # an object's key, or a table
    expected: str
    found: str

    def __str__(self) -> str:
        """Return the line an operator reads."""
        return f"{self.where}: expected {self.expected}, found {self.found}"


@dataclass(slots=True)
class Mismatches:
    """Every mismatch of a day, and what could not be checked."""

    met: list[Mismatch] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    def add(self, where: str, expected: str, found: str) -> None:
        """Note a mismatch."""
        self.met.append(Mismatch(where, expected, found))

    def expect(self, where: str, expected: str, found: str) -> None:
        """Note a mismatch if the two differ."""
        if expected != found:
            self.add(where, expected, found)

    def skip(self, why: str) -> None:
        """Note a check that is not possible, and why; once."""
        if why not in self.unchecked:
            self.unchecked.append(why)
