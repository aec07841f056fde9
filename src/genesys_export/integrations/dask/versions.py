"""Whether client, scheduler and workers run the same versions. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import WrongSettings

PACKAGE = "genesys_export"


def check(told: Mapping[str, Any]) -> None:
    """Raise WrongSettings where `Client.get_versions` shows different versions."""
    ours = _versions(told["client"])
    others = {"the scheduler": told["scheduler"]}
    others |= {f"the worker {address}": one for address, one in told["workers"].items()}
    lines = [line for name, one in others.items() for line in _differences(name, one, ours)]
    if lines:
        more = f"\nand {len(lines) - 5} more" if len(lines) > 5 else ""
        raise WrongSettings(
            "\n".join(lines[:5]) + more,
            advice="Start scheduler and workers from the image or environment of this command.",
        )


def _differences(name: str, told: Mapping[str, Any], ours: Mapping[str, str]) -> Iterator[str]:
    theirs = _versions(told)
    for what, version in ours.items():
        if theirs[what] != version:
            has = f"{what} {theirs[what]}" if theirs[what] else f"no {what}"
            yield f"{name} has {has}, this command has {what} {version}"


def _versions(told: Mapping[str, Any]) -> dict[str, str]:
    python = ".".join(str(told["host"]["python"]).split(".")[:2])
    own = told["packages"].get(PACKAGE)
    return {"genesys-export": str(own or ""), "Python": python}
