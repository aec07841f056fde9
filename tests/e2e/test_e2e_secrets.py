"""What foreign errors quote never reaches a terminal: real processes, --verbose, odd set-ups."""

from __future__ import annotations

import json
import sys

import pytest

CANARY = "cAnArY/7Qx+secret=9"
KEYS = f"aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = {CANARY}"
FOREIGN = "\x1b]0;cAnArY\x07"


@pytest.fixture
def to_s3(command, genesys):
    """Return the command against a bucket that is not there."""
    told = command.against(genesys())
    return told.with_variables(
        AWS_EC2_METADATA_DISABLED="true",
        AWS_DEFAULT_REGION="eu-west-1",
        AWS_ENDPOINT_URL_S3="http://127.0.0.1:9",
        AWS_CONFIG_FILE=str(command.folder / "config"),
        AWS_SHARED_CREDENTIALS_FILE=str(command.folder / "credentials"),
        AWS_MAX_ATTEMPTS="1",
        GENESYS_EXPORT_DESTINATION__BUCKET="b",
    )


def with_program(told, source: str):
    program = told.folder / "program.py"
    program.write_text(source)
    line = f"credential_process = {sys.executable} {program} --password {CANARY}"
    (told.folder / "config").write_text(f"[default]\n{line}\n")
    return told


def assert_nothing_is_told(result) -> None:
    assert "cAnArY" not in result.words
    assert "\x1b" not in result.words
    assert "a bug" not in result.words


COMMANDS = [("status",), ("run", "--date", "2025-11-20"), ("doctor",)]


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_session_token_that_ends_in_a_line_break_is_named_and_not_shown(to_s3, arguments):
    wrong = to_s3.with_variables(
        AWS_ACCESS_KEY_ID="AKIDEXAMPLE",
        AWS_SECRET_ACCESS_KEY=CANARY,
        AWS_SESSION_TOKEN=f"{CANARY}\n",
    )
    result = wrong(*arguments, "--verbose").ends(78)
    assert "AWS_SESSION_TOKEN: the value holds a line break" in result.err
    assert_nothing_is_told(result)


@pytest.mark.parametrize("arguments", COMMANDS)
def test_what_a_credential_program_says_is_not_shown(to_s3, arguments):
    says = f"import sys; sys.exit({f'{CANARY} {FOREIGN}'!r})"
    result = with_program(to_s3, says)(*arguments, "--verbose").ends(78)
    assert "no usable credentials" in result.words
    assert_nothing_is_told(result)


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_token_of_a_program_that_ends_in_a_line_break_is_not_shown(to_s3, arguments):
    keys = {"AccessKeyId": "AKID", "SecretAccessKey": CANARY, "SessionToken": f"{CANARY}\n"}
    says = f"print({json.dumps({'Version': 1, **keys})!r})"
    result = with_program(to_s3, says)(*arguments, "--verbose").ends(78)
    assert "can't stand in a header" in result.words
    assert_nothing_is_told(result)


@pytest.mark.parametrize("arguments", COMMANDS)
@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("credential_process = /nowhere/at-all", "/nowhere/at-all: No such file"),
        ("aws_access_key_id = a\naws_secret_access_key cAnArY", "ConfigParseError"),
        ("role_arn = arn:aws:iam::123456789012:role/r\nweb_identity_token_file = /no/t", "/no/t"),
        (f"{KEYS}\ns3 =\n  addressing_style = virtul", "InvalidS3AddressingStyleError"),
        (f"{KEYS}\nrequest_checksum_calculation = seldom", "InvalidChecksumConfigError"),
        ("sso_session = none", ""),
    ],
)
def test_a_wrong_set_up_of_aws_is_a_setting(to_s3, arguments, config, said):
    (to_s3.folder / "config").write_text(f"[default]\n{config}\n")
    result = to_s3(*arguments, "--verbose").ends(78)
    assert said in result.words
    assert_nothing_is_told(result)


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_password_in_the_endpoint_is_not_shown(to_s3, arguments):
    wrong = to_s3.with_variables(
        AWS_ACCESS_KEY_ID="AKIDEXAMPLE",
        AWS_SECRET_ACCESS_KEY="s" * 40,
        AWS_ENDPOINT_URL_S3="http://somebody:cAnArY@127.0.0.1:9",
    )
    result = wrong(*arguments, "--verbose").ends(74)
    assert_nothing_is_told(result)


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_secret_that_docker_left_in_quotes_is_named_and_not_shown(command, genesys, quote):
    wrong = command.against(genesys(), GENESYS_CLIENT_SECRET=f"{quote}{CANARY}{quote}")
    result = wrong.run("--verbose").ends(78)
    assert "GENESYS_CLIENT_SECRET: the value has quotes around it" in result.err
    assert_nothing_is_told(result)


@pytest.mark.parametrize("name", ["GENESYS_CLIENT_SECRET", "GENESYS_EXPORT_PRIVACY__KEY"])
def test_a_secret_that_is_no_utf_8_is_named(command, genesys, name):
    wrong = command.against(genesys(), **{name: "cAnArY\udcff0123456789abcdef"})
    result = wrong.run("--verbose").ends(78)
    assert f"{name}: the value is not UTF-8 text" in result.err
    assert_nothing_is_told(result)


@pytest.mark.parametrize(
    "arguments",
    [
        ("\x1b[31mrun",),
        ("run", "--\x1b[31m"),
        ("run", "--date", "\x1b[31m"),
        ("run", "--slices", "\x1b[31m"),
        ("run", "--table", "\x1b[31m", "--to", "x"),
        ("tables", "--table", "\x1b[31m"),
        ("run", "--config", "\x1b[31m"),
        ("verify", "--date", "\x1b[31m", "--to", "x"),
        ("status", "--to", "\x1b[31m"),
    ],
)
def test_no_word_of_the_command_line_reaches_the_terminal_raw(command, arguments):
    result = command(*arguments)
    assert result.status in {2, 78, 0}
    assert "\x1b" not in result.words
