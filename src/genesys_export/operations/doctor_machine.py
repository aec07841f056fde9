"""What this machine runs: versions, and where its time zones come from.

Nothing here can fail an export that has got this far; it is what a report of a problem begins
with.
"""

from __future__ import annotations

import platform
from collections.abc import Generator
from importlib.metadata import version
from zoneinfo import ZoneInfo

from .. import __version__
from ..findings import Check, Finding, carried_out, fine

_LIBRARIES = ("pyarrow", "boto3", "urllib3")


def machine(zone: ZoneInfo) -> Generator[Finding, None, None]:
    """Yield what this machine has; `zone` is the one that bounds the days."""
    return carried_out(
        (
            Check(name="versions", look=_versions),
            Check(name="time zones", look=lambda: _zones(zone)),
        )
    )


def _versions() -> Finding:
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    python = platform.python_version()
    return fine(f"genesys-export {__version__}, Python {python}, {libraries}")


def _zones(zone: ZoneInfo) -> Finding:
    """Say which rules bound the days: those of the package, never the system's."""
    return fine(f"{zone.key} from the package tzdata {version('tzdata')}")
