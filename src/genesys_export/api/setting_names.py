"""What the settings of one organisation are called, for the advice of errors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingNames:
    """Environment variables, and the section of the settings file; by default those of one org."""

    client_id: str = "GENESYS_CLIENT_ID"
    client_secret: str = "GENESYS_CLIENT_SECRET"  # noqa: S105 - a name
    region: str = "GENESYS_CLOUD_REGION"
    base_url: str = "GENESYS_CLOUD_BASE_URL"
    login_url: str = "GENESYS_CLOUD_LOGIN_URL"
    proxy: str = "HTTPS_PROXY"
    section: str = "genesys"

    @property
    def host(self) -> str:
        """Either variable that says where the organisation is."""
        return f"{self.region} or {self.base_url}"


USUAL = SettingNames()
