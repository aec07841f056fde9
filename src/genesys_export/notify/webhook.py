"""Webhooks: a POST of the message, signed as Standard Webhooks has it (HMAC-SHA256)."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from ..api import Transport
from ..api.transport import Failure
from ..errors import ExportError
from .message import Message
from .targets import Undelivered, key_of, left_s

_WITHIN_S = 10.0  # for the whole answer
_LEAST_S = 1.0  # even at the end of the time for messages


@dataclass(frozen=True, slots=True)
class Webhook:
    """An https address. The path may hold a token, so that it is never shown."""

    address: str = field(repr=False)
    secret: bytes = field(repr=False)
    transport: Transport
    now: Callable[[], datetime]

    is_for_people = False

    @property
    def name(self) -> str:
        """The address without its path."""
        parts = urlsplit(self.address)
        host = parts.hostname if parts.port is None else f"{parts.hostname}:{parts.port}"
        return f"{parts.scheme}://{host}/…"

    @property
    def key(self) -> str:
        """What the journal knows it by."""
        return key_of(self.address)

    def send(self, message: Message) -> None:
        """Deliver the message; raises Undelivered for any answer but 2xx."""
        body = message.body()
        sent = str(int(self.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": sent,
            "webhook-signature": signature(self.secret, message.id, sent, body),
        }
        within_s = min(_WITHIN_S, max(_LEAST_S, left_s()))
        try:
            answer = self.transport.exchange(
                "POST", self.address, headers, body, within_s=within_s
            )
        except Failure as problem:
            raise Undelivered(str(problem)) from problem
        except ExportError as problem:
            raise Undelivered(problem.message) from problem
        if not 200 <= answer.status < 300:
            raise Undelivered(f"it answered {answer.status}")

    def close(self) -> None:
        """Close the connections."""
        self.transport.close()


def signature(secret: bytes, ident: str, sent: str, body: bytes) -> str:
    """Return the header's value: version and base64 of the HMAC of id, time and body."""
    signed = b".".join((ident.encode(), sent.encode(), body))
    digest = hmac.digest(secret, signed, "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"
