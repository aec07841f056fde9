"""Check raw environment values for stray quotes, spaces and line breaks.

`docker run --env-file` keeps quotes, `echo … | base64` adds a line end, a copied key brings a
blank. Rule: the variable is named and what is wrong with it, never its value. Our own settings are
read without the blanks around them, so that only what boto3 reads is refused for those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .names import PREFIX, VARIABLES

# What boto3 takes literally on its way to a bucket.
_AWS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_STS",
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_MAX_ATTEMPTS",
    "AWS_RETRY_MODE",
    "AWS_REQUEST_CHECKSUM_CALCULATION",
    "AWS_RESPONSE_CHECKSUM_VALIDATION",
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HALVES = re.compile("[\ud800-\udfff]")
# Names of files, which need not be UTF-8.
_PATHS = {
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    f"{PREFIX}DESTINATION__TO",
}


def of_environment(environ: Mapping[str, str], *, to_s3: bool) -> tuple[str, ...]:
    """Return a line for each variable whose value can't be what was meant."""
    ours = [name for name in environ if name in VARIABLES or name.startswith(PREFIX)]
    found = [(name, _of_ours(name, environ[name])) for name in sorted(ours)]
    if to_s3:
        found += [(name, _of_aws(name, environ[name])) for name in _AWS if name in environ]
    return tuple(f"{name}: {what}" for name, odd in found for what in odd)


def _of_ours(name: str, value: str) -> Iterator[str]:
    if _is_quoted(value.strip()):
        yield _QUOTED
    if name not in _PATHS and _HALVES.search(value):
        yield _NOT_TEXT


def _of_aws(name: str, value: str) -> Iterator[str]:
    """Yield what is wrong with a value; one problem is enough."""
    if _CONTROL.search(value):
        yield "the value holds a line break or another control character. Set it without."
    elif value != value.strip():
        yield "the value begins or ends with a blank. Set it without."
    elif _is_quoted(value):
        yield _QUOTED
    elif name not in _PATHS and _HALVES.search(value):
        yield _NOT_TEXT


_QUOTED = "the value has quotes around it (docker's --env-file keeps them). Set it without."
_NOT_TEXT = "the value is not UTF-8 text. Set it again."


def _is_quoted(value: str) -> bool:
    return len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
