"""What botocore raises, as our errors: once, here, with the action, the place and what to do.

Knows S3's codes, and botocore's classes by name, so that nothing heavy is imported for --help. A
`conditional` call is one that must not be guessed about: where its answer does not tell, the error
is UnknownOutcome. Nothing of the credentials is ever quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..errors import (
    ChangedMeanwhile,
    DestinationFailed,
    ExportError,
    NeverSent,
    NotPermitted,
    SignInRefused,
    UnknownOutcome,
    WrongSettings,
)

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_MISSING = {"404", "NoSuchKey", "NoSuchUpload", "NotFound"}
_DENIED = {"401", "403", "AccessDenied", "AllAccessDisabled", "Forbidden"}
_NO_CREDENTIALS = {
    "CredentialRetrievalError",
    "LoginError",
    "NoAuthTokenError",
    "NoCredentialsError",
    "PartialCredentialsError",
    "SSOError",
    "TokenRetrievalError",
}
_WRONG_SETTINGS = {
    "BaseEndpointResolverError",  # NoRegionError is one
    "ConfigNotFound",
    "ConfigParseError",
    "EndpointProviderError",
    "InvalidConfigError",
    "MissingDependencyException",
    "ParamValidationError",
    "ProfileNotFound",
    "ValidationError",
}
# These say that no request has left, so that not even a conditional write can have happened.
_NEVER_SENT = {"ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError"}

_REFUSED_CREDENTIALS = {
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "UnrecognizedClientException",
}
_REGIONAL = re.compile(r"\bs3[.-](?:dualstack\.)?([a-z0-9-]+)\.amazonaws\.", re.ASCII)
_BUCKET = "Check --to, the region (AWS_DEFAULT_REGION) and the endpoint (AWS_ENDPOINT_URL_S3)."
_KMS = "Check the KMS key: its id, its region, and that it is enabled."
_NO_ACL = "Leave out acl in [destination]: the bucket has ACLs turned off."
_ADVICE = {
    "301": _BUCKET,  # HEAD has no body: the status stands for the code
    "307": _BUCKET,
    "AuthorizationHeaderMalformed": _BUCKET,
    "IllegalLocationConstraintException": _BUCKET,
    "InvalidBucketName": _BUCKET,
    "NoSuchBucket": _BUCKET,
    "PermanentRedirect": _BUCKET,
    "TemporaryRedirect": _BUCKET,
    "InvalidEncryptionAlgorithmError": "Check the encryption: AES256 or aws:kms.",
    "InvalidObjectState": "Restore it: objects in its storage class are archived and can't be "
    "read directly.",
    "InvalidStorageClass": "Check the storage class.",
    "AccessControlListNotSupported": _NO_ACL,
    "InvalidTag": "Check the tags.",
    "KMS.DisabledException": _KMS,
    "KMS.InvalidKeyUsageException": _KMS,
    "KMS.KMSInvalidStateException": _KMS,
    "KMS.NotFoundException": _KMS,
    "NotImplemented": "The store lacks a feature that a setting or conditional write needs.",
    "RequestTimeTooSkewed": "Set this machine's clock.",
}


def is_missing(problem: ClientError) -> bool:
    """Whether the object (or the upload) is not there; a missing bucket is something else."""
    return _code(problem) in _MISSING


def status_of(problem: ClientError) -> int:
    """Return the HTTP status of an answer."""
    return int(problem.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


@contextmanager
def translated(action: str, url: str, *, conditional: bool = False) -> Iterator[None]:
    """Turn botocore's errors into ours; `action` is the IAM action the call needs."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - see above

    try:
        yield
    except ClientError as problem:
        raise _from_answer(problem, action, url, conditional=conditional) from problem
    except (BotoCoreError, OSError, RecursionError) as problem:
        if _is_endless(problem):
            raise WrongSettings(f"{url}: redirected endlessly", advice=_BUCKET) from problem
        raise _without_answer(problem, action, url, conditional=conditional) from problem


def _is_endless(problem: Exception) -> bool:
    """Whether botocore 1.44 followed 301s until its stack ended, at any point."""
    inner = getattr(problem, "kwargs", {}).get("error")  # what an HTTPClientError is about
    return isinstance(problem, RecursionError) or isinstance(inner, RecursionError)


def _from_answer(problem: ClientError, action: str, url: str, *, conditional: bool) -> ExportError:
    code = _code(problem)
    status = status_of(problem)
    if conditional and (verdict := _of_conditional(code, status, url)) is not None:
        return verdict
    if code in _REFUSED_CREDENTIALS:
        return SignInRefused(
            f"{url}: the credentials are not accepted ({code})",
            advice="Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.",
        )
    elsewhere = code == "400" and _region(problem)  # a HEAD in a wrong region: no body, no code
    if code in _ADVICE or elsewhere:
        return WrongSettings(
            f"{url}: {action} failed with {code}{_said(problem)}",
            advice=_ADVICE.get(code, _BUCKET),
        )
    if code in _DENIED or status in {401, 403}:
        return NotPermitted(
            f"{url}: {action} is not permitted ({code})",
            advice=f"Allow {action} on it (with tags also s3:PutObjectTagging, with an ACL"
            " s3:PutObjectAcl, with KMS kms:GenerateDataKey and kms:Decrypt; without"
            f" s3:ListBucket a missing object looks like a forbidden one).{_acl(action)}",
        )
    return DestinationFailed(f"{url}: {action} failed with {code} (HTTP {status}){_said(problem)}")


def _acl(action: str) -> str:
    """Return the hint for buckets of another account, whose policy demands an ACL."""
    if action != "s3:PutObject":
        return ""
    return (
        ' If the bucket\'s policy demands that ACL, set acl = "bucket-owner-full-control" in'
        " [destination]."
    )


def _of_conditional(code: str, status: int, url: str) -> ExportError | None:
    """Return what the answer means for a conditional write or the completing of an upload."""
    if code == "NoSuchUpload":
        return UnknownOutcome(
            f"{url}: the upload no longer exists: completed or aborted by something else"
        )
    if status == 412 or code in {"412", "PreconditionFailed", "NoSuchKey"}:
        return ChangedMeanwhile(f"{url} has changed")
    if status == 409 or status >= 500:
        return UnknownOutcome(f"{url}: no clear answer to a write ({code}, HTTP {status})")
    return None


def _without_answer(
    problem: Exception, action: str, url: str, *, conditional: bool
) -> ExportError:
    kinds = {kind.__name__ for kind in type(problem).__mro__}
    name = type(problem).__name__
    if kinds & _NO_CREDENTIALS:  # their texts may quote what a credential process printed
        return WrongSettings(
            f"{url}: {name}: no usable credentials",
            advice="Set AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,"
            " AWS_PROFILE, a role, or sign in again.",
        )
    if kinds & _WRONG_SETTINGS:
        return WrongSettings(f"{url}: {name}: {problem}", advice=_BUCKET)
    if conditional and not kinds & _NEVER_SENT:
        return UnknownOutcome(f"{url}: no answer to a write ({name})")
    if kinds & _NEVER_SENT and (misspelt := _misspelt_region(problem)):
        return WrongSettings(f"{url}: {misspelt}", advice=_BUCKET)
    kind = NeverSent if kinds & _NEVER_SENT else DestinationFailed
    return kind(f"{url}: {action}: the destination did not answer ({name})")


def _misspelt_region(problem: Exception) -> str:
    """Return what is wrong with the region in an address that does not answer, if anything."""
    host = urlsplit(str(getattr(problem, "kwargs", {}).get("endpoint_url", ""))).hostname or ""
    found = _REGIONAL.search(host)
    if not found:
        return ""
    from botocore.session import get_session  # noqa: PLC0415 - as above

    session = get_session()
    known = [
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("s3", partition)
    ]
    if found[1] in known:
        return ""
    near = get_close_matches(found[1], known, n=1, cutoff=0.7)
    return f"{found[1]} is not a region of AWS" + (f"; did you mean {near[0]}?" if near else "")


def _code(problem: ClientError) -> str:
    return str(problem.response.get("Error", {}).get("Code", ""))


def _said(problem: ClientError) -> str:
    """Return S3's own sentence, and the bucket's actual region if it was returned."""
    message = str(problem.response.get("Error", {}).get("Message", "")).strip()
    region = _region(problem)
    said = f": {message[:200]}" if message else ""
    return f"{said}; the bucket is in {region}" if region else said


def _region(problem: ClientError) -> str | None:
    headers = problem.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return headers.get("x-amz-bucket-region")
