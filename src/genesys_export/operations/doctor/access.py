"""Whether the bucket is reached at all: credentials, clock, name, region.

No value of a credential is ever looked at, only where it came from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from ...days import http_date
from ...errors import DestinationFailed, WrongSettings
from ...findings import Finding, doubtful, fine, of_clocks, wrong
from ...store.translate import translated
from .connection import Connection, glance

# botocore's names of where credentials were found, as people call them.
_SOURCES = {
    "assume-role": "a role of the profile",
    "assume-role-with-web-identity": "a web identity's role",
    "container-role": "the container's role",
    "custom-process": "the profile's credential process",
    "env": "environment variables",
    "explicit": "the program that calls",
    "iam-role": "the instance's role",
    "login": "a sign-in of the AWS command line",
    "shared-credentials-file": "the credentials file",
    "config-file": "the config file",
    "sso": "single sign-on",
}
_NO_WAY = (
    "Check the endpoint (AWS_ENDPOINT_URL_S3), DNS, HTTPS_PROXY and NO_PROXY, and AWS_CA_BUNDLE "
    "where the network inspects TLS."
)
_NOT_THERE = {"404", "NoSuchBucket", "NotFound"}
_EUROPE = "EU"  # what the oldest buckets in Ireland still call their region


def credentials(connection: Connection) -> Finding:
    """Say where the credentials come from."""
    with translated("s3:ListBucket", connection.url):
        found = connection.session.get_credentials()
        if found is not None:
            found.get_frozen_credentials()  # a role's are fetched now, or not to be had
    if found is None:
        raise WrongSettings(
            f"{connection.url}: no AWS credentials were found",
            advice="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or a role.",
        )
    return fine(f"from {_SOURCES.get(found.method, found.method)}")


def way(connection: Connection) -> Finding:
    """Say that the store answers: name, connection, proxy and certificate in one."""
    try:
        _greeted(connection)
    except DestinationFailed as problem:
        raise DestinationFailed(problem.message, advice=_NO_WAY) from problem
    return fine(f"{_host(connection)} answers")


def clock(connection: Connection, now: Callable[[], datetime]) -> Finding:
    """Compare the clocks; a refusal has the time as well."""
    _, told = _greeted(connection)
    text = str(told.get("date", ""))
    return of_clocks(now(), http_date(text), "the bucket's server")


def bucket(connection: Connection) -> Finding:
    """Check that the bucket exists, with a list: HEAD does not say what is wrong."""
    under = connection.options.key("_genesys_export/")
    told = {"Prefix": under, "MaxKeys": 1}
    if connection.ask("s3:ListBucket", "list_objects_v2", absent=_NOT_THERE, **told) is None:
        return wrong(
            f"{connection.url}: the bucket does not exist",
            "Create it, or check --to, the region and the endpoint (AWS_ENDPOINT_URL_S3).",
        )
    return fine(f"{connection.url} exists")


def region(connection: Connection) -> Finding:
    """Compare the bucket's region with that of the settings."""

    def look() -> Finding:
        told = connection.ask("s3:GetBucketLocation", "get_bucket_location") or {}
        found = str(told.get("LocationConstraint") or "us-east-1")
        ours = connection.client.meta.region_name
        place = "eu-west-1" if found == _EUROPE else found
        return of_region(place, ours, is_aws=".amazonaws." in _host(connection))

    return glance("s3:GetBucketLocation", look)


def of_region(found: str, ours: str | None, *, is_aws: bool) -> Finding:
    """Judge the bucket's region; only AWS needs the right one."""
    asked = "us-east-1" if ours in {None, "aws-global"} else ours
    if not is_aws:
        return fine(f"{found}, according to the server, which is not AWS")
    if found == asked:
        return fine(found)
    return doubtful(
        f"the bucket is in {found}, but the settings say {asked}",
        f"Set AWS_DEFAULT_REGION={found} (or region in [destination]): requests go to the wrong "
        f"region first.",
    )


def _greeted(connection: Connection) -> tuple[int, Mapping[str, str]]:
    """Ask for the bucket; return status and headers of any answer."""
    with translated("s3:ListBucket", connection.url):
        try:
            told: Mapping[str, Any] = connection.client.head_bucket(**connection.options.owner())
        except connection.client.exceptions.ClientError as problem:
            told = problem.response
    answer = told["ResponseMetadata"]
    return int(answer["HTTPStatusCode"]), answer["HTTPHeaders"]


def _host(connection: Connection) -> str:
    return urlsplit(connection.client.meta.endpoint_url).netloc.rpartition("@")[2]
