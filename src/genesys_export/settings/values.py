"""How values of settings are written: durations, sizes, zones, lists, choices.

Knows text and TOML values, no names of settings. Each function returns a plain value or raises
ValueError with a sentence that says what was expected; where a secret could stand (filters) the
sentence never repeats what was given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from ..days import zone_named, zone_names
from .written_json import parsed, utf8

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd])", re.ASCII | re.IGNORECASE)
_SHORT = re.compile(rf"(?:{_PART.pattern})+", re.ASCII | re.IGNORECASE)
_ISO = re.compile(
    r"P(?=.)(?:(?P<d>\d+)D)?(?:T(?=.)(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?",
    re.ASCII | re.IGNORECASE,
)
_SIZE = re.compile(r"(\d+) ?(B|kB|MB|GB|KiB|MiB|GiB)?", re.ASCII | re.IGNORECASE)
_BYTES = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
}
_MOST_DIGITS = 18

AUTO, MOST_SLICES = "auto", 96


def text(given: object) -> str:
    """Read a text; blanks round it (the line end of a secret's file) are removed."""
    if not isinstance(given, str):
        raise ValueError("this must be a string, in quotes in the file")
    return utf8(given.strip())


def number(given: object) -> object:
    """Refuse true and false, which Python would count as 1 and 0."""
    if isinstance(given, bool):
        raise ValueError("this must be a number")
    return given


def slices(given: object) -> int | str:
    """Read a number of slices, 1 to 96; `auto` is itself."""
    written = str(given).strip().lower()
    if written == AUTO:
        return AUTO
    if isinstance(given, bool) or not re.fullmatch(r"[+-]?\d{1,9}", written, re.ASCII):
        raise ValueError("this must be a number from 1 to 96, or auto")
    if not 1 <= int(written) <= MOST_SLICES:
        bound = "at least 1" if int(written) < 1 else f"at most {MOST_SLICES}"
        raise ValueError(f"this must be {bound}")
    return int(written)


def duration(given: object) -> timedelta:
    """Read `90s`, `15m`, `2h`, `1h30m`, `250ms`, `4d` or ISO 8601's `PT2H`, `P1DT30M`."""
    if isinstance(given, timedelta):
        return given
    written = str(given).strip()
    try:
        if _SHORT.fullmatch(written):
            parts = _PART.findall(written)
            return sum((float(n) * _UNITS[unit.lower()] for n, unit in parts), timedelta())
        if found := _ISO.fullmatch(written):
            named = {unit: value for unit, value in found.groupdict().items() if value}
            return sum((float(n) * _UNITS[unit] for unit, n in named.items()), timedelta())
    except OverflowError:
        raise ValueError(f"{_shown(written)} is too long") from None
    raise ValueError(f"{_shown(written)} is not a duration; write 90s, 15m, 2h, 1h30m or PT2H")


def span(given: object) -> timedelta:
    """Read a duration that is longer than zero."""
    read = duration(given)
    if read <= timedelta(0):
        raise ValueError("this must be longer than zero")
    return read


def duration_or_none(given: object) -> timedelta | None:
    """Read a duration; `none` is None."""
    if given is None or str(given).strip().lower() == "none":
        return None
    return duration(given)


def size(given: object) -> int:
    """Read `8MiB`, `64 MB`, `1GiB` or a plain number of bytes."""
    written = str(given).strip()
    found = _SIZE.fullmatch(written)
    if not found or isinstance(given, bool):
        raise ValueError(f"{_shown(written)} is not a size; write 8MiB, 64MB or a number of bytes")
    if len(found[1]) > _MOST_DIGITS:
        raise ValueError("this is too large a size")
    return int(found[1]) * _BYTES[(found[2] or "").lower()]


def words(given: object) -> tuple[str, ...]:
    """Read a list as `exact_words` does; blanks around its texts are removed."""
    return tuple(dict.fromkeys(word for one in exact_words(given) if (word := one.strip())))


def names(given: object) -> tuple[str, ...]:
    """Read a list of names; each text of it may hold several, with commas between."""
    return words(",".join(exact_words(given)))


def exact_words(given: object) -> tuple[str, ...]:
    """Read a TOML or JSON list of texts as they are, or texts with commas between; no doubles."""
    found = _list(given) if isinstance(given, str) else given
    if not isinstance(found, list | tuple) or not all(isinstance(one, str) for one in found):
        raise ValueError("this must be a list of strings")
    return tuple(dict.fromkeys(map(utf8, found)))


def tags(given: object) -> dict[str, str]:
    """Read a table of strings: a TOML table, a JSON object, or `key=value` with commas between."""
    found = _table(given) if isinstance(given, str) else given
    if not isinstance(found, Mapping) or not all(isinstance(one, str) for one in found.values()):
        raise ValueError("this must be a table of strings")
    return {utf8(name): utf8(value) for name, value in found.items()}


def zone(given: object) -> ZoneInfo:
    """Read an IANA time zone's name."""
    if isinstance(given, ZoneInfo):
        return given
    name = text(given)
    if name not in zone_names():
        hint = did_you_mean(name, sorted(zone_names()))
        raise ValueError(
            f"{_shown(name)} is not a time zone{hint or '; write Europe/Berlin or UTC'}"
        )
    return zone_named(name)


def choice(*have: str, later: tuple[str, ...] = ()) -> Callable[[object], str]:
    """Return a reader of one of `have`; `later` names what is planned but does not exist yet."""

    def read(given: object) -> str:
        word = text(given)
        if word in later:
            raise ValueError(f"this version does not have {word} yet; it has {', '.join(have)}")
        if word not in have:
            known = ", ".join(have)
            raise ValueError(f"{_shown(word)} is not one of {known}{did_you_mean(word, have)}")
        return word

    return read


def of_known(kind: str, given: Collection[str], known: Collection[str]) -> tuple[str, ...]:
    """Return those of `known` that were given, in its order; raises ValueError for any other."""
    if strange := next((name for name in given if name not in known), None):
        hint = did_you_mean(strange, known) or f"; there are {', '.join(known)}"
        raise ValueError(f"there is no {kind} {_shown(strange)}{hint}")
    return tuple(name for name in known if name in given)


def of_several(
    kind: str, given: Collection[str], known: Mapping[str, Collection[str]]
) -> tuple[str, ...]:
    """Return `dataset.name` texts in the order of `known`; raises ValueError for any other."""
    for one in given:
        dataset, _, name = one.partition(".")
        if dataset not in known:
            raise ValueError(
                f"{_shown(one)} names no dataset of statistics; write dataset.name, with one of "
                f"{', '.join(known)}"
            )
        if name not in known[dataset]:
            others = [other for other, names in known.items() if name in names]
            hint = did_you_mean(name, known[dataset]) if not others else ""
            hint = f"; {' and '.join(others)} has it" if others else hint
            if len(known[dataset]) < 10:
                hint = f", only {', '.join(known[dataset])}{hint}"
            raise ValueError(f"{dataset} has no {kind} {_shown(name)}{hint}")
    every = (f"{dataset}.{name}" for dataset, names in known.items() for name in names)
    return tuple(one for one in every if one in given)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that was probably meant; an empty text where none is near."""
    return next(iter(get_close_matches(word, known, n=1, cutoff=0.6)), "")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?`, or nothing if no known word is near."""
    near = nearest(word, known)
    return f"; did you mean {near}?" if near else ""


def _list(written: str) -> object:
    if written.lstrip().startswith("["):
        return parsed(written, "this looks like a JSON list but is not valid")
    return [word for one in written.split(",") if (word := one.strip())]


def _table(written: str) -> object:
    if written.lstrip().startswith("{"):
        return parsed(written, "this looks like a JSON object but is not valid")
    pairs = [pair.partition("=") for pair in written.split(",")]
    if not all(middle for _, middle, _ in pairs):
        raise ValueError("write key=value,key=value or a JSON object")
    return {key.strip(): value.strip() for key, _, value in pairs}


def _shown(written: str) -> str:
    return repr(written if len(written) <= 60 else f"{written[:57]}…")
