"""Chat and mail by apprise: a line of what failed, and what to do. Its addresses are secrets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from ..errors import WrongSettings, how_to_install
from .message import Message
from .targets import Undelivered

_KEY = "alerts"


@dataclass(frozen=True, slots=True)
class Alert:
    """One address of apprise: `mailto://…`, `slack://…`; `number` is its place in the settings."""

    address: str = field(repr=False)
    number: int

    is_for_people = True

    @property
    def name(self) -> str:
        """Its kind and place: anything else may be a secret."""
        return f"{self.address.partition('://')[0]}:// (number {self.number} of alerts)"

    @property
    def key(self) -> str:
        """What the journal knows it by: its place, for its address may have a short password."""
        return f"{_KEY}-{self.number}"

    def send(self, message: Message) -> None:
        """Deliver a line; raises Undelivered. What apprise logs may hold the address."""
        apprise = _apprise()
        sender = apprise.Apprise()
        with apprise.LogCapture():
            sender.add(self.address)
            done = sender.notify(
                title=f"genesys-export: {message.title}", body=message.problem or message.title
            )
        if not done:
            raise Undelivered("apprise could not deliver it")

    def close(self) -> None:
        """Do nothing: apprise keeps no connection."""


def _apprise() -> Any:
    """Return the package: heavy, and not always installed."""
    return import_module("apprise")


def alerts_of(addresses: Sequence[str]) -> tuple[Alert, ...]:
    """Return the targets; raises WrongSettings without apprise, or for what it doesn't know."""
    if not addresses:
        return ()
    try:
        apprise = _apprise()
    except ImportError:
        raise WrongSettings(
            "notify.alerts needs the package apprise",
            advice=how_to_install("alerts"),
        ) from None
    with apprise.LogCapture():
        unknown = [
            number
            for number, one in enumerate(addresses, 1)
            if apprise.Apprise.instantiate(one) is None
        ]
    if unknown:
        numbers = ", ".join(map(str, unknown))
        raise WrongSettings(
            f"notify.alerts: apprise can't read address number {numbers}",
            advice="Compare it with apprise's documentation of that service.",
        )
    return tuple(Alert(one, number) for number, one in enumerate(addresses, 1))
