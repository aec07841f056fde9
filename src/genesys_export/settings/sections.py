"""The settings themselves: every key with its type, limits and default, a class a section.

The names and defaults here are the contract; docs/reference/settings.md says what each means and
a test holds the page and the complete toml against these classes. Nothing here reads anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
)

from . import addresses, values
from .backfilling import Backfill
from .cluster import Cluster
from .export import Export
from .notify import Notify
from .protection import Privacy
from .section import Hidden, Section, Span, Text, Whole
from .statistics import Aggregates
from .telemetry import Telemetry
from .written_json import json_object

Secret = Annotated[Hidden, BeforeValidator(values.text)]
Address = Annotated[str, BeforeValidator(addresses.api_address)]
Share = Annotated[float, BeforeValidator(values.number), Field(ge=0, lt=1, allow_inf_nan=False)]
Duration = Annotated[timedelta, BeforeValidator(values.duration)]
Words = Annotated[tuple[str, ...], BeforeValidator(values.words)]

MIB = 2**20
OWNERS = "bucket-owner-full-control"


class Genesys(Section):
    """Where an organisation is, who we are there, and how fast we may ask."""

    client_id: Text | None = None
    client_secret: Secret | None = None
    base_url: Address | None = None
    region: Text | None = None
    login_url: Address | None = None
    requests_per_minute: Annotated[Whole, Field(ge=1, le=100_000)] = 300
    tokens: Annotated[Whole, Field(ge=1, le=20)] = 1
    retry_deadline: Duration = timedelta(minutes=15)
    page_size: Annotated[Whole, Field(ge=100, le=10_000)] = 1000
    poll_first: Span = timedelta(seconds=3)
    poll_deadline: Span = timedelta(hours=2)
    ca_bundle: Text | None = None
    proxy: Annotated[Hidden, BeforeValidator(addresses.proxy)] | None = None
    no_proxy: Words = ()

    def proxy_for(self, address: str) -> Hidden | None:
        """Return the proxy for an address (`https://api.mypurecloud.ie`), if it needs one.

        None for plain http, which is this machine only, and for hosts that no_proxy names.
        """
        parts = urlsplit(address if "://" in address else f"https://{address}")
        direct = parts.scheme == "http" or addresses.is_unproxied(parts, self.no_proxy)
        return None if direct else self.proxy


class Destination(Section):
    """Where the files go, and how a bucket is to keep them."""

    to: Annotated[str, BeforeValidator(addresses.destination)] | None = None
    bucket: Annotated[str, BeforeValidator(addresses.bucket)] | None = None
    prefix: Text = "analytics/"
    endpoint_url: Annotated[str, BeforeValidator(addresses.endpoint)] | None = None
    region: Text | None = None
    profile: Text | None = None
    storage_class: Text | None = None
    sse: Annotated[str, BeforeValidator(values.choice("none", "AES256", "aws:kms"))] = "none"
    kms_key_id: Text | None = None
    tags: Annotated[Mapping[str, str], BeforeValidator(values.tags)] = Field(default_factory=dict)
    expected_bucket_owner: Text | None = None
    acl: Annotated[str, BeforeValidator(values.choice("none", OWNERS))] = "none"
    part_size: Annotated[int, BeforeValidator(values.size)] = 8 * MIB
    state: Annotated[str, BeforeValidator(values.choice("on", "off"))] = "on"
    single_writer: bool = False
    network_folder: bool = False

    @field_validator("kms_key_id")
    @classmethod
    def _only_with_kms(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("sse") not in ("aws:kms", None):
            raise ValueError('a KMS key needs sse = "aws:kms"')
        return value

    @field_validator("tags")
    @classmethod
    def _as_s3_has_them(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        if len(value) > 10:
            raise ValueError("an object can have at most ten tags")
        if any(not 1 <= len(name) <= 128 or len(tag) > 256 for name, tag in value.items()):
            raise ValueError("a tag name has 1 to 128 characters, its value at most 256")
        return value

    @field_validator("expected_bucket_owner")
    @classmethod
    def _an_account(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"\d{12}", value, re.ASCII):
            raise ValueError("this must be the 12 digits of an AWS account, in quotes")
        return value

    @field_validator("part_size")
    @classmethod
    def _as_s3_takes_it(cls, value: int) -> int:
        if not 5 * MIB <= value <= 5 * 1024 * MIB:
            raise ValueError("S3 takes parts from 5MiB to 5GiB")
        return value


class Resume(Section):
    """What a run may adopt from an interrupted one."""

    lease: Span = timedelta(minutes=10)

    @field_validator("lease")
    @classmethod
    def _renewable_in_time(cls, value: timedelta) -> timedelta:
        if value < timedelta(minutes=1):
            raise ValueError("this must be a minute or longer")
        return value


class CatchUp(Section):
    """How far back a run exports missing days."""

    days: Annotated[Whole, Field(ge=0, le=3660)] = 31


class Settle(Section):
    """When a day counts as final."""

    days: Annotated[Whole, Field(ge=0, le=365)] = 4


class Proof(Section):
    """How the source's own count is compared with ours."""

    count: Annotated[str, BeforeValidator(values.choice("auto", "off"))] = "auto"
    tolerance: Share = 0.01
    floor: Annotated[Whole, Field(ge=0, le=1_000_000)] = 20
    strict: bool = False


def _directions(given: tuple[str, ...]) -> tuple[str, ...]:
    read = values.choice("inbound", "outbound")
    return tuple(read(one) for one in given)


class Filters(Section):
    """Which conversations are asked for; nothing means all of them."""

    media_type: Words = ()
    queue: Words = ()
    division: Words = ()
    direction: Annotated[Words, AfterValidator(_directions)] = ()
    raw: Annotated[str, BeforeValidator(json_object)] | None = Field(default=None, repr=False)


class Csv(Section):
    """How csv.gz is written."""

    newlines: Annotated[str, BeforeValidator(values.choice("keep", "escape", "space"))] = "keep"


class Roll(Section):
    """When a file ends and the next one begins."""

    bytes: Annotated[int, BeforeValidator(values.size), Field(ge=MIB)] | None = None
    rows: Annotated[Whole, Field(ge=1)] | None = None


class Log(Section):
    """What people see while it runs."""

    format: Annotated[str, BeforeValidator(values.choice("auto", "console", "json"))] = "auto"
    level: Annotated[str, BeforeValidator(values.choice("quiet", "normal", "verbose"))] = "normal"


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


class Sections(Section):
    """All sections together, as a file holds them."""

    genesys: Genesys = Genesys()
    destination: Destination = Destination()
    export: Export = Export()
    backfill: Backfill = Backfill()
    resume: Resume = Resume()
    catch_up: CatchUp = CatchUp()
    settle: Settle = Settle()
    proof: Proof = Proof()
    filters: Filters = Filters()
    aggregates: Aggregates = Aggregates()
    csv: Csv = Csv()
    roll: Roll = Roll()
    privacy: Privacy = Privacy()
    notify: Notify = Notify()
    log: Log = Log()
    telemetry: Telemetry = Telemetry()
    cluster: Cluster = Cluster()
    orgs: Mapping[str, Genesys] = Field(default_factory=dict)

    @field_validator("orgs")
    @classmethod
    def _fit_for_keys(cls, value: Mapping[str, Genesys]) -> Mapping[str, Genesys]:
        for name in value:
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"an organisation's name is part of every key; {name[:60]!r} can't: "
                    "letters, digits, and . _ - inside"
                )
        return value


def every_path() -> Iterator[tuple[str, str]]:
    """Yield (section, key) of every setting; those below [orgs.NAME] are those of [genesys]."""
    for name, section in Sections.model_fields.items():
        if isinstance(section.annotation, type) and issubclass(section.annotation, Section):
            yield from ((name, key) for key in section.annotation.model_fields)
