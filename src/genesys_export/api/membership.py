"""Which organisation the OAuth client belongs to: asked once per process, if permitted."""

from __future__ import annotations

from threading import Lock

import msgspec

from ..errors import NotPermitted, RequestRefused, SignInRefused
from ..model import Organization, fingerprint_of
from .client import Call, Client

_PATH = "/api/v2/organizations/me"


class _Answer(msgspec.Struct):
    id: str = ""


class ClientMembership:
    """The organisation of one OAuth client: a model.Membership."""

    def __init__(self, client: Client, client_id: str) -> None:
        """Ask nothing yet."""
        self._client = client
        self._organization = Organization(clients=(fingerprint_of(client_id),))
        self._asked, self._lock = False, Lock()

    def known(self) -> Organization:
        """Return what is known so far."""
        return self._organization

    def ask(self) -> Organization:
        """Return the organisation, without its id if the client may not read it."""
        with self._lock:
            if not self._asked:
                told = Organization(id=self._id())
                self._organization = self._organization.joined(told)
                self._asked = True
        return self._organization

    def _id(self) -> str | None:
        try:
            return self._client.request(Call(method="GET", path=_PATH), _parsed)
        except SignInRefused:
            raise
        except (NotPermitted, RequestRefused):
            return None


def _parsed(body: bytes) -> str | None:
    """Return the id; None for an answer of another shape."""
    try:
        return msgspec.json.decode(body, type=_Answer).id or None
    except msgspec.MsgspecError:
        return None
