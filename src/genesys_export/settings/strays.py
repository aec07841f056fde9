"""Variables of an organisation that nothing else knows: mistyped, or left over.

An organisation can be set by variables alone. But a name that the file doesn't have, and no
credentials, is a mistake that would add an organisation and shift those of every shard.
"""

from __future__ import annotations

from collections.abc import Sequence

from .layers import CREDENTIALS, Layer, table
from .names import own_variable
from .values import did_you_mean


def of_strays(layers: Sequence[Layer]) -> tuple[str, ...]:
    """Return a line for each organisation that variables begin and don't complete.

    `layers` are the keywords, the flags, the environment and the file.
    """
    *asked, environment, file = layers
    known = {name for layer in (*asked, file) for name in table(layer.values, "orgs")}
    given = table(environment.values, "orgs")
    return tuple(
        _line(name, environment, sorted(known))
        for name in sorted(given.keys() - known)
        if known and not all(table(given, name).get(key) for key in CREDENTIALS)
    )


def _line(name: str, environment: Layer, known: Sequence[str]) -> str:
    called = min(
        called for path, called in environment.called.items() if path[:2] == ("orgs", name)
    )
    hint = did_you_mean(name, known) or f": they are {', '.join(known[:10])}."
    return (
        f"{called}: the settings have no organisation {name}{hint} Correct or unset the variable;"
        f" an organisation that is set by variables alone needs"
        f" {own_variable(('orgs', name, 'client_id'))} and"
        f" {own_variable(('orgs', name, 'client_secret'))}."
    )
