"""What boto3 raises while nobody has asked the bucket anything yet, and botocore's whole list."""

from __future__ import annotations

import inspect
import json
import re
import ssl
import sys

import botocore.exceptions
import pytest
import urllib3.exceptions
from botocore.session import Session
from scripted import Answer, error, scripted

from genesys_export.errors import (
    Bug,
    DestinationFailed,
    NeverSent,
    NotPermitted,
    SignInRefused,
    UnknownOutcome,
    WrongSettings,
)
from genesys_export.store import S3Options, aws_kinds
from genesys_export.store.s3 import S3Store
from genesys_export.store.translate import translated

DECIDED = (
    aws_kinds.CREDENTIALS,
    aws_kinds.NOT_PERMITTED,
    aws_kinds.SETTINGS,
    aws_kinds.NEVER_SENT,
    aws_kinds.NO_ANSWER,
    aws_kinds.OURS,
)
EVERY = sorted(
    name
    for name, kind in vars(botocore.exceptions).items()
    if inspect.isclass(kind)
    and kind.__module__ == "botocore.exceptions"
    and issubclass(kind, Exception)
    and not issubclass(kind, Warning | botocore.exceptions.ClientError)
    and kind is not botocore.exceptions.BotoCoreError
)


@pytest.mark.parametrize("name", EVERY)
def test_each_error_of_botocore_is_decided(name):
    kinds = {one.__name__ for one in getattr(botocore.exceptions, name).__mro__}
    assert any(kinds & decided for decided in DECIDED)


@pytest.mark.parametrize("name", sorted(set().union(*DECIDED)))
def test_each_decision_is_about_an_error_that_botocore_has(name):
    assert name in EVERY


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, WrongSettings) for name in sorted(aws_kinds.CREDENTIALS | aws_kinds.SETTINGS)),
        ("LoginInsufficientPermissions", NotPermitted),
        *((name, NeverSent) for name in sorted(aws_kinds.NEVER_SENT)),
        *((name, DestinationFailed) for name in sorted(aws_kinds.NO_ANSWER)),
        *((name, Bug) for name in sorted(aws_kinds.OURS - {"UndefinedModelAttributeError"})),
    ],
)
def test_an_error_of_botocore_ends_as_decided(name, kind):
    with pytest.raises(kind) as found, translated("s3:GetObject", "s3://b/k"):
        raise made(getattr(botocore.exceptions, name))
    assert type(found.value) is kind
    assert "canary" not in f"{found.value.message}{found.value.advice}"


def made(kind: type[Exception]) -> Exception:
    """Return an error whose every field holds what must not be shown: a URL's login."""
    url = "https://user:canary@host/"
    if kind is botocore.exceptions.WaiterError:
        return kind("a", url, {})
    return kind(**dict.fromkeys(re.findall(r"\{(\w+)", vars(kind).get("fmt", "{error}")), url))


def test_what_our_own_code_raises_inside_goes_through():
    with pytest.raises(KeyError), translated("s3:GetObject", "s3://b/k"):
        raise KeyError("of ours")


PROGRAMS = {
    "prints no JSON": "print('canary')",
    "prints a list": "print('[1]')",
    "prints a text": "print('\"canary\"')",
    "prints no key": "print('{\"Version\": 1}')",
    "prints another version": "print('{\"Version\": 2}')",
    "prints a date that is none": (
        'print(\'{"Version":1,"AccessKeyId":"a","SecretAccessKey":"canary",'
        '"SessionToken":"t","Expiration":"canary"}\')'
    ),
    "prints nothing": "",
    "fails": "import sys; sys.exit('canary')",
    "prints bytes that are no text": "import sys; sys.stdout.buffer.write(b'\\xff\\xfe')",
}


def session_with(tmp_path, more: str = "", **profile: str) -> Session:
    """Return a session whose only source of anything is a config file made of `profile`."""
    config = tmp_path / "config"
    lines = "".join(f"{key} = {value}\n" for key, value in profile.items())
    config.write_text(f"[profile p]\n{lines}{more}")
    core = Session(profile="p")
    core.set_config_variable("config_file", str(config))
    core.set_config_variable("credentials_file", str(tmp_path / "none"))
    core.set_config_variable("region", profile.get("region", "eu-west-1"))
    core.set_config_variable("metadata_service_num_attempts", 0)
    return core


def read_with(
    session: Session, endpoint_url: str | None = "http://127.0.0.1:9", **options
) -> None:
    told = {"bucket": "b", "endpoint_url": endpoint_url, "max_attempts": 1} | options
    S3Store(S3Options(**told), session=session).read("k")


@pytest.mark.parametrize("what", PROGRAMS)
def test_a_credential_program_that_gives_none_is_a_wrong_setting(tmp_path, what):
    program = tmp_path / "program.py"
    program.write_text(PROGRAMS[what])
    session = session_with(tmp_path, credential_process=f"{sys.executable} {program}")
    with pytest.raises(WrongSettings) as found:
        read_with(session)
    assert "no usable credentials" in found.value.message
    assert "credential_process of the profile p" in found.value.message
    assert "credential_process" in found.value.advice
    assert "canary" not in found.value.message


def test_a_credential_program_that_is_not_there_is_named(tmp_path):
    session = session_with(tmp_path, credential_process=f"{tmp_path}/nowhere --password canary")
    with pytest.raises(WrongSettings, match="nowhere: No such file") as found:
        read_with(session)
    assert "credential_process of the profile p" in found.value.message
    assert "canary" not in found.value.message


def test_a_web_identity_file_that_is_not_there_is_named(tmp_path):
    session = session_with(
        tmp_path,
        role_arn="arn:aws:iam::123456789012:role/r",
        web_identity_token_file=f"{tmp_path}/token",
    )
    with pytest.raises(WrongSettings, match="token: No such file"):
        read_with(session)


def test_an_endpoint_without_tls_is_a_wrong_setting(tmp_path):
    with scripted(Answer(200, b"plain")) as server:
        endpoint = server.endpoint_url.replace("http://", "https://")
        with pytest.raises(WrongSettings, match="answers without TLS") as found:
            read_with(session_with(tmp_path, **KEYS), endpoint)
    assert "AWS_ENDPOINT_URL_S3" in found.value.advice


@pytest.mark.parametrize(("content", "why"), [(None, "No such file"), ("none", "no certificates")])
def test_a_ca_bundle_that_can_not_be_used_is_a_wrong_setting(tmp_path, content, why):
    bundle = tmp_path / "bundle.pem"
    if content:
        bundle.write_text(content)
    session = session_with(tmp_path, **KEYS)
    session.set_config_variable("ca_bundle", str(bundle))  # else this machine's variable counts
    with scripted(Answer(200, b"plain")) as server:
        endpoint = server.endpoint_url.replace("http://", "https://")
        with pytest.raises(WrongSettings, match=why) as found:
            read_with(session, endpoint)
    assert "AWS_CA_BUNDLE" in found.value.advice


def test_a_certificate_nobody_vouches_for_is_a_wrong_setting():
    held = urllib3.exceptions.SSLError(ssl.SSLCertVerificationError(1, "self-signed"))
    problem = botocore.exceptions.SSLError(endpoint_url="https://s3.example", error=held)
    with pytest.raises(WrongSettings, match="not trusted") as found, translated("a", "s3://b/k"):
        raise problem
    assert "AWS_CA_BUNDLE" in found.value.advice


def test_a_tls_connection_that_breaks_after_the_handshake_may_have_written():
    held = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    held.reason = "WRONG_VERSION_NUMBER"
    problem = botocore.exceptions.SSLError(endpoint_url="https://s3.example", error=held)
    with pytest.raises(UnknownOutcome), translated("a", "s3://b/k", conditional=True):
        raise problem


def test_a_token_that_no_header_can_carry_is_a_wrong_setting_not_an_unknown_outcome(tmp_path):
    secrets = {"AccessKeyId": "AKID", "SecretAccessKey": "s", "SessionToken": "canary\n"}
    program = tmp_path / "program.py"
    program.write_text(f"print({json.dumps({'Version': 1, **secrets})!r})")
    session = session_with(tmp_path, credential_process=f"{sys.executable} {program}")
    with pytest.raises(WrongSettings, match="can't stand in a header") as found:
        read_with(session)
    assert "canary" not in f"{found.value.message}{found.value.advice}"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("s3", "\n  addressing_style = virtul"),
        ("request_checksum_calculation", "sometimes"),
        ("response_checksum_validation", "sometimes"),
        ("defaults_mode", "none-such"),
        ("region", "no region!"),
        ("endpoint_url", "no address"),
        ("sts_regional_endpoints", "both"),
    ],
)
def test_a_misspelt_setting_of_the_sdk_is_a_wrong_setting(tmp_path, key, value):
    session = session_with(tmp_path, **KEYS, **{key: value})
    of_our_own = None if key in {"endpoint_url", "region"} else "http://127.0.0.1:9"
    with pytest.raises(WrongSettings):
        read_with(session, of_our_own)


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (error(403, "AccessDenied", "no"), NotPermitted, "sts:AssumeRole answered AccessDenied"),
        (error(400, "ExpiredToken", "old"), SignInRefused, "ExpiredToken"),
        (error(400, "ValidationError", "odd"), WrongSettings, "ValidationError"),
        (error(503, "ServiceUnavailable", "busy"), NeverSent, "ServiceUnavailable"),
    ],
)
def test_what_sts_refuses_is_not_said_of_the_bucket(tmp_path, answer, kind, said):
    body = answer.body.replace(b"<Error>", b"<ErrorResponse><Error>")
    body = body.replace(b"</Error>", b"</Error></ErrorResponse>")
    with scripted(type(answer)(answer.status, body, answer.headers)) as sts:
        session = session_with(
            tmp_path,
            "[profile base]\naws_access_key_id = AKID\naws_secret_access_key = s\n",
            role_arn="arn:aws:iam::123456789012:role/r",
            source_profile="base",
            endpoint_url=sts.endpoint_url,
            max_attempts="1",
        )
        with pytest.raises(kind) as found:
            read_with(session)
    assert type(found.value) is kind
    assert said in found.value.message
    assert "s3:GetObject" not in found.value.message


KEYS = {"aws_access_key_id": "AKID", "aws_secret_access_key": "s"}


def test_a_body_that_breaks_off_is_still_no_setting(tmp_path):
    headers = {"ETag": '"e"', "Content-Type": "text/plain"}
    with scripted(Answer(200, b"half", headers, cut=10)) as s3, pytest.raises(DestinationFailed):
        read_with(session_with(tmp_path, **KEYS), s3.endpoint_url)


def test_an_answer_that_can_not_be_parsed_is_no_bug(tmp_path):
    found = b"<Contents><Key>k</Key><LastModified>never</LastModified></Contents>"
    with scripted(Answer(200, b"<ListBucketResult>%s</ListBucketResult>" % found)) as s3:
        options = S3Options(bucket="b", endpoint_url=s3.endpoint_url, max_attempts=1)
        store = S3Store(options, session=session_with(tmp_path, **KEYS))
        with pytest.raises(DestinationFailed, match="could not be read"):
            list(store.list(""))


def test_a_sign_in_host_that_is_not_reached_is_tried_again_later(tmp_path):
    session = session_with(
        tmp_path,
        "[profile base]\naws_access_key_id = AKID\naws_secret_access_key = s\n",
        role_arn="arn:aws:iam::123456789012:role/r",
        source_profile="base",
        endpoint_url="http://127.0.0.1:9",
        max_attempts="1",
    )
    with pytest.raises(DestinationFailed, match="did not answer"):
        read_with(session)
