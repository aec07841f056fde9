"""The flags that a suggested command repeats, so that it can be pasted as it stands."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

_PLACE = ("to", "config")


def repeated(flags: Mapping[str, object], org: str = "") -> str:
    """Return ` --to ./lake --config x.toml --org emea`: as given, and of this organisation."""
    given = [(name, str(flags[name])) for name in _PLACE if flags.get(name)]
    given += [("org", org)] if org else []
    return "".join(f" --{name} {shlex.quote(value)}" for name, value in given)
