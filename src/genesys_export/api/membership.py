"""Which organisation the OAuth client belongs to: asked once a process, where permitted."""

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
        """Return what is known by now."""
        return self._organization

    def ask(self) -> Organization:
        """Return the organisation, without its id where the client may not know that."""
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
    """Return the id; an answer of another shape tells none."""
    try:
        return msgspec.json.decode(body, type=_Answer).id or None
    except msgspec.MsgspecError:
        return None
