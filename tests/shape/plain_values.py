"""One JSON value: how it is read, which column type it fits, how CSV writes it.

Knows types only, no table. What does not fit raises Misfit: that is type drift.
Numbers keep their text and objects keep all their pairs, so nothing is lost by reading.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

INT64 = range(-(2**63), 2**63)
CLOCK = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})"
    r"(?:\.([0-9]{1,9}))?)?(?:Z|([+-])([0-9]{2})(?::?([0-9]{2}))?)"
)


class Misfit(Exception):
    """The value does not fit its column."""


@dataclass(frozen=True)
class Number:
    """A JSON number as it was written: 2, 2.0 and 2e0 are three texts."""

    text: str


class Pairs(dict):
    """A JSON object: the last value of every key, and in `pairs` all that was written."""

    def __init__(self, pairs):
        self.pairs = list(pairs.items() if isinstance(pairs, dict) else pairs)
        super().__init__(self.pairs)

    def written(self):
        """Return (key, value, overruled) in the order written; a mere repetition is left out."""
        last = {name: at for at, (name, _) in enumerate(self.pairs)}
        return [
            (name, value, at != last[name])
            for at, (name, value) in enumerate(self.pairs)
            if at == last[name] or dumps(value) != dumps(self[name])
        ]

    def lasting(self):
        """Return the pairs that count, each where its last value stands."""
        return [(name, value) for name, value, overruled in self.written() if not overruled]

    def overruled(self) -> int:
        """Return how many values a later one of the same key overrules."""
        return sum(overruled for _, _, overruled in self.written())


def parse(text: str):
    """Read JSON; raises ValueError."""
    return json.loads(
        text,
        parse_int=Number,
        parse_float=Number,
        parse_constant=not_json,
        object_pairs_hook=Pairs,
    )


def not_json(_text):
    raise ValueError("NaN and Infinity are no JSON")


def fit(value, kind: str):
    """Return the value as its column holds it; raises Misfit (type drift)."""
    if value is None:
        return None
    if kind.startswith("list<"):
        if not isinstance(value, list):
            raise Misfit
        return [fit(one, kind[5:-1]) for one in value]
    return FIT[kind](value)


def is_text(value) -> bool:
    """Tell whether the value is a text that UTF-8 can hold: no lone surrogates."""
    return isinstance(value, str) and not re.search("[\ud800-\udfff]", value)


def fit_text(value) -> str:
    if not is_text(value):
        raise Misfit
    return value


def fit_int(value) -> int:
    """Return a whole number of 64 bits, also where it is written 2.0 or 2e0."""
    if not isinstance(value, Number) or abs(float(value.text)) > 1e19:
        raise Misfit
    exact = Decimal(value.text) if float(value.text) else Decimal(0)
    if not exact and re.search("[1-9]", value.text.lower().split("e")[0]):
        raise Misfit  # so small that a double can't tell it from nothing
    if exact != exact.to_integral_value() or int(exact) not in INT64:
        raise Misfit
    return int(exact)


def fit_float(value) -> float:
    if not isinstance(value, Number) or abs(float(value.text)) == float("inf"):
        raise Misfit
    return float(value.text)


def fit_bool(value) -> bool:
    if not isinstance(value, bool):
        raise Misfit
    return value


def fit_time(value) -> datetime:
    """Read an instant by hand: digits, a zone, and nothing finer than a millisecond kept."""
    match = CLOCK.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise Misfit
    *numbers, fraction, sign, hours, minutes = match.groups()
    year, month, day, hour, minute, second = (int(one or 0) for one in numbers)
    milliseconds = int(((fraction or "") + "000")[:3])
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    try:
        zone = timezone(-offset if sign == "-" else offset)
        local = datetime(year, month, day, hour, minute, second, milliseconds * 1000, tzinfo=zone)
        return local.astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        raise Misfit from problem


FIT = {
    "string": fit_text,
    "int64": fit_int,
    "float64": fit_float,
    "bool": fit_bool,
    "timestamp[ms, UTC]": fit_time,
}


# --- as text ---------------------------------------------------------------------------------


def attribute_text(value) -> str | None:
    """Return an attribute as text: itself, or its JSON where it is no text."""
    if isinstance(value, str):
        return value if is_text(value) else None
    return None if value is None else dumps(value, ascii_only=False)


def dumps(value, *, ascii_only: bool = True, gap: str = "") -> str:
    """Write JSON, numbers as they came; `gap` is the white space around the punctuation."""
    again: dict[str, Any] = {"ascii_only": ascii_only, "gap": gap}
    if isinstance(value, Number):
        return value.text
    if isinstance(value, dict):
        pairs = value.pairs if isinstance(value, Pairs) else value.items()
        inner = [f"{dumps(k, **again)}:{gap}{dumps(v, **again)}" for k, v in pairs]
        return "{" + f",{gap}".join(inner) + "}"
    if isinstance(value, list):
        return "[" + f",{gap}".join(dumps(one, **again) for one in value) + "]"
    return json.dumps(value, ensure_ascii=ascii_only or not is_text(value))


def csv_text(value, kind: str) -> str | None:
    """Return what stands in the CSV for a value, without quotes; None is nothing at all."""
    if value is None:
        return None
    if isinstance(value, dict):
        return dumps(value, ascii_only=False)
    if kind.startswith("list<"):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return WRITE.get(kind, str)(value)


def instant_text(instant: datetime) -> str:
    """Return `2026-11-22T08:00:00.123Z`."""
    return instant.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


WRITE = {
    "bool": lambda value: "true" if value else "false",
    "float64": lambda value: repr(value).removesuffix(".0"),
    "timestamp[ms, UTC]": instant_text,
}
