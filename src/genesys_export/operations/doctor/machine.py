"""What this machine runs: versions, and where its time zones come from.

Nothing here can fail an export that has got this far; it is what a report of a problem begins
with.
"""

from __future__ import annotations

import platform
from collections.abc import Generator, Sequence
from functools import partial
from importlib.metadata import version
from zoneinfo import ZoneInfo

from ... import __version__
from ...findings import Check, Finding, carried_out, doubtful, fine

_LIBRARIES = ("pyarrow", "botocore", "urllib3")


def machine(zone: ZoneInfo, warnings: Sequence[str] = ()) -> Generator[Finding, None, None]:
    """Yield what this machine has.

    `zone` is the one that bounds the days, `warnings` are those of the settings.
    """
    return carried_out(
        (
            Check(name="versions", look=_versions),
            Check(name="time zones", look=lambda: _zones(zone)),
            *(Check(name="settings", look=partial(_setting, one)) for one in warnings),
        )
    )


def _versions() -> Finding:
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    python = platform.python_version()
    return fine(f"genesys-export {__version__}, Python {python}, {libraries}")


def _setting(warning: str) -> Finding:
    found, _, what_to_do = warning.partition(". ")
    return doubtful(found, what_to_do)


def _zones(zone: ZoneInfo) -> Finding:
    """Say which rules bound the days: those of the package, never the system's."""
    return fine(f"{zone.key} from the package tzdata {version('tzdata')}")
