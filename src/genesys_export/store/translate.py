"""What botocore raises, as our errors: once, here, with the action, the place and what to do.

Knows S3's codes; which of botocore's classes means what is a table, `aws_kinds`. A `conditional`
call is one that must not be guessed about: where its answer does not tell, the error
is UnknownOutcome. Nothing of the credentials is ever quoted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_tb
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..errors import (
    Bug,
    ChangedMeanwhile,
    DestinationFailed,
    ExportError,
    NeverSent,
    NotPermitted,
    SignInRefused,
    UnknownOutcome,
    WrongSettings,
)
from ..redaction import clean, told
from . import aws_kinds
from .aws_regions import misspelt_region
from .unsent import file_of, inner, of_set_up, program_of

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_MISSING = {"404", "NoSuchKey", "NoSuchUpload", "NotFound"}
_DENIED = {"401", "403", "AccessDenied", "AllAccessDisabled", "Forbidden"}
_REFUSED_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "IDPRejectedClaim",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidIdentityToken",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "UnauthorizedException",
    "UnrecognizedClientException",
}
_BUCKET = "Check --to, the region (AWS_DEFAULT_REGION) and the endpoint (AWS_ENDPOINT_URL_S3)."
_KMS = "Check the KMS key: its id, its region, and that it is enabled."
_NO_ACL = "Leave out acl in [destination]: the bucket has ACLs turned off."
_CREDENTIALS = (
    "Set AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE or a role."
    " With SSO, sign in again (aws sso login)."
)
_PROGRAM = (
    "Run the program of credential_process in ~/.aws/config by hand: it must print JSON with"
    " Version 1, AccessKeyId and SecretAccessKey."
)
_SETTINGS = (
    "Check the AWS_… variables, ~/.aws/config and ~/.aws/credentials (a wrong endpoint is"
    " AWS_ENDPOINT_URL_S3), and [destination]."
)
_LONGEST = 300
_ADVICE = {
    "301": _BUCKET,  # HEAD has no body: the status stands for the code
    "307": _BUCKET,
    "AuthorizationHeaderMalformed": _BUCKET,
    "IllegalLocationConstraintException": _BUCKET,
    "InvalidBucketName": _BUCKET,
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
    """Turn what the AWS SDK raises into our errors; `action` is the IAM action the call needs.

    Besides botocore's own classes these are all kinds that Python has: a credential program that
    is not there, prints no JSON or JSON of another shape, a file that can't be read, an answer
    that can't be parsed. What our own code raises goes through.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - see above

    try:
        yield
    except ExportError:
        raise
    except ClientError as problem:
        raise _from_answer(problem, action, url, conditional=conditional) from problem
    except (BotoCoreError, OSError, RecursionError) as problem:
        if _is_endless(problem):
            raise WrongSettings(f"{url}: redirected endlessly", advice=_BUCKET) from problem
        raise _without_answer(problem, action, url, conditional=conditional) from problem
    except Exception as problem:
        if not any(_is_of(module, aws_kinds.OF_AWS) for module in _frames(problem)):
            raise
        raise _without_answer(problem, action, url, conditional=conditional) from problem


def _frames(problem: BaseException) -> tuple[str, ...]:
    """Return the modules that an error went through."""
    found = (frame for frame, _ in walk_tb(problem.__traceback__))
    return tuple(str(frame.f_globals.get("__name__", "")) for frame in found)


def _is_of(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in packages)


def _is_endless(problem: Exception) -> bool:
    """Whether botocore 1.44 followed 301s until its stack ended, at any point."""
    return isinstance(problem, RecursionError) or isinstance(inner(problem), RecursionError)


def _from_answer(problem: ClientError, action: str, url: str, *, conditional: bool) -> ExportError:
    code = _code(problem)
    status = status_of(problem)
    if (call := problem.operation_name) in aws_kinds.CREDENTIAL_CALLS:
        return _of_credentials(problem, aws_kinds.CREDENTIAL_CALLS[call], url)
    if conditional and (verdict := _of_conditional(code, status, url)) is not None:
        return verdict
    if code in _REFUSED_CREDENTIALS:
        return SignInRefused(
            f"{url}: the credentials are not accepted ({code})",
            advice="Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.",
        )
    if wrong := _of_settings(problem, code, action, url):
        return wrong
    if code in _DENIED or status in {401, 403}:
        return NotPermitted(
            f"{url}: {action} is not permitted ({code})",
            advice=f"Allow {action} on it (with tags also s3:PutObjectTagging, with an ACL"
            " s3:PutObjectAcl, with KMS kms:GenerateDataKey and kms:Decrypt; without"
            f" s3:ListBucket a missing object looks like a forbidden one).{_acl(action)}",
        )
    return DestinationFailed(f"{url}: {action} failed with {code} (HTTP {status}){_said(problem)}")


def _of_settings(problem: ClientError, code: str, action: str, url: str) -> WrongSettings | None:
    if code == "NoSuchBucket":
        bucket = urlsplit(url).netloc
        return WrongSettings(
            f"the bucket {bucket} does not exist ({action} failed with {code})",
            advice=f"Create it, or correct the set-up. {_BUCKET}",
        )
    elsewhere = code == "400" and _region(problem)  # a HEAD in a wrong region: no body, no code
    if code in _ADVICE or elsewhere:
        return WrongSettings(
            f"{url}: {action} failed with {code}{_said(problem)}",
            advice=_ADVICE.get(code, _BUCKET),
        )
    return None


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


def _of_credentials(problem: ClientError, action: str, url: str) -> ExportError:
    """Return what the answer of a call for credentials means; S3 itself was not asked yet."""
    code, status = _code(problem), status_of(problem)
    about = f"{url}: no credentials: {action} answered {code}{_said(problem)}"
    if code in _REFUSED_CREDENTIALS:
        return SignInRefused(about, advice=_CREDENTIALS)
    if code in _DENIED or status in {401, 403}:
        return NotPermitted(about, advice="Check the role's trust policy and who may assume it.")
    if status >= 500 or status == 429 or "Throttl" in code:
        return NeverSent(about)
    return WrongSettings(about, advice="Check the role (AWS_ROLE_ARN, role_arn of the profile).")


def _without_answer(
    problem: Exception, action: str, url: str, *, conditional: bool
) -> ExportError:
    """Return what it means that there is no answer; first whether anything was asked at all."""
    kinds = frozenset(kind.__name__ for kind in type(problem).__mro__)
    found = _of_kind(problem, kinds, url) or of_set_up(problem, url)
    if found is None and not kinds & (aws_kinds.NEVER_SENT | aws_kinds.NO_ANSWER):
        found = _of_place(problem, _frames(problem), url)
    if found is not None:
        return found
    name = type(problem).__name__
    if conditional and not kinds & aws_kinds.NEVER_SENT:
        return UnknownOutcome(f"{url}: no answer to a write ({name})")
    if kinds & aws_kinds.NEVER_SENT and (misspelt := misspelt_region(problem)):
        return WrongSettings(f"{url}: {misspelt}", advice=_BUCKET)
    kind = NeverSent if kinds & aws_kinds.NEVER_SENT else DestinationFailed
    if not kinds & {"BotoCoreError", "OSError"}:
        return kind(f"{url}: {action}: the answer could not be read ({name})", advice=_BUCKET)
    return kind(f"{url}: {action}: the destination did not answer ({name})")


def _of_kind(problem: Exception, kinds: frozenset[str], url: str) -> ExportError | None:
    """Return what one of botocore's own classes means, where it says all."""
    name = type(problem).__name__
    if kinds & aws_kinds.OURS:
        return Bug(f"{url}: a bug: {name}")
    if kinds & aws_kinds.NOT_PERMITTED:
        return NotPermitted(f"{url}: {name}: no usable credentials", advice=_CREDENTIALS)
    if kinds & aws_kinds.CREDENTIALS:
        return _no_credentials(problem, url)
    if kinds & aws_kinds.SETTINGS:
        return WrongSettings(f"{url}: {name}: {told(problem)[:_LONGEST]}", advice=_SETTINGS)
    return None


def _of_place(problem: Exception, frames: tuple[str, ...], url: str) -> ExportError | None:
    """Return what an error of any class means by where it came from, if nothing was asked yet."""
    name = type(problem).__name__
    if any(_is_of(module, aws_kinds.OF_CREDENTIALS) for module in frames):
        return _no_credentials(problem, url)
    if any(_is_of(module, aws_kinds.OF_SET_UP) for module in frames):
        return WrongSettings(f"{url}: {name}: {told(problem)[:_LONGEST]}", advice=_SETTINGS)
    return None


def _no_credentials(problem: Exception, url: str) -> WrongSettings:
    """Say that there are none, and which program should have given them."""
    about = f"{url}: {type(problem).__name__}: no usable credentials"
    if program := program_of(problem):
        return WrongSettings(f"{about}: {program} gave none{file_of(problem)}", advice=_PROGRAM)
    return WrongSettings(f"{about}{file_of(problem)}", advice=_CREDENTIALS)


def _code(problem: ClientError) -> str:
    return str(problem.response.get("Error", {}).get("Code", ""))


def _said(problem: ClientError) -> str:
    """Return S3's own sentence, and the bucket's actual region if it was returned."""
    message = clean(str(problem.response.get("Error", {}).get("Message", "")).strip())
    region = _region(problem)
    said = f": {message[:200]}" if message else ""
    return f"{said}; the bucket is in {region}" if region else said


def _region(problem: ClientError) -> str | None:
    headers = problem.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return headers.get("x-amz-bucket-region")
