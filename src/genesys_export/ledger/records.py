"""Small JSON objects that several processes may write: a condition, a nonce, a read when unsure.

Every writing carries a fresh nonce, because equal bytes have equal tags. Where the answer to a
conditional write is lost, the object is read back and the nonce decides; nothing is guessed.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

from ..errors import ChangedMeanwhile, ExportError, NeverSent, UnknownOutcome
from ..model import Condition, IfAbsent, IfUnchanged, Store, Tag

_JSON = "application/json"
_WAITS_S = (0.0, 1.0, 4.0)  # before each try to write


class Written(Protocol):
    """What can be stored as a record: frozen, with its own nonce."""

    @property
    def nonce(self) -> str:
        """Which writing this is."""
        ...

    def signed(self, nonce: str) -> Self:
        """Return the same with that nonce."""
        ...

    def encode(self) -> bytes:
        """Return the JSON text."""
        ...


Value = TypeVar("Value", bound=Written)


@dataclass(frozen=True, slots=True)
class Entry(Generic[Value]):
    """A record at the destination."""

    value: Value
    tag: Tag


@dataclass(frozen=True, slots=True)
class Record(Generic[Value]):
    """One key and what its object means."""

    store: Store
    key: str
    decode: Callable[[bytes, str], Value]
    sleep: Callable[[float], None]

    def read(self) -> Entry[Value] | None:
        """Return the record, or None; raises what `decode` and the store raise."""
        found = self.store.read(self.key)
        if found is None:
            return None
        return Entry(self.decode(found.body, self.store.url(self.key)), found.tag)

    def write(self, value: Value, before: Entry[Value] | None) -> Entry[Value]:
        """Write over exactly what `before` names (None: where nothing is).

        Raises ChangedMeanwhile if something else lies there, UnknownOutcome where nobody can
        tell, NeverSent where there was no connection in all that time. It is safe to write again
        what is not there: should the first writing arrive after all, the condition lets only one
        of them through.
        """
        condition: Condition = IfUnchanged(before.tag) if before else IfAbsent()
        value = value.signed(secrets.token_hex(8))
        body = value.encode()
        unclear: ExportError | None = None
        for wait_s in _WAITS_S:
            self.sleep(wait_s)
            try:
                return Entry(value, self.store.put(self.key, body, condition, _JSON))
            except NeverSent as problem:
                unclear = unclear or problem
                continue
            except (ChangedMeanwhile, UnknownOutcome) as problem:
                unclear = problem
            except ExportError as problem:
                if unclear is None or isinstance(unclear, NeverSent):
                    raise
                raise UnknownOutcome(f"{self._url} may or may not have been written") from problem
            if there := self._mine(value):
                return there
            if isinstance(unclear, ChangedMeanwhile):
                break
        raise unclear or UnknownOutcome(f"{self._url} was not written")

    @property
    def _url(self) -> str:
        return self.store.url(self.key)

    def _mine(self, value: Value) -> Entry[Value] | None:
        """Return the stored record if it is exactly this version."""
        try:
            there = self.read()
        except ExportError as problem:
            raise UnknownOutcome(f"can't check the outcome of a write to {self._url}") from problem
        return there if there and there.value.nonce == value.nonce else None
