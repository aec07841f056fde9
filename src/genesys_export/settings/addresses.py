"""How addresses are written: hosts, proxies, paths on a host, buckets, folders.

Knows text only. Each function returns it, perhaps completed, or raises ValueError with a sentence
that says what was expected and never repeats what was given: an address may hold a password.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from .values import text

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?", re.ASCII)
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+", re.ASCII)


def api_address(given: object) -> str:
    """Read the address of a Genesys host: https, http only on this machine, or a bare host."""
    written = text(given)
    if "://" not in written:
        if not _HOST.fullmatch(written):
            raise ValueError("this is neither an https:// address nor a host name")
        return written
    parts = _split(written)
    if parts.query or parts.fragment:
        raise ValueError("the address of a host has no ? or #")
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
        raise ValueError("the address of a proxy must begin with http:// or https://")
    return whole


def destination(given: object) -> str:
    """Read `s3://bucket/prefix`, `file:///dir` or a path; returned literally."""
    written = str(given)
    scheme, colon, rest = written.partition("://")
    if not written.strip() or "\0" in written:
        raise ValueError("this must be s3://bucket/prefix, file:///dir or a path")
    if colon and scheme not in ("s3", "file"):
        raise ValueError(
            "only s3:// and file:// are supported; anything else must be a path without ://"
        )
    if written.startswith("arn:") or rest.startswith("arn:"):
        raise ValueError(arn_advice(written.removeprefix("s3://")))
    if colon and scheme == "s3" and not rest.partition("/")[0]:
        raise ValueError("the bucket is missing: s3://bucket/prefix")
    if colon and scheme == "file" and not rest.startswith("/"):
        raise ValueError("a file:// address has three slashes: file:///dir")
    return written


def bucket(given: object) -> str:
    """Read a bucket's name or an access point's alias; not an ARN or an address."""
    name = text(given)
    if name.startswith("arn:"):
        raise ValueError(arn_advice(name))
    if "/" in name:
        raise ValueError(
            "this must be a bucket name only; addresses go into destination.to (--to)"
        )
    return name


def arn_advice(arn: str) -> str:
    """Return what to write instead of an ARN: a bucket's name, or an access point's alias."""
    if found := re.match(r"arn:[a-z-]+:s3:::([^/:]+)", arn):
        return f"write the bucket's name, not its ARN: s3://{found[1]}/prefix"
    return (
        "write the access point's alias (it ends in -s3alias; `aws s3control get-access-point` "
        "shows it), not its ARN: s3://ALIAS/prefix"
    )


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


def hidden_in(given: object) -> list[str]:
    """Return what of a setting of [notify], a text or a list, must never be shown.

    ARNs are no secrets; a webhook's path may hold a token. Whatever is given, nothing is raised.
    """
    whole = [given] if isinstance(given, str) else given if isinstance(given, list | tuple) else []
    texts = [one for one in whole if isinstance(one, str)]
    found = {part.strip(' "[]') for one in texts for part in (one, *one.split(","))}
    return [one for one in found if not one.startswith(("sns:", "sqs:", "events:"))]


def _split(written: str, *, with_user: bool = False) -> SplitResult:
    try:
        parts = urlsplit(written)
        _ = parts.port  # raises for what is no port
    except ValueError:
        raise ValueError("this is not an address") from None
    if not parts.hostname or re.search(r"[\s\x00-\x1f]", written):
        raise ValueError("this address has no host")
    if parts.username is not None and not with_user:
        raise ValueError("this address can't contain a user or password")
    return parts
