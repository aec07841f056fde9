"""The flags that a suggested command repeats, so that it can be pasted as it stands."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from ..redaction import escaped

_PLACE = ("to", "config")


def repeated(flags: Mapping[str, object], org: str = "") -> str:
    """Return ` --to ./lake --config x.toml --org emea`: as given, and of this organisation."""
    given = [(name, str(flags[name])) for name in _PLACE if flags.get(name)]
    given += [("org", org)] if org else []
    return "".join(f" --{name} {_quoted(value)}" for name, value in given)


def _quoted(value: str) -> str:
    r"""Return a word of a command line; one that can't be shown as `$'na\xefve'`, for bash."""
    if escaped(value) == value:
        return shlex.quote(value)
    return "$'" + escaped(value.replace("\\", "\\\\")).replace("'", "\\'") + "'"
