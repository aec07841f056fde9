"""The section [notify]: who is told what became of a day.

Addresses are held as secrets: a path may hold a token, an address of apprise a password. No error
repeats one.
"""

from __future__ import annotations

import base64
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from . import values
from .addresses import is_loopback
from .section import Hidden, Section

_REGION_AND_ACCOUNT = r"[a-z0-9-]+:\d{12}"
_AWS = re.compile(
    r"(?:sns:arn:aws[a-z-]*:sns|sqs:arn:aws[a-z-]*:sqs|events:arn:aws[a-z-]*:events)"
    rf":{_REGION_AND_ACCOUNT}:[A-Za-z0-9_./-]+",
    re.ASCII,
)
_OUTCOMES = ("published", "replaced", "damaged", "failed")
_WHSEC = "whsec_"


def _target(written: str) -> str:
    """Read where messages go; raises ValueError that does not repeat it."""
    if _AWS.fullmatch(written):
        return written
    if not written.startswith(("https://", "http://")):
        raise ValueError(
            "each must be sns:, sqs: or events: with the ARN of a topic, queue or bus after it,"
            " or an https:// address"
        )
    try:
        parts = urlsplit(written)
        _ = parts.port
    except ValueError:
        raise ValueError("one of them is not an address") from None
    if not parts.hostname or re.search(r"[\s\x00-\x1f]", written):
        raise ValueError("one of them has no host, or blanks in it")
    if parts.username is not None:
        raise ValueError("the address of a webhook can't contain a user or password")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("a webhook must begin with https:// (http:// only for this machine)")
    return written


def _targets(given: object) -> tuple[str, ...]:
    return tuple(map(_target, values.words(given)))


def _alerts(given: object) -> tuple[str, ...]:
    found = values.words(given)
    if not all("://" in one for one in found):
        raise ValueError("each must be an address of apprise, such as mailto://…")
    return found


def _outcomes(given: object) -> tuple[str, ...]:
    return values.of_known("outcome", values.names(given), _OUTCOMES)


def _secret(given: object) -> str:
    written = values.text(given)
    _decoded(written)
    return written


def _decoded(written: str) -> bytes:
    try:
        found = base64.b64decode(written.removeprefix(_WHSEC), validate=True)
    except ValueError:
        found = b""
    if not written.startswith(_WHSEC) or not 24 <= len(found) <= 64:
        raise ValueError("this must be whsec_ and the base64 of 24 to 64 random bytes")
    return found


class Notify(Section):
    """Who is told what became of a day."""

    urls: Annotated[tuple[Hidden, ...], BeforeValidator(_targets)] = ()
    on: Annotated[tuple[str, ...], BeforeValidator(_outcomes)] = _OUTCOMES
    secret: Annotated[Hidden, BeforeValidator(_secret)] | None = Field(
        default=None, validate_default=True
    )
    alerts: Annotated[tuple[Hidden, ...], BeforeValidator(_alerts)] = ()

    @field_validator("secret")
    @classmethod
    def _of_webhooks(cls, value: Hidden | None, info: ValidationInfo) -> Hidden | None:
        urls = info.data.get("urls", ())
        if value is None and any(one.get_secret_value().startswith("http") for one in urls):
            raise ValueError(
                "missing; messages to a webhook (urls in [notify]) are signed with it"
            )
        return value

    @property
    def signing_key(self) -> bytes:
        """The secret's bytes; none without one."""
        return _decoded(self.secret.get_secret_value()) if self.secret else b""

    def __bool__(self) -> bool:
        """Whether anybody is to be told anything."""
        return bool(self.urls or self.alerts) and bool(self.on)
