"""The flags that a suggested command repeats, so that it can be pasted as it stands."""

from __future__ import annotations

import shlex

from ..redaction import escaped
from ..settings import Flags


def repeated(flags: Flags, org: str = "") -> str:
    """Return ` --to ./lake --config x.toml --org emea`: as given, and of this organisation."""
    datasets = ",".join(flags.get("dataset") or ())
    given = {
        "to": flags.get("to"),
        "config": flags.get("config"),
        "org": org,
        "dataset": datasets,
    }
    return "".join(f" --{name} {_quoted(str(value))}" for name, value in given.items() if value)


def _quoted(value: str) -> str:
    r"""Return a word of a command line; one that can't be shown as `$'na\xefve'`, for bash."""
    if escaped(value) == value:
        return shlex.quote(value)
    return "$'" + escaped(value.replace("\\", "\\\\")).replace("'", "\\'") + "'"
