"""Why a TLS connection failed: what of it is a matter of set-up.

Looks through the errors that libraries wrap around those of `ssl` and of the system; shows none of
their texts.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from traceback import walk_tb

# What OpenSSL calls an answer that is no TLS.
_PLAIN = {"HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "WRONG_VERSION_NUMBER"}
_EMPTY = {"NO_CERTIFICATE_OR_CRL_FOUND", "NO_CERTS_FOUND"}


def is_distrust(problem: BaseException) -> bool:
    """Whether the server shows a certificate that nobody vouches for."""
    return any(isinstance(one, ssl.SSLCertVerificationError) for one in _inside(problem))


def is_plain(problem: BaseException) -> bool:
    """Whether the other side answers the handshake without TLS.

    Later the same reasons mean that a connection broke, after something was sent.
    """
    return any(
        isinstance(one, ssl.SSLError) and one.reason in _PLAIN and _in_handshake(one)
        for one in _inside(problem)
    )


def bad_bundle(problem: BaseException) -> str:
    """Return why a file of certificate authorities can't be used; nothing for other errors."""
    if any(isinstance(one, ssl.SSLError) and one.reason in _EMPTY for one in _inside(problem)):
        return "no certificates in it"
    files = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
    found = (str(one.strerror) for one in _inside(problem) if isinstance(one, files))
    return next(found, "")


def _in_handshake(problem: BaseException) -> bool:
    frames = (frame for frame, _ in walk_tb(problem.__traceback__))
    return any(frame.f_code.co_name == "do_handshake" for frame in frames)


def _inside(problem: BaseException) -> Iterator[BaseException]:
    """Yield the error and those it holds, as argument or (botocore's) by the name `error`."""
    yield problem
    held = (*problem.args, getattr(problem, "kwargs", {}).get("error"))
    for one in held:
        if isinstance(one, BaseException):
            yield from _inside(one)
