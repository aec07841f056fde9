"""[notify]: what an address may be, what a webhook needs, and that none is ever shown."""

from __future__ import annotations

import pytest
from settings_files import complaint, read

from genesys_export.redaction import redacted

SECRET = "whsec_" + "c2VjcmV0" * 4
TOPIC = "sns:arn:aws:sns:eu-central-1:123456789012:days.fifo"
QUEUE = "sqs:arn:aws-cn:sqs:cn-north-1:123456789012:days"
BUS = "events:arn:aws:events:eu-central-1:123456789012:event-bus/exports"
HOOK = "https://hooks.example.org:8443/a/cAnArY-token?x=cAnArY"


def shown(settings):
    return [one.get_secret_value() for one in settings.notify.urls]


def test_nobody_is_told_anything_by_default(tmp_path):
    assert not read(tmp_path).notify


def test_every_kind_of_target_is_taken_from_the_file_and_from_a_variable(tmp_path):
    every = [TOPIC, QUEUE, BUS, HOOK]
    text = f'[notify]\nurls = {every}\nsecret = "{SECRET}"\n'.replace("'", '"')
    assert shown(read(tmp_path, text)) == every
    told = read(tmp_path, NOTIFY__URLS=",".join(every), NOTIFY__SECRET=SECRET)
    assert shown(told) == every
    assert told.notify
    assert told.notify.signing_key == b"secret" * 4
    assert not read(tmp_path, NOTIFY__URLS=TOPIC, NOTIFY__ON="").notify.alerts


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("arn:aws:sns:eu-central-1:123456789012:cAnArY", "sns:, sqs: or events: with the ARN"),
        ("sns:arn:aws:sqs:eu-central-1:123456789012:cAnArY", "sns:, sqs: or events:"),
        ("sqs:https://sqs.eu-central-1.amazonaws.com/123456789012/cAnArY", "with the ARN"),
        ("http://hooks.example.org/cAnArY", "must begin with https://"),
        ("https://user:cAnArY@hooks.example.org/", "can't contain a user or password"),
        ("https:///cAnArY", "has no host"),
        ("https://hooks.example.org:x/cAnArY", "is not an address"),
        ("https://hooks.example.org/cAn ArY", "blanks in it"),
        ("cAnArY", "or an https:// address"),
    ],
)
def test_what_is_no_target_is_refused_and_not_repeated(tmp_path, address, said):
    told = complaint(tmp_path, NOTIFY__URLS=address, NOTIFY__SECRET=SECRET)
    assert said in told
    assert "GENESYS_EXPORT_NOTIFY__URLS" in told
    assert "cAn" not in told


def test_a_webhook_needs_a_secret_and_nothing_else_does(tmp_path):
    told = complaint(tmp_path, NOTIFY__URLS=f"{TOPIC},{HOOK}")
    (line,) = told.splitlines()[1:]
    assert line.startswith("  notify.secret: missing; messages to a webhook")
    assert line.endswith("are signed with it. Set GENESYS_EXPORT_NOTIFY__SECRET.")
    assert read(tmp_path, NOTIFY__URLS=TOPIC).notify


@pytest.mark.parametrize("secret", ["cAnArYcAnArY", "whsec_cAnArY", "whsec_****cAnArY"])
def test_a_secret_that_is_none_is_refused_and_not_repeated(tmp_path, secret):
    told = complaint(tmp_path, NOTIFY__URLS=HOOK, NOTIFY__SECRET=secret)
    assert "whsec_ and the base64 of 24 to 64 random bytes" in told
    assert "cAnArY" not in told


def test_an_event_that_is_none_is_refused(tmp_path):
    told = complaint(tmp_path, '[notify]\non = ["publishd"]\n')
    assert "did you mean published?" in told


def test_an_alert_that_is_no_address_is_refused_and_not_repeated(tmp_path):
    told = complaint(tmp_path, NOTIFY__ALERTS="cAnArY@example.org")
    assert "an address of apprise" in told
    assert "cAnArY" not in told


def test_addresses_and_secrets_are_never_shown(tmp_path):
    mail = "mailto://ops:cAnArY-pw@example.org"
    text = f'[notify]\nurls = ["{HOOK}"]\nalerts = ["{mail}"]\nsecret = "{SECRET}"\n'
    settings = read(tmp_path, text)
    assert "cAnArY" not in repr(settings)
    assert "c2VjcmV0" not in repr(settings)
    for hidden in (HOOK, mail, SECRET):
        assert redacted(f"a library says: {hidden}") == "a library says: [hidden]"
    assert [warning.partition(":")[0] for warning in settings.warnings] == [
        "alerts in [notify] of genesys-export.toml",
        "secret in [notify] of genesys-export.toml",
    ]


@pytest.mark.parametrize("value", ["4711", "[1, 2]", "[[]]", "true", "{ a = 1 }", '["", 3]'])
@pytest.mark.parametrize("key", ["urls", "alerts", "on", "secret"])
def test_values_of_a_wrong_type_are_problems_of_the_settings(tmp_path, key, value):
    assert f"notify.{key}" in complaint(tmp_path, f"[notify]\n{key} = {value}\n")
