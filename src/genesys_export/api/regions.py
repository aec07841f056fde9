"""Where Genesys Cloud answers: the regions, and the two hosts that belong together.

The table is that of the official SDK 269.0.0 (purecloud_region_hosts, read 2026-11). New regions
come about yearly, so any https host given by hand works too.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from ..errors import WrongSettings

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
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where to ask, and where to sign in; both without a slash at the end."""

    api: str
    token_url: str


def hosts(
    *, base_url: str | None = None, region: str | None = None, login_url: str | None = None
) -> Hosts:
    """Return the hosts for what was configured; raises WrongSettings naming the variable."""
    if base_url:
        api = _checked(base_url, "GENESYS_CLOUD_BASE_URL")
    elif region:
        api = f"https://api.{_domain(region)}"
    else:
        raise WrongSettings(
            "GENESYS_CLOUD_REGION is not set (nor GENESYS_CLOUD_BASE_URL)",
            advice="Set the organisation's region, such as eu-central-1 or mypurecloud.de.",
        )
    if login_url:
        login = _checked(login_url, "GENESYS_CLOUD_LOGIN_URL")
        return Hosts(api, login if urlsplit(login).path else f"{login}/oauth/token")
    scheme, host = urlsplit(api).scheme, urlsplit(api).netloc
    if scheme == "https" and host.removeprefix("api.") in REGIONS.values():
        return Hosts(api, f"https://login.{host.removeprefix('api.')}/oauth/token")
    return Hosts(api, f"{api}/oauth/token")


def _domain(region: str) -> str:
    name = region.strip().lower()
    if domain := REGIONS.get(name.replace("-", "_")):
        return domain
    host = (urlsplit(name).netloc or name).strip("/")
    domain = host.removeprefix("api.").removeprefix("login.").removeprefix("apps.")
    if "." not in domain or "/" in domain or " " in domain:
        raise WrongSettings(
            f"GENESYS_CLOUD_REGION: {region!r} is no region of Genesys Cloud and no domain",
            advice=f"Use one of {', '.join(name.replace('_', '-') for name in REGIONS)}.",
        )
    return domain


def _checked(url: str, variable: str) -> str:
    parts = urlsplit(url if "://" in url else f"https://{url}")
    loopback = parts.hostname in _LOOPBACK
    if (
        not parts.hostname
        or parts.scheme not in {"https", "http"}
        or parts.query
        or parts.username
    ):
        raise WrongSettings(f"{variable}: {url!r} is no https address")
    if parts.scheme == "http" and not loopback:
        raise WrongSettings(
            f"{variable}: {url!r} would send the credentials unencrypted",
            advice="Use https; http is for a simulator on this machine only.",
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
