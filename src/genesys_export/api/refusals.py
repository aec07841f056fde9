"""What an answer means that no retry can fix, in a sentence.

Genesys's own message, code and correlation id go into it; the request's values, its body and the
token never do. Knows the meaning of statuses; whether one may pass is the business of `retry`.
"""

from __future__ import annotations

import re

from ..errors import ExportError, NotPermitted, RequestRefused, SignInRefused
from .setting_names import USUAL, SettingNames
from .transport import Answer
from .wire import ErrorBody, read_error

_PERMISSION = re.compile(r"\w+:\w+:[\w*]+")
_LONGEST = 300
_MOST_READ = 4_000  # characters of a text: the search takes a time that grows with the square

# What may help, by status; else errors.py's own advice.
_ADVICE = {
    404: "Check {host}: this host does not have this API.",
    413: "Use fewer filters.",
}


def refusal(method: str, path: str, answer: Answer, names: SettingNames = USUAL) -> ExportError:
    """Return the error an answer means that is neither a success nor passing."""
    told = read_error(answer.body)
    where, said = f"{method} {path}", _said(told, answer)
    match answer.status:
        case 401:
            return SignInRefused(
                f"{where} got HTTP 401 with a fresh token: {said}",
                advice="Check that the OAuth client was not disabled or its roles removed.",
            )
        case 403:
            needed = _permissions(told)
            named = " or ".join(needed) or "the missing permission"
            return NotPermitted(
                f"{where} is not permitted: {said}",
                permissions=needed,
                advice=f"Give {named} to a role of the OAuth client, in every division.",
            )
        case status if status < 400:
            return RequestRefused(
                f"{where} was redirected (HTTP {status}); redirects are not followed",
                http_status=status,
                advice=f"Check {names.host}.",
            )
        case status:
            advice = _ADVICE.get(status)
            return RequestRefused(
                f"{where} was refused with HTTP {status}: {said}",
                http_status=status,
                code=told.code or "",
                advice=advice and advice.format(host=names.host),
            )


def code_of(answer: Answer) -> str:
    """Return Genesys's code for what went wrong, or nothing."""
    return _short(read_error(answer.body).code)


def _said(told: ErrorBody, answer: Answer) -> str:
    correlation = answer.headers.get("ININ-Correlation-Id") or told.context_id
    message, code = _short(told.message) or "no message", _short(told.code) or "no code"
    return f"{message} ({code}, correlation id {_short(correlation) or 'unknown'})"


def _permissions(told: ErrorBody) -> tuple[str, ...]:
    """Return the permissions named in the parameters, the message, or both."""
    texts = [told.message or ""]
    if isinstance(told.message_params, dict):
        texts += [
            str(value)
            for value in told.message_params.values()
            if isinstance(value, str | int | float)  # what is nested may be so without end
        ]
    return tuple(
        dict.fromkeys(one for text in texts for one in _PERMISSION.findall(text[:_MOST_READ]))
    )


def _short(text: str | None) -> str:
    """Return a text of one short line."""
    line = " ".join((text or "").split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
