"""What settings may add to a dataset's tables, as a value; what a pinned attribute's column is.

Knows no dataset and no column of any.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from hashlib import blake2b

_LONGEST = 63  # PostgreSQL cuts a longer name
_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Additions:
    """Columns and tables beyond the declared ones; part of the recipe."""

    local_times: bool = False  # start and end as local time
    join_names: bool = False  # the names of ids, from lookup tables
    pin_attributes: tuple[str, ...] = ()  # keys of attributes that get a column each

    def __post_init__(self) -> None:
        """Refuse attributes whose columns would have the same name; raises ValueError."""
        owners: dict[str, str] = {}
        for key in self.pin_attributes:
            name = pinned_name(key)
            if name in owners:
                raise ValueError(
                    f"{owners[name][:60]!r} and {key[:60]!r} would both get the column {name};"
                    " pin one of them"
                )
            owners[name] = key

    def __bool__(self) -> bool:
        """Whether anything is added."""
        return self.local_times or self.join_names or bool(self.pin_attributes)


def pinned_name(key: str) -> str:
    """Return the name of an attribute's column: `Customer ID` → `customer_id`.

    Letters without accents, digits and `_`, at most 63 of them. A key that leaves nothing of
    that (or a digit first) begins with `attribute_`; a long one ends with a fingerprint.
    """
    plain = unicodedata.normalize("NFKD", key).replace("ß", "ss")
    spaced = _WORD_STARTS.sub("_", plain.encode("ascii", "ignore").decode())
    name = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
    mark = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    if not name:
        return f"attribute_{mark}"
    if name[0].isdigit():
        name = f"attribute_{name}"
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 9].rstrip('_')}_{mark}"
