"""Whose data it is: a Genesys organisation, as far as it is known. Knows no HTTP.

By its id where Genesys tells that, and by fingerprints of the OAuth clients that are known to
belong to it: a client belongs to one organisation for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """An organisation; without an id if Genesys did not return it."""

    id: str | None = None
    clients: tuple[str, ...] = ()  # fingerprints

    def may_be(self, other: Organization) -> bool:
        """Whether both are known to be the same: by their ids, else by a client they share."""
        if self.id and other.id:
            return self.id == other.id
        return bool({*self.clients} & {*other.clients})

    def joined(self, other: Organization) -> Organization:
        """Return what is known of it from both."""
        clients = tuple(dict.fromkeys((*self.clients, *other.clients)))
        return Organization(id=other.id or self.id, clients=clients)

    def __str__(self) -> str:
        """Return enough of it to distinguish two."""
        known = f"{self.id[:8]}…" if self.id else "unknown id"
        return f"{known} (OAuth client {', '.join(self.clients) or 'unknown'})"


def fingerprint_of(client_id: str) -> str:
    """Return a fingerprint of an OAuth client's id: sixteen hex digits."""
    return blake2b(client_id.encode(), digest_size=8, person=b"genesys-client").hexdigest()


class Membership(Protocol):
    """Which organisation the export's OAuth client belongs to; safe from several threads."""

    def known(self) -> Organization:
        """Return what is known without asking: the client."""
        ...

    def ask(self) -> Organization:
        """Return it with its id if Genesys returns that; asked once, then remembered.

        Raises SignInRefused, GenesysUnavailable.
        """
        ...
