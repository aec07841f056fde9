"""How single settings are written: durations, sizes, zones, lists, addresses, choices.

Knows text and TOML values, no names of settings. Each function returns a plain value or raises
ValueError with a sentence that says what was expected; where a secret could stand (addresses,
filters) the sentence never repeats what was given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from importlib.resources import files
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, available_timezones

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
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?", re.ASCII)

_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+", re.ASCII)


def text(given: object) -> str:
    """Read a text; blanks round it (the line end of a secret's file) are no part of it."""
    if not isinstance(given, str):
        raise ValueError("this must be text, in quotes in the file")
    return utf8(given.strip())


def number(given: object) -> object:
    """Refuse true and false, which Python would count as 1 and 0."""
    if isinstance(given, bool):
        raise ValueError("this must be a number")
    return given


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
        raise ValueError(f"{_shown(written)} is too long a time") from None
    raise ValueError(f"{_shown(written)} is no duration; write 90s, 15m, 2h, 1h30m or PT2H")


def span(given: object) -> timedelta:
    """Read a duration that is longer than nothing."""
    read = duration(given)
    if read <= timedelta(0):
        raise ValueError("this must be longer than nothing")
    return read


def at_least_a_millisecond(given: timedelta) -> timedelta:
    """Refuse what is shorter than the API can tell apart."""
    if given < _UNITS["ms"]:
        raise ValueError("this must be a millisecond or longer")
    return given


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
        raise ValueError(f"{_shown(written)} is no size; write 8MiB, 64MB or a number of bytes")
    if len(found[1]) > _MOST_DIGITS:
        raise ValueError("this is too large a size")
    return int(found[1]) * _BYTES[(found[2] or "").lower()]


def words(given: object) -> tuple[str, ...]:
    """Read a list as `exact_words` does; blanks round its texts are no part of them."""
    return tuple(dict.fromkeys(word for one in exact_words(given) if (word := one.strip())))


def exact_words(given: object) -> tuple[str, ...]:
    """Read a TOML or JSON list of texts as they are, or texts with commas between; no doubles."""
    found = _list(given) if isinstance(given, str) else given
    if not isinstance(found, list | tuple) or not all(isinstance(one, str) for one in found):
        raise ValueError("this must be a list of texts")
    return tuple(dict.fromkeys(map(utf8, found)))


def tags(given: object) -> dict[str, str]:
    """Read a table of texts: a TOML table, a JSON object, or `key=value` with commas between."""
    found = _table(given) if isinstance(given, str) else given
    if not isinstance(found, Mapping) or not all(isinstance(one, str) for one in found.values()):
        raise ValueError("this must be a table of texts")
    return {utf8(name): utf8(value) for name, value in found.items()}


def zone(given: object) -> ZoneInfo:
    """Read an IANA time zone's name; only names in tzdata, so that every machine agrees."""
    if isinstance(given, ZoneInfo):
        return given
    name = text(given)
    known = files("tzdata").joinpath("zones").read_text("utf-8").split()
    if name not in known:
        hint = did_you_mean(name, sorted(available_timezones()))
        raise ValueError(f"{_shown(name)} is no time zone{hint or '; write Europe/Berlin or UTC'}")
    return ZoneInfo(name)


def choice(*have: str, later: tuple[str, ...] = ()) -> Callable[[object], str]:
    """Return a reader of one of `have`; `later` names what is planned but not there yet."""

    def read(given: object) -> str:
        word = text(given)
        if word in later:
            raise ValueError(f"this version does not have {word} yet; it has {', '.join(have)}")
        if word not in have:
            known = ", ".join(have)
            raise ValueError(f"{_shown(word)} is none of {known}{did_you_mean(word, have)}")
        return word

    return read


def api_address(given: object) -> str:
    """Read the address of a Genesys host: https, http only on this machine, or a bare host."""
    written = text(given)
    if "://" not in written:
        if not _HOST.fullmatch(written):
            raise ValueError("this is neither an https:// address nor a host's name")
        return written
    parts = _split(written)
    if parts.query or parts.fragment:
        raise ValueError("an address with ? or # is none of a host")
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        return written
    raise ValueError("the address must begin with https:// (http:// only for this machine)")


def path(given: object) -> str:
    """Read a path on the API's host."""
    written = text(given)
    if not _PATH.fullmatch(written):
        raise ValueError("this must be a path such as /api/v2/… on the API's host, without ? or #")
    return written


def endpoint(given: object) -> str:
    """Read the address of an S3-compatible store."""
    written = text(given)
    if _split(written).scheme not in ("http", "https"):
        raise ValueError("the address must begin with https:// or http://")
    return written


def proxy(given: object) -> str:
    """Read a proxy's address, perhaps with a name and a password; `host:port` means http."""
    written = text(given)
    whole = written if "://" in written else f"http://{written}"
    parts = _split(whole, with_user=True)
    if parts.scheme not in ("http", "https"):
        raise ValueError("a proxy's address begins with http:// or https://")
    return whole


def destination(given: object) -> str:
    """Read `s3://bucket/prefix`, `file:///dir` or a path; returned literally."""
    written = str(given)
    scheme, colon, rest = written.partition("://")
    if not written.strip() or "\0" in written:
        raise ValueError("this must be s3://bucket/prefix, file:///dir or a path")
    if colon and scheme not in ("s3", "file"):
        raise ValueError("only s3:// and file:// are known; anything else is a path without ://")
    if colon and scheme == "s3" and not rest.partition("/")[0]:
        raise ValueError("the bucket is missing: s3://bucket/prefix")
    if colon and scheme == "file" and not rest.startswith("/"):
        raise ValueError("a file:// address has three slashes: file:///dir")
    return written


def bucket(given: object) -> str:
    """Read a bucket's name (or an access point's alias): no address."""
    name = text(given)
    if "/" in name:
        raise ValueError("this is a bucket's name alone; addresses go to destination.to (--to)")
    return name


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, by name or number alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_unproxied(address: SplitResult, no_proxy: Iterable[str]) -> bool:
    """Whether `no_proxy` names the address: `*`, a host or the end of one, or with a port."""
    host = (address.hostname or "").lower()
    spelled = (host, f"{host}:{address.port or 443}")
    for pattern in (one.lower().removeprefix("*.").removeprefix(".") for one in no_proxy):
        if pattern == "*" or any(f".{one}".endswith(f".{pattern}") for one in spelled):
            return True
    return False


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that was probably meant; an empty text where none is near."""
    return next(iter(get_close_matches(word, known, n=1, cutoff=0.6)), "")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?`, or nothing where no known word is near."""
    near = nearest(word, known)
    return f"; did you mean {near}?" if near else ""


def _split(written: str, *, with_user: bool = False) -> SplitResult:
    try:
        parts = urlsplit(written)
        _ = parts.port  # raises for what is no port
    except ValueError:
        raise ValueError("this is no address") from None
    if not parts.hostname or re.search(r"[\s\x00-\x1f]", written):
        raise ValueError("this address names no host")
    if parts.username is not None and not with_user:
        raise ValueError("a name or password has no place in this address")
    return parts


def _list(written: str) -> object:
    if written.lstrip().startswith("["):
        return parsed(written, "this begins like a JSON list but is none")
    return [word for one in written.split(",") if (word := one.strip())]


def _table(written: str) -> object:
    if written.lstrip().startswith("{"):
        return parsed(written, "this begins like a JSON object but is none")
    pairs = [pair.partition("=") for pair in written.split(",")]
    if not all(middle for _, middle, _ in pairs):
        raise ValueError("write key=value,key=value or a JSON object")
    return {key.strip(): value.strip() for key, _, value in pairs}


def _shown(written: str) -> str:
    return repr(written if len(written) <= 60 else f"{written[:57]}…")
