"""What each setting is called on the command line, in the environment and in the file.

A path such as ("genesys", "client_id") is the name all others are derived from. The two tables
are the whole of what is not derived: flags, and the variables that other tools use as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import TypedDict

PREFIX = "GENESYS_EXPORT_"
SHARD = "GENESYS_EXPORT_SHARD"  # what a scheduler sets instead of --shard; no setting

# What Kubernetes puts into every container of a namespace with a service `genesys-export` or
# `genesys-export-…` (enableServiceLinks, docs read 2026-11): Docker's link variables of old.
_SERVICE = re.compile(
    r"GENESYS_EXPORT(_[A-Z0-9_]+?)?"
    r"_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?)?)"
)

Path = tuple[str, ...]


class Flags(TypedDict, total=False):
    """A command's flags that are settings (FLAGS, SWITCHES), that select them, or choose orgs.

    One that is None, False or empty was not given.
    """

    config: FilePath | str | None
    org: str | None
    shard: str | None
    to: str | None
    dataset: Sequence[str] | None
    table: Sequence[str] | None
    format: str | None
    layout: str | None
    engine: str | None
    query_body: str | None
    slices: str | None
    timezone: str | None
    wait: str | None
    allow_partial: bool
    order: str | None
    days_at_once: int | None
    strict: bool
    media_type: Sequence[str] | None
    queue: Sequence[str] | None
    division: Sequence[str] | None
    direction: Sequence[str] | None
    filters: str | None
    log_format: str | None
    quiet: bool
    verbose: bool


# Flag (as the command line's parameter, without dashes) → setting.
FLAGS: dict[str, Path] = {
    "to": ("destination", "to"),
    "dataset": ("export", "datasets"),
    "table": ("export", "tables"),
    "format": ("export", "format"),
    "layout": ("export", "layout"),
    "engine": ("export", "engine"),
    "query_body": ("export", "query_body"),
    "slices": ("export", "slices"),
    "timezone": ("export", "timezone"),
    "wait": ("export", "wait"),
    "allow_partial": ("export", "allow_partial"),
    "order": ("backfill", "order"),
    "days_at_once": ("backfill", "days_at_once"),
    "strict": ("proof", "strict"),
    "media_type": ("filters", "media_type"),
    "queue": ("filters", "queue"),
    "division": ("filters", "division"),
    "direction": ("filters", "direction"),
    "filters": ("filters", "raw"),
    "log_format": ("log", "format"),
}

# Flags that stand for one value of a setting.
SWITCHES: dict[str, tuple[Path, str]] = {
    "quiet": (("log", "level"), "quiet"),
    "verbose": (("log", "level"), "verbose"),
}

# What 0.1.0 called a setting → what it is called now.
RENAMED: dict[Path, Path] = {("export", "dataset"): ("export", "datasets")}

# Settings of 0.1.0 that are gone → what holds instead. They are ignored with a warning.
RETIRED: dict[Path, str] = {
    ("genesys", "headroom"): "4 % of requests_per_minute stay unused",
    ("genesys", "poll_max"): "the longest wait for a job is a minute",
    ("genesys", "submissions"): "a failing job is submitted three times",
    ("genesys", "query_page_size"): "a page of a query has 100 records",
    ("genesys", "query_most_hits"): "an interval with more than 90,000 hits is halved",
    ("genesys", "query_floor"): "intervals are halved down to a second",
    ("genesys", "connect_timeout"): "connecting takes ten seconds at most",
    ("genesys", "read_timeout"): "an answer is silent for two minutes at most",
    ("genesys", "answer_limit"): "the limit follows from page_size",
    ("destination", "max_attempts"): "a call is tried ten times",
    ("resume", "max_age"): "a slice is reused for six hours",
}

# Variables that work as they are. Of two for one setting the first wins; GENESYS_EXPORT_… beats
# both. AWS_* is not here: botocore reads those itself, with all its other sources of credentials.
VARIABLES: dict[str, Path] = {
    "GENESYS_CLIENT_ID": ("genesys", "client_id"),
    "GENESYS_CLIENT_SECRET": ("genesys", "client_secret"),
    "GENESYS_CLOUD_BASE_URL": ("genesys", "base_url"),
    "GENESYS_CLOUD_REGION": ("genesys", "region"),
    "GENESYS_CLOUD_LOGIN_URL": ("genesys", "login_url"),
    "GENESYSCLOUD_OAUTHCLIENT_ID": ("genesys", "client_id"),
    "GENESYSCLOUD_OAUTHCLIENT_SECRET": ("genesys", "client_secret"),
    "GENESYSCLOUD_REGION": ("genesys", "region"),
    "S3_BUCKET_NAME": ("destination", "bucket"),
    "S3_PREFIX": ("destination", "prefix"),
    "https_proxy": ("genesys", "proxy"),
    "HTTPS_PROXY": ("genesys", "proxy"),
    "no_proxy": ("genesys", "no_proxy"),
    "NO_PROXY": ("genesys", "no_proxy"),
}


_SECRETS: tuple[Path, ...] = (("privacy", "key"), ("notify", "secret"), ("notify", "alerts"))


def is_service_variable(name: str) -> bool:
    """Whether Kubernetes made the variable for a service; none of our settings looks like it."""
    return "__" not in name and _SERVICE.fullmatch(name) is not None


def shared(path: Path) -> Path:
    """Return the path in [genesys] of a setting of one organisation; any other path as it is."""
    return ("genesys", *path[2:]) if path[0] == "orgs" and len(path) > 1 else path


def dotted(path: Path) -> str:
    """Return `genesys.client_id`."""
    return ".".join(path)


def flags(path: Path) -> tuple[str, ...]:
    """Return the flags that set it: `--table`; mostly none."""
    plain = [flag for flag, target in FLAGS.items() if target == path]
    switches = [flag for flag, (target, _) in SWITCHES.items() if target == path]
    return tuple(f"--{flag.replace('_', '-')}" for flag in plain + switches)


def variables(path: Path) -> tuple[str, ...]:
    """Return the variables that set it; the last is our own, derived from the path."""
    usual = [variable for variable, target in VARIABLES.items() if target == path]
    return (*usual, own_variable(path))


def own_variable(path: Path) -> str:
    """Return `GENESYS_EXPORT_GENESYS__CLIENT_ID`; what no variable may hold becomes `_`."""
    steps = (step.replace("-", "_").replace(".", "_").upper() for step in path)
    return PREFIX + "__".join(steps)


def in_file(path: Path) -> str:
    """Return `client_id in [genesys]`."""
    *sections, key = path
    return f"{key} in [{'.'.join(sections)}]" if sections else key


def how_to_set(path: Path) -> str:
    """Return `--to, GENESYS_EXPORT_DESTINATION__TO, or to in [destination]`.

    The file is not proposed for a secret.
    """
    names = [*flags(path), variables(path)[0]]
    return ", ".join(names) if is_secret(path) else f"{', '.join(names)}, or {in_file(path)}"


def is_secret(path: Path) -> bool:
    """Whether the setting is a secret; the address of a proxy is one if it has a password."""
    return path[-1] == "client_secret" or path in _SECRETS
