"""Why a request to AWS could not even be sent: credentials, certificates, a program, a file.

Quotes nothing that a credential program printed, and no value of a credential.
"""

from __future__ import annotations

from traceback import walk_tb

from ..errors import WrongSettings
from ..redaction import clean
from ..tls import bad_bundle, is_distrust, is_plain

_HEADER = (
    "Set the credentials again without line breaks, quotes and blanks around them: they come from"
    " AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or from the profile."
)
_BUNDLE = "Check AWS_CA_BUNDLE (ca_bundle of the profile): it must name a PEM file."
_DISTRUST = (
    "If your network inspects TLS, or the store has a certificate of its own, set AWS_CA_BUNDLE to"
    " the CA file."
)
_PLAIN = (
    "Write http:// in AWS_ENDPOINT_URL_S3 if the store has no TLS, or correct its port;"
    " HTTPS_PROXY usually begins with http://."
)


def inner(problem: BaseException) -> object:
    """Return what an HTTPClientError of botocore is about; None for others."""
    return getattr(problem, "kwargs", {}).get("error")


def of_set_up(problem: Exception, url: str) -> WrongSettings | None:
    """Return what of the set-up keeps a request from being sent; None for other errors."""
    held = inner(problem)
    if isinstance(held, ValueError):
        about = f"{url}: a credential holds characters that can't stand in a header"
        return WrongSettings(about, advice=_HEADER)
    if not isinstance(held, BaseException):
        return None
    if is_distrust(held):
        return WrongSettings(f"{url}: the certificate is not trusted", advice=_DISTRUST)
    if is_plain(held):
        return WrongSettings(f"{url}: the endpoint answers without TLS", advice=_PLAIN)
    if why := bad_bundle(held):
        return WrongSettings(f"{url}: the CA bundle can't be used: {why}", advice=_BUNDLE)
    return None


def program_of(problem: BaseException) -> str:
    """Return `credential_process of the profile NAME` if that is what an error came out of.

    botocore's errors don't say the profile; what asks the program knows it.
    """
    for frame, _ in walk_tb(problem.__traceback__):
        asking = frame.f_locals.get("self")
        if type(asking).__name__ == "ProcessProvider":
            profile = clean(str(getattr(asking, "_profile_name", "")))
            return f"credential_process of the profile {profile}".removesuffix(" of the profile ")
    return ""


def file_of(problem: BaseException) -> str:
    """Return which file an error of the system is about: a program or a token's; never a text."""
    named = getattr(problem, "filename", None)
    return f": {clean(str(named))}: {getattr(problem, 'strerror', '')}" if named else ""
