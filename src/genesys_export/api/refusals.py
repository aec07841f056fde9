"""What a 4xx that no repetition can mend means, in a sentence.

Genesys's own message, code and correlation id go into it; the request's values and the token
never do.
"""

from __future__ import annotations

import re

import msgspec

from ..errors import GenesysUnavailable, NotPermitted, RequestRefused, SignInRefused
from .transport import Answer

_PERMISSION = re.compile(r"[A-Za-z]+:[A-Za-z]+:[A-Za-z]+")
_LONGEST = 300


class ErrorBody(msgspec.Struct, rename="camel"):
    """The API's error body, as far as it is shown."""

    message: str = ""
    code: str = ""
    context_id: str = ""


def refusal(method: str, path: str, answer: Answer) -> GenesysUnavailable | NotPermitted:
    """Return the error an answer means that is neither a success nor passing."""
    try:
        told = msgspec.json.decode(answer.body, type=ErrorBody)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        told = ErrorBody()
    correlation = answer.headers.get("ININ-Correlation-Id") or told.context_id or "none"
    said = f"{told.message[:_LONGEST]} ({told.code or 'no code'}, correlation id {correlation})"
    where = f"{method} {path}"
    if 300 <= answer.status < 400:
        return GenesysUnavailable(
            f"{where} was redirected (HTTP {answer.status}), which is never followed",
            advice="Check GENESYS_CLOUD_REGION or GENESYS_CLOUD_BASE_URL.",
        )
    if answer.status == 401:
        return SignInRefused(
            f"{where} got HTTP 401 with a fresh token: {said}",
            advice="Check that the OAuth client was not disabled or its role removed.",
        )
    if answer.status == 403:
        missing = " or ".join(dict.fromkeys(_PERMISSION.findall(told.message)))
        return NotPermitted(
            f"{where} is not permitted: {said}",
            advice=f"Give {missing or 'the missing permission'} to a role of the OAuth client,"
            " in every division.",
        )
    return RequestRefused(
        f"{where} was refused with HTTP {answer.status}: {said}",
        http_status=answer.status,
        code=told.code,
    )
