"""Where Genesys Cloud answers: the regions, and the two hosts that belong together.

The table is that of the official SDK 269.0.0 (purecloud_region_hosts, read 2026-11). A new region
comes about every year, so a domain that only looks like Genesys's works too, and so does any
https host given by hand. Nothing is asked here: these are names only.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from ..errors import WrongSettings
from .setting_names import USUAL, SettingNames

# SDK name → domain; the AWS name is the SDK's with hyphens.
REGIONS = {
    "us_east_1": "mypurecloud.com",
    "us_west_2": "usw2.pure.cloud",
    "us_east_2": "use2.us-gov-pure.cloud",
    "ca_central_1": "cac1.pure.cloud",
    "sa_east_1": "sae1.pure.cloud",
    "mx_central_1": "mxc1.pure.cloud",
    "eu_west_1": "mypurecloud.ie",
    "eu_west_2": "euw2.pure.cloud",
    "eu_central_1": "mypurecloud.de",
    "eu_central_2": "euc2.pure.cloud",
    "eusc_de_east_1": "edee1.eusc-pure.cloud",
    "me_central_1": "mec1.pure.cloud",
    "ap_south_1": "aps1.pure.cloud",
    "ap_southeast_1": "apse1.pure.cloud",
    "ap_southeast_2": "mypurecloud.com.au",
    "ap_northeast_1": "mypurecloud.jp",
    "ap_northeast_2": "apne2.pure.cloud",
    "ap_northeast_3": "apne3.pure.cloud",
}
# What the domains of regions not in the table are expected to end with.
_FAMILIES = (".pure.cloud", ".us-gov-pure.cloud", ".eusc-pure.cloud")
_PARTS = ("api.", "login.", "apps.")
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where to ask, and where to sign in; neither ends with a slash."""

    api: str
    token_url: str


def hosts(
    *,
    base_url: str | None = None,
    region: str | None = None,
    login_url: str | None = None,
    names: SettingNames = USUAL,
) -> Hosts:
    """Return the hosts for what was configured; the base URL counts before the region.

    A region is named as the SDK or AWS does, or by its domain. Raises WrongSettings naming the
    variable.
    """
    if base_url:
        api = _api(_checked(base_url, names.base_url))
    elif region:
        api = f"https://api.{_domain(region, names)}"
    else:
        raise WrongSettings(
            f"{names.region} is not set (nor is {names.base_url})",
            advice="Set the organisation's region, such as eu-central-1 or mypurecloud.de.",
        )
    return Hosts(api, _token_url(api, login_url, names))


def is_loopback(url: str) -> bool:
    """Whether the address is on this machine, where nothing needs encrypting."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _api(given: str) -> str:
    """Return the API's address for any address of a region; others stay as they are."""
    parts = urlsplit(given)
    domain = _bare(_place(parts))
    if parts.scheme == "https" and _is_genesys(domain):
        return f"https://api.{domain}"
    return given


def _token_url(api: str, login_url: str | None, names: SettingNames) -> str:
    if login_url:
        login = _checked(login_url, names.login_url)
        return login if urlsplit(login).path else f"{login}/oauth/token"
    parts = urlsplit(api)
    domain = _place(parts).removeprefix("api.")
    if parts.scheme == "https" and _is_genesys(domain):
        return f"https://login.{domain}/oauth/token"
    return f"{api}/oauth/token"


def _domain(region: str, names: SettingNames) -> str:
    name = region.strip().lower()
    if domain := REGIONS.get(name.replace("-", "_")):
        return domain
    parts = _split(name)
    domain = _bare(_place(parts)) if parts else ""
    if parts is None or not _is_genesys(domain):
        raise WrongSettings(
            f"{names.region}: {region[:60]!r} is not a region of Genesys Cloud{_meant(name)}",
            advice=f"Use one of {', '.join(one.replace('_', '-') for one in REGIONS)}, or a "
            f"region's domain; any other host goes into {names.base_url}.",
        )
    return domain


def _meant(name: str) -> str:
    """Return `; did you mean …?` where a region has nearly that name or domain."""
    names = [one.replace("_", "-") for one in REGIONS]
    near = get_close_matches(name.replace("_", "-"), [*names, *REGIONS.values()], n=1, cutoff=0.7)
    return f"; did you mean {near[0]}?" if near else ""


def _bare(host: str) -> str:
    for part in _PARTS:
        if host.startswith(part):
            return host.removeprefix(part)
    return host


def _is_genesys(domain: str) -> bool:
    return domain in REGIONS.values() or domain.endswith(_FAMILIES)


def _checked(given: str, variable: str) -> str:
    """Return an address without a slash at the end; raises WrongSettings."""
    parts = _split(given.strip())
    if parts is None:
        raise WrongSettings(
            f"{variable} is not the address of a host",
            advice="Use https://host, without user, query or fragment.",
        )
    address = f"{parts.scheme}://{_place(parts)}{parts.path.rstrip('/')}"
    if parts.scheme == "http" and not is_loopback(address):
        raise WrongSettings(
            f"{variable}: {address} would send the credentials unencrypted",
            advice="Use https; http is for a simulator on this machine only.",
        )
    return address


def _place(parts: SplitResult) -> str:
    """Return host and port as one place has them: without the port that its scheme implies."""
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    implied = parts.port in (None, _PORTS[parts.scheme])
    return host if implied else f"{host}:{parts.port}"


def _split(given: str) -> SplitResult | None:
    """Parse an address; None if it is not one or has more parts than allowed."""
    try:
        parts = urlsplit(given if "://" in given else f"https://{given}")
        fine = parts.port != 0 and parts.scheme in _PORTS
    except ValueError:
        return None
    host = parts.hostname or ""
    odd = parts.username or parts.password or parts.query or parts.fragment
    return parts if fine and not odd and host and not set(host) & set(" \t\\") else None
