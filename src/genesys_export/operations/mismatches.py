"""What a look at published data brings to light: a place, what was promised, what is there.

Holds keys of objects, names of tables, counts and hashes; never a value out of a file.
"""

from __future__ import annotations

from dataclasses import dataclass, field


class Unreadable(Exception):
    """An object's bytes are not what its format wants; the text says how, and shows none."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Something that is not as the manifest says."""

    where: str  # an object's key, or a table
    promised: str
    found: str

    def __str__(self) -> str:
        """Return the line an operator reads."""
        return f"{self.where}: promised {self.promised}, found {self.found}"


@dataclass(slots=True)
class Mismatches:
    """What was met on the way through a day, and what could not be looked at."""

    met: list[Mismatch] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    def add(self, where: str, promised: str, found: str) -> None:
        """Note what is not as promised."""
        self.met.append(Mismatch(where, promised, found))

    def expect(self, where: str, promised: str, found: str) -> None:
        """Note it where the two are not the same."""
        if promised != found:
            self.add(where, promised, found)

    def skip(self, why: str) -> None:
        """Note a check that is not possible, and why; once."""
        if why not in self.unchecked:
            self.unchecked.append(why)
