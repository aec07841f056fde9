r"""What may be shown of a text: no secret, and no character that could steer a terminal.

The one place that decides it, for errors, notices, log lines, reports, claims and tracebacks.
Values of secrets are known once settings.load has read them; URLs, headers and credentials are
found by their form. Rule: rather hide too much. The known values are this package's one global:
a foreign error may be shown by any part, long before anything could be handed to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

HIDDEN = "[hidden]"
# Shorter values occur in ordinary words; passwords in URLs are found by their form as well.
_SHORTEST = 8

# C0, C1, line separators, directional overrides, and halves of characters (bytes of a file name
# that are no UTF-8 reach Python as those).
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_SECRET_NAMES = re.compile(r"SECRET|TOKEN|PASSWORD|PASSWD|ACCESS_KEY|PRIVACY__KEY|CREDENTIAL")
_NO_SECRETS = re.compile(r"_FILE$|_URI$|_URL$|TOKEN_ENDPOINT")

_NAMED = r"(?:authorization|proxy-authorization|x-amz-security-token|cookie|set-cookie)"
_PARAMETERS = (
    r"(?:access_?token|client_?secret|refresh_?token|password|session_?token|secret_?access_?key"
    r"|aws_session_token|aws_secret_access_key|x-amz-(?:security-token|signature|credential))"
)
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    # scheme://name:password@host; a password may hold a slash, host:port/path may hold an @.
    # Bounded, so that no text makes the search take long.
    (re.compile(r"(://)[^\s/@:]{0,256}:(?!\d{1,5}(?:[/?#]|$))\S{0,512}@"), rf"\1{HIDDEN}@"),
    (re.compile(r"(://)[^\s/@?#]{1,512}@"), rf"\1{HIDDEN}@"),
    # The same where the scheme was forgotten: name:password@host.
    (
        re.compile(r"(?<![^\s\"'`(=])[^\s/@:\"'`(=]{1,256}:(?!//)[^\s@]{1,512}@(?=\S)"),
        f"{HIDDEN}@",
    ),
    # http.client quotes what it could not send: always a header, mostly a credential.
    (
        re.compile(r"(invalid header (?:value|name)\W).*", re.IGNORECASE | re.DOTALL),
        rf"\1{HIDDEN}",
    ),
    (
        re.compile(
            rf"({_NAMED}[\"']?(?:\s*[:=]\s*|,\s*(?=b?[\"'])))"
            r"(?:b?\"[^\"]*\"?|b?'[^']*'?|[^\n}]+)",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (
        re.compile(
            rf"({_PARAMETERS}[\"']?(?:=|[\"']?:\s*(?=[\"'])))"
            r"(?:b?\"(?:[^\"\\]|\\.)*\"?|b?'(?:[^'\\]|\\.)*'?|[^\s&,;\"']+)",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"\b(Bearer|Basic) [A-Za-z0-9+/_.=-]{8,}"), rf"\1 {HIDDEN}"),
)

# Foreign errors that quote what a program printed, what it was called with, or a line of a file.
_QUOTING = {
    "CalledProcessError",
    "CredentialRetrievalError",
    "LoginError",
    "MetadataRetrievalError",
    "SSOError",
    "TimeoutExpired",
    "TokenRetrievalError",
}


class Secrets:
    """The values of secrets, longest first; replaced as a whole, so that threads may read it."""

    def __init__(self) -> None:
        """Know nothing."""
        self._values: tuple[str, ...] = ()

    def add(self, values: Iterable[str]) -> None:
        """Hide these from now on, however they are quoted; too short ones are left alone."""
        found = {form for value in values for form in _forms(value)}
        self._values = tuple(sorted(found.union(self._values), key=len, reverse=True))

    def hidden(self, text: str) -> str:
        """Return the text without them."""
        for value in self._values:
            text = text.replace(value, HIDDEN)
        return text


_KNOWN = Secrets()


def keep_secret(values: Iterable[str]) -> None:
    """Never show these values again, wherever in the program."""
    _KNOWN.add(values)


def secrets_of(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the values of an environment that are secrets by their names, or stand in a URL."""
    named = {
        value
        for name, value in environ.items()
        if _SECRET_NAMES.search(name.upper()) and not _NO_SECRETS.search(name.upper())
    }
    return frozenset(named | {one for value in environ.values() for one in passwords_of(value)})


def passwords_of(address: str) -> frozenset[str]:
    """Return the password in a URL, with or without a scheme, as written and as meant."""
    _, scheme, rest = address.partition("://")
    userinfo, at, _ = (rest if scheme else address).rpartition("@")
    _, colon, password = userinfo.partition(":")
    return frozenset({password, unquote(password)} if at and colon else ())


def redacted(text: str) -> str:
    """Return the text without secrets."""
    text = _KNOWN.hidden(text)
    for form, instead in _FORMS:
        text = form.sub(instead, text)
    return text


def escaped(text: str) -> str:
    r"""Return the text with every control character as `\x1b`, so that one line stays one."""
    return _CONTROLS.sub(_escape, text)


def clean(text: str) -> str:
    """Return what may be shown of a text, on one line."""
    return escaped(redacted(text))


def clean_lines(text: str) -> str:
    """Return what may be shown of a text of our own, which may have several lines."""
    return "\n".join(escaped(line) for line in redacted(text).split("\n"))


def told(problem: BaseException) -> str:
    """Return what may be shown of a foreign error's text, on one line."""
    kinds = {kind.__name__ for kind in type(problem).__mro__}
    of_a_file = type(problem).__module__ == "configparser"
    if of_a_file or kinds & _QUOTING:
        return "(its text is not shown: it may hold a secret)"
    try:
        return clean(str(problem))
    except Exception:  # noqa: BLE001 - whatever a foreign __str__ does must not hide the error
        return ""


def _forms(value: str) -> frozenset[str]:
    """Return the ways in which a value may stand in a text."""
    bare = {value, *value.splitlines()}
    bare |= {one.strip().strip("\"'").strip() for one in bare}
    found = set[str]()
    for one in bare:
        as_bytes = _encoded(one)
        found |= {
            one,
            repr(one)[1:-1],
            repr(as_bytes)[2:-1],
            one.replace("\\", "\\\\").replace('"', '\\"'),
            escaped(one),
            quote(as_bytes, safe=""),
        }
    return frozenset(form for form in found if len(form) >= _SHORTEST)


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:  # how Python keeps a byte that is no UTF-8
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
