"""What goes back to the client: an answer, or a refusal in the API's own shape.

Knows the error bodies of the API and of the login host, word for word where words are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .templates import Json, dumped

HTML = b"<html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"

_UNEXPECTED = "The server encountered an unexpected condition which prevented it from "
_UNEXPECTED += "fulfilling the request."
_SERVER_ERRORS = {
    500: ("internal.server.error", _UNEXPECTED),
    503: ("service.unavailable", "Service Unavailable - The server is currently unavailable."),
    504: ("request.timeout", "The request timed out."),
}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it is sent."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """The request can't be answered; becomes the API's error body."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what the body will say."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}
        self.params = params

    def reply(self, context: str) -> Reply:
        """Write the error body; `context` is the correlation id."""
        body: Json = {"message": self.message, "code": self.code, "status": self.status}
        if self.params is not None:
            body["messageParams"] = dict(self.params)
        body |= {"contextId": context, "details": [], "errors": []}
        return Reply(self.status, dumped(body), headers=self.headers)


class SignInRefused(Exception):
    """The login host says no, in its own shape."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        """Keep what the body will say."""
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status

    def reply(self) -> Reply:
        """Write the login host's error body."""
        body = {
            "error": self.error,
            "description": self.description,
            "error_description": self.description,
        }
        return Reply(self.status, dumped(body))


def answered(value: Json, status: int = 200) -> Reply:
    """Answer with JSON."""
    return Reply(status, dumped(value))


def bad_request(message: str, code: str = "bad.request") -> Refused:
    """Refuse a request that makes no sense."""
    return Refused(400, code, message)


def not_found(what: str) -> Refused:
    """Refuse a request for something that is not there (any more)."""
    return Refused(404, "not.found", f"The requested resource was not found: {what}")


def too_many(retry_after: str | None) -> Refused:
    """Refuse a request because there were too many."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    within = retry_after if retry_after is not None and retry_after.isdigit() else "60"
    return Refused(
        429,
        "too.many.requests.retry.after",
        f"Rate limit exceeded the maximum. Retry the request in [{within}] seconds",
        headers=headers,
    )


def missing(permission: str) -> Refused:
    """Refuse a request for lack of a permission."""
    return Refused(
        403,
        "missing.permissions",
        "Unable to perform the requested action. You are missing the following permission(s): "
        f"{permission}",
        params={"permissions": permission},
    )


def server_error(status: int) -> Refused:
    """Break down."""
    code, message = _SERVER_ERRORS.get(status, _SERVER_ERRORS[500])
    return Refused(status, code, message)
