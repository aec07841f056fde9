"""What is hidden of a text, and what is left readable."""

from __future__ import annotations

import json
import time
from configparser import ConfigParser
from configparser import Error as ConfigError
from subprocess import CalledProcessError
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesys_export.errors import DestinationFailed, WrongSettings
from genesys_export.redaction import Secrets, clean, escaped, keep_secret, secrets_of, told

SECRET = "pIe/ce+of\"odd' secret\\9"
keep_secret([SECRET, "line-one-9Q\nline-two-9Q\r\n", '"quoted-value-9Q"', "short"])


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        repr(SECRET),
        repr(SECRET.encode()),
        json.dumps(SECRET),
        quote(SECRET, safe=""),
        f"Invalid header value {SECRET.encode() + b'!'!r}",
        "line-one-9Q",
        "line-two-9Q",
        repr("line-one-9Q\nline-two-9Q\r\n"),
        "quoted-value-9Q",
    ],
)
def test_a_known_secret_is_hidden_however_it_is_quoted(form):
    shown = clean(f"it said {form}; and so on")
    assert not any(part in shown for part in ("pIe", "9Q"))
    assert shown.startswith("it said ")


def test_a_value_that_is_too_short_to_be_told_from_words_is_left():
    assert clean("a short text") == "a short text"


@given(st.text(min_size=8, max_size=60).filter(lambda text: len(text.strip("\"' \t\n\r")) >= 8))
def test_any_secret_is_hidden(secret):
    known = Secrets()
    known.add([secret])
    assert known.hidden(f"<{secret}>") == "<[hidden]>"
    assert known.hidden(f"<{secret!r}>") in {"<'[hidden]'>", '<"[hidden]">'}


HIDDEN = [
    ("http://user:canary@host/x", "http://[hidden]@host/x"),
    ("could not open https://u:ca/na@ry@host:9/p.", "could not open https://[hidden]@host:9/p."),
    ("https://canary@host/", "https://[hidden]@host/"),
    ("Invalid endpoint: user:canary@host", "Invalid endpoint: [hidden]@host"),
    ("proxy='user:ca/nary@10.0.0.1:3128'", "proxy='[hidden]@10.0.0.1:3128'"),
    ("Authorization: Bearer canary", "Authorization: [hidden]"),
    ("{'Authorization': 'AWS4 canary', 'Host': 'h'}", "{'Authorization': [hidden], 'Host': 'h'}"),
    ('"x-amz-security-token": "canary"', '"x-amz-security-token": [hidden]'),
    ("X-Amz-Security-Token=canary&X-Amz-Date=1", "X-Amz-Security-Token=[hidden]"),
    ("GET /?X-Amz-Signature=canary&n=1", "GET /?X-Amz-Signature=[hidden]&n=1"),
    ("Invalid header value b'canary\\n'", "Invalid header value [hidden]"),
    ('{"SecretAccessKey": "canary", "n": 1}', '{"SecretAccessKey": [hidden], "n": 1}'),
    ("access_token=canary&n=1", "access_token=[hidden]&n=1"),
    ("sent Basic Y2FuYXJ5Y2FuYXJ5", "sent Basic [hidden]"),
]


@pytest.mark.parametrize(("text", "shown"), HIDDEN)
def test_credentials_are_known_by_their_form(text, shown):
    assert clean(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "genesys.client_secret: missing. Set client_secret in [genesys].",
        "s3://bucket/prefix/a@b: s3:GetObject failed with 500",
        "http://127.0.0.1:8085/a@b is not there",
        "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.",
        "authorization/divisions answered 403",
        "2026-11-22T08:00:00Z, 12:30",
        "at 12:30: ask someone@example.com",
        "Ä – “…” 日本語 😀",
    ],
)
def test_what_is_no_secret_is_left_as_it_is(text):
    assert clean(text) == text


@pytest.mark.parametrize(
    "piece", ["x", "://", "://a:", "a:b@", "a:", "a: ", " a:b", "Bearer ", "cookie:", "='", "\x1b"]
)
def test_a_long_text_is_looked_through_at_once(piece):
    began = time.perf_counter()
    clean(piece * (200_000 // len(piece)))
    assert time.perf_counter() - began < 5


def test_control_characters_and_halves_of_characters_are_spelled_out():
    assert clean("a\x1b[2J\x9b\r\n\u2028\u202e\udcff\ud83d") == (
        r"a\x1b[2J\x9b\x0d\x0a\u2028\u202e\xff\ud83d"
    )


@given(st.text())
def test_what_is_shown_is_one_line_that_any_terminal_and_file_takes(text):
    shown = escaped(text)
    assert shown.encode().decode() == shown
    assert len(shown.splitlines()) <= 1


def test_an_environment_tells_its_secrets_by_name():
    found = secrets_of(
        {
            "AWS_SESSION_TOKEN": "one",
            "GENESYS_CLIENT_SECRET": "two",
            "GENESYS_EXPORT_PRIVACY__KEY": "three",
            "GENESYS_EXPORT_ORGS__EU__CLIENT_SECRET": "four",
            "AWS_WEB_IDENTITY_TOKEN_FILE": "/a/path",
            "AWS_REGION": "eu-west-1",
            "HTTPS_PROXY": "http://u:fi%3Fve@proxy:1",
        }
    )
    assert found == {"one", "two", "three", "four", "fi%3Fve", "fi?ve"}


def test_errors_are_clean_from_the_beginning():
    made = WrongSettings(f"two\nlines\x1b, {SECRET}", advice=f"see http://u:{SECRET}@h")
    assert made.message == r"two" + "\n" + r"lines\x1b, [hidden]"
    assert str(made) == made.message
    assert made.advice == "see http://[hidden]@h"


def test_the_text_of_an_error_that_quotes_files_or_programs_is_not_told():
    with pytest.raises(ConfigError) as found:
        ConfigParser().read_string("[a]\ncanary without a sign")
    assert "canary" not in told(found.value)
    assert "canary" not in told(CalledProcessError(1, ["p", "--password", "canary"]))
    assert told(DestinationFailed("the disk is full")) == "the disk is full"


class Silent(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


def test_an_error_whose_text_can_not_be_had_is_told_without():
    assert told(Silent()) == ""
