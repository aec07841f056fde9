"""What boto3 raises, as our errors: once, here, with the action, the place and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import (
    ChangedMeanwhile,
    DestinationFailed,
    ExportError,
    NotPermitted,
    UnknownOutcome,
    WrongSettings,
)

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_MISSING = {"404", "NoSuchKey", "NoSuchUpload", "NotFound"}
_WRONG_PLACE = {
    "301",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "InvalidBucketName",
    "NoSuchBucket",
    "PermanentRedirect",
}
_BAD_CREDENTIALS = {
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_DENIED = {"401", "403", "AccessDenied", "AllAccessDisabled", "Forbidden"}
_NO_CLEAR_ANSWER = {"409", "ConditionalRequestConflict"}
_CONDITION_FAILED = {"412", "PreconditionFailed"}


def is_missing(problem: ClientError) -> bool:
    """Whether the object (or the upload) is not there; a missing bucket is something else."""
    return _code(problem) in _MISSING


@contextmanager
def translated(action: str, url: str, *, conditional: bool = False) -> Iterator[None]:
    """Turn botocore's errors into ours; `action` is the IAM action the call needs."""
    from botocore import exceptions  # noqa: PLC0415 - a tenth of a second for --help

    try:
        yield
    except exceptions.ClientError as problem:
        raise _from_answer(problem, action, url, conditional=conditional) from problem
    except (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.ProfileNotFound,
        exceptions.NoRegionError,
        exceptions.TokenRetrievalError,
        exceptions.CredentialRetrievalError,
        exceptions.ParamValidationError,
    ) as problem:
        raise WrongSettings(
            f"{url}: {type(problem).__name__}: {problem}",
            advice="Give boto3 credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,"
            " AWS_PROFILE, or a role.",
        ) from problem
    except (exceptions.BotoCoreError, OSError) as problem:
        kind = UnknownOutcome if conditional else DestinationFailed
        raise kind(f"{url}: the destination did not answer: {type(problem).__name__}") from problem


def _from_answer(problem: ClientError, action: str, url: str, *, conditional: bool) -> ExportError:
    code = _code(problem)
    status = problem.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if conditional and (code in _CONDITION_FAILED or code in _MISSING):
        return ChangedMeanwhile(f"{url} is not what it was")
    if code in _WRONG_PLACE:
        return WrongSettings(
            f"{url}: {code}: the bucket does not exist, or not in this region",
            advice="Check --to, AWS_REGION and AWS_ENDPOINT_URL_S3.",
        )
    if code in _BAD_CREDENTIALS:
        return NotPermitted(
            f"{url}: the credentials are not accepted ({code})",
            advice="Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.",
        )
    if code in _DENIED or status in {401, 403}:
        return NotPermitted(
            f"{url}: {action} is not permitted ({code})",
            advice=f"Allow {action} on it (with KMS also kms:GenerateDataKey and kms:Decrypt).",
        )
    if conditional and (code in _NO_CLEAR_ANSWER or status >= 500):
        return UnknownOutcome(f"{url}: no clear answer to a conditional write ({code})")
    return DestinationFailed(f"{url}: {action} failed with {code} (HTTP {status})")


def _code(problem: ClientError) -> str:
    return str(problem.response.get("Error", {}).get("Code", ""))
