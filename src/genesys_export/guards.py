"""What no export does to a published day, unless a flag allows it.

Three guards, asked before a replacement is decided: the source may not have gone back in time,
not lost many conversations at once, not been asked for something else. Pure: each returns, or
raises what the run ends with. Says of a recipe what differs, but not what people filter by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from hashlib import blake2b

import msgspec

from .days import iso_ms
from .errors import DataMismatch, TryAgainLater, WrongSettings
from .manifest import Manifest, Recipe
from .model import SliceRecord
from .plural import counted

# A role that lost a division answers with fewer conversations and no error; a handful fewer is
# Genesys correcting itself, and so is a small share of a big day.
_MOST_GONE = 20
_MOST_GONE_PERCENT = 2

_FEW = 3  # tables that are named instead of those that came or went


def lowest_watermark(slices: Iterable[SliceRecord]) -> datetime | None:
    """Return up to where all of the slices were complete; None if one can't say."""
    marks = [each.watermark for each in slices]
    known = [mark for mark in marks if mark is not None]
    return min(known) if known and len(known) == len(marks) else None


def check_watermark(old: Manifest, new_lowest: datetime | None) -> None:
    """Refuse to replace a day by one read at a lower watermark; raises TryAgainLater.

    None (the query engine) ranks below any.
    """
    reached = lowest_watermark(old.slices)
    if reached is None or (new_lowest is not None and new_lowest >= reached):
        return
    published = f"{old.day} was published when Genesys's data reached {iso_ms(reached)}"
    if new_lowest is None:
        raise TryAgainLater(
            f"{published}; this engine can't tell how far its data reaches; the previously "
            f"published version is unchanged",
            advice='Export the day with engine = "jobs", as it was exported before.',
        )
    raise TryAgainLater(
        f"{published}; now it reaches only {iso_ms(new_lowest)}; the previously published "
        f"version is unchanged",
        advice="Try again when Genesys has caught up.",
    )


def check_shrink(
    day: str, old_exported: int, gone: int, *, accept: bool, records: str = "conversations"
) -> None:
    """Refuse a day that lost more than 20 records and 2 % of them; raises DataMismatch.

    `records` is what the dataset calls them.
    """
    if accept or gone <= _MOST_GONE or gone * 100 <= old_exported * _MOST_GONE_PERCENT:
        return
    raise DataMismatch(
        f"{day}: {gone:,} of the {counted(old_exported, records)} published before are gone"
        f" ({gone / old_exported:.1%}); the previously published version is unchanged",
        advice="The OAuth client's role has probably lost a division or permission: see "
        "`genesys-export doctor`. If they were really deleted, run again with --accept-shrink.",
    )


def check_recipe(old: Recipe, new: Recipe, *, rewrite: bool) -> None:
    """Refuse to mix files of two recipes; raises WrongSettings that says what differs."""
    found = differences(old, new)
    if rewrite or not found:
        return
    if new.is_of_another(old):
        raise WrongSettings(
            "what is published here belongs to another organisation: " + "; ".join(found),
            advice="Give each organisation a prefix of its own: configure both in [orgs], or use"
            " another --to. If it is the same one with a new OAuth client, let that client read"
            " its organisation (GET /api/v2/organizations/me), or use --rewrite to export the "
            "published days again.",
        )
    raise WrongSettings(
        "what is published here was made with other settings: " + "; ".join(found),
        advice="Go back to the old settings, use another destination, or use --rewrite to export "
        "the published days again.",
    )


def differences(old: Recipe, new: Recipe) -> tuple[str, ...]:
    """Return what differs, a phrase a field (`format: csv.gz -> parquet`); none where equal."""
    old, new = old.of_one_dataset, new.of_one_dataset
    # How CSV is written follows from the format: it is no news where that has changed.
    unsaid = {"organization", "csv"} if old.format != new.format else {"organization"}
    owners = [f"organisation: {old.organization} -> {new.organization}"]
    phrases = (
        phrase
        for field in fields(Recipe)
        if field.name not in unsaid
        for phrase in _between(field.name, getattr(old, field.name), getattr(new, field.name))
    )
    return (*phrases, *(owners if new.is_of_another(old) else ()))


_CALLED = {
    "timezone": "time zone",
    "csv": "CSV",
    "column_version": "column version",
    "query_body": "query body",
    "keep_raw": "raw records",
}
# People filter by telephone numbers and addresses: these are told apart by a fingerprint.
_UNSHOWN = frozenset({"filters", "query_body"})


def _between(name: str, old: object, new: object) -> Iterator[str]:
    """Yield the phrases for one field; equality is that of the manifest."""
    if _canonical(old) == _canonical(new):
        return
    called = _CALLED.get(name, name)
    if name in _UNSHOWN:
        yield f"{called}: {_veiled(old)} -> {_veiled(new)}"
    elif name == "tables" and isinstance(old, Iterable) and isinstance(new, Iterable):
        yield f"{called}: {_members([*old], [*new])}"
    else:
        yield from _within(called, old, new)


def _within(called: str, old: object, new: object) -> Iterator[str]:
    """Yield the phrases for two values, key by key where both are tables."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        yield f"{called}: {_shown(old)} -> {_shown(new)}"
        return
    for key in sorted({*old, *new}):
        was, wanted = old.get(key), new.get(key)
        if _canonical(was) != _canonical(wanted) or (key in old) != (key in new):
            yield from _within(f"{called} {key}", was, wanted)


def _members(old: list[str], new: list[str]) -> str:
    """Say which tables were added and which removed, or which few there are on one side."""
    came = [name for name in new if name not in old]
    went = [name for name in old if name not in new]
    if len(new) <= _FEW < len(went):
        return f"were {len(old)}, now only {', '.join(new)}"
    if len(old) <= _FEW < len(came):
        return f"were only {', '.join(old)}, now {len(new)}"
    told = [
        f"{word} {', '.join(names)}"
        for word, names in (("now with", came), ("now without", went))
        if names
    ]
    return ", ".join(told) or "in a different order"


def _veiled(value: object) -> str:
    """Return what may be shown of a possibly personal value: its keys and a fingerprint."""
    if not value:
        return "none"
    keys = f"{', '.join(sorted(value))} " if isinstance(value, Mapping) else ""
    return f"{keys}(fingerprint {blake2b(_canonical(value), digest_size=4).hexdigest()})"


def _shown(value: object) -> str:
    """Return a value as in the manifest."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else _canonical(value).decode()


def _canonical(value: object) -> bytes:
    return msgspec.json.encode(value, order="deterministic")
