"""What commands get: organisations and the destination, or one sentence for all that lacks."""

from pathlib import Path
from typing import Any

import pytest

from genesys_export.errors import WrongSettings
from genesys_export.settings import Need, load

WHO = {"GENESYS_CLIENT_ID": "id", "GENESYS_CLIENT_SECRET": "hush", "GENESYS_CLOUD_REGION": "euw2"}
WHO |= {"GENESYS_CLOUD_REGION": "eu-west-2"}
TWO = """
[genesys]
page_size = 500
region = "eu-west-1"
[orgs.emea]
client_id = "e"
client_secret = "hush-e"
[orgs.apac]
client_id = "a"
client_secret = "hush-a"
base_url = "https://api.mypurecloud.jp"
page_size = 200
"""


@pytest.fixture
def read(tmp_path: Path):
    def read(text="", environ=None, **flags):
        (tmp_path / "genesys-export.toml").write_text(text, "utf-8")
        given: Any = flags
        return load(flags=given, environ=environ or {}, cwd=tmp_path)

    return read


def test_one_org_from_the_usual_variables_has_no_name(read):
    (org,) = read(environ=WHO).require_source()
    assert (org.name, org.client_id, org.genesys.region) == ("", "id", "eu-west-2")
    assert org.client_secret.get_secret_value() == "hush"


def test_where_an_address_and_a_region_stand_side_by_side_the_address_wins(read):
    environ = WHO | {"GENESYS_CLOUD_BASE_URL": "https://api.example.org"}
    (org,) = read(environ=environ).require_source()
    assert (org.genesys.base_url, org.genesys.region) == ("https://api.example.org", None)


def test_orgs_share_what_genesys_says_but_for_their_own(read):
    apac, emea = read(TWO).require_source()
    assert (apac.name, apac.genesys.page_size, apac.genesys.region) == ("apac", 200, None)
    assert (emea.name, emea.genesys.page_size, emea.genesys.region) == ("emea", 500, "eu-west-1")
    assert emea.genesys.requests_per_minute == 300


def test_org_chooses_one(read):
    (org,) = read(TWO, org="emea").require_source()
    assert (org.name, org.client_id) == ("emea", "e")


def test_an_org_that_is_not_there_is_refused_with_those_that_are(read):
    with pytest.raises(WrongSettings, match="apac, emea"):
        read(TWO, org="amer")
    with pytest.raises(WrongSettings, match=r"no \[orgs.NAME\]"):
        read(org="amer")


def test_credential_variables_are_refused_with_several_orgs(read):
    with pytest.raises(WrongSettings) as caught:
        read(TWO, environ={"GENESYS_CLIENT_SECRET": "hush-hush"})
    assert "given by GENESYS_CLIENT_SECRET: with several organisations" in caught.value.message
    assert "GENESYS_EXPORT_ORGS__NAME__CLIENT_SECRET" in caught.value.message
    assert "hush" not in caught.value.message


def test_each_org_has_variables_of_its_own(read):
    text = "[orgs.My-Org]\nregion='eu-west-1'\nclient_id='x'\n[orgs.b]\nregion='eu-west-2'\n"
    environ = {
        "GENESYS_EXPORT_ORGS__MY_ORG__CLIENT_SECRET": "one",
        "GENESYS_EXPORT_ORGS__B__CLIENT_ID": "two",
        "GENESYS_EXPORT_ORGS__B__CLIENT_SECRET": "three",
    }
    mine, b = read(text, environ=environ).require_source()
    assert (mine.name, mine.client_id, mine.client_secret.get_secret_value()) == (
        "My-Org",
        "x",
        "one",
    )
    assert (b.client_id, b.client_secret.get_secret_value()) == ("two", "three")


def test_the_usual_variables_mean_the_only_org_and_beat_the_file(read):
    text = "[orgs.emea]\nclient_id='file'\nclient_secret='file'\nbase_url='https://a.example'\n"
    (org,) = read(text, environ=WHO).require_source()
    assert (org.name, org.client_id) == ("emea", "id")
    assert (org.genesys.base_url, org.genesys.region) == (None, "eu-west-2")


@pytest.mark.parametrize(
    ("text", "environ", "flags", "to"),
    [
        ("", {}, {"to": "s3://b/p/"}, "s3://b/p/"),
        ("", {}, {"to": "file:///srv/x"}, "file:///srv/x"),
        ("", {}, {"to": "./my export/ü"}, "./my export/ü"),
        ("[destination]\nto = 's3://file'\n", {}, {}, "s3://file"),
        ("", {"S3_BUCKET_NAME": "b"}, {}, "s3://b/analytics"),
        ("", {"S3_BUCKET_NAME": "b", "S3_PREFIX": "x/y/"}, {}, "s3://b/x/y"),
        ("", {"S3_BUCKET_NAME": "b", "S3_PREFIX": ""}, {}, "s3://b"),
        ("[destination]\nbucket='f'\n", {"S3_PREFIX": "x"}, {}, "s3://f/x"),
        # A flag is literal: nothing of the bucket variables is mixed in.
        ("", {"S3_BUCKET_NAME": "b", "S3_PREFIX": "x"}, {"to": "s3://flag"}, "s3://flag"),
        # Order is order: the environment's bucket is above the file's `to`.
        ("[destination]\nto = 's3://file'\n", {"S3_BUCKET_NAME": "b"}, {}, "s3://b/analytics"),
        # Without a bucket the prefix says nothing.
        ("[destination]\nto = 's3://file'\n", {"S3_PREFIX": "x"}, {}, "s3://file"),
        ("[destination]\nto = 's3://to'\nbucket = 'b'\n", {}, {}, "s3://to"),
    ],
)
def test_the_destination_is_the_highest_that_says_one(read, text, environ, flags, to):
    assert read(text, environ, **flags).require_destination().to == to


def test_without_a_bucket_the_error_says_what_to_set(read):
    with pytest.raises(WrongSettings) as caught:
        read().require_destination()
    for name in ("--to", "to in [destination]", "S3_BUCKET_NAME", "bucket in [destination]"):
        assert name in caught.value.message


def test_both_are_missed_in_one_error(read):
    with pytest.raises(WrongSettings) as caught:
        read().require_both()
    assert caught.value.status == 78
    for name in (
        "GENESYS_CLIENT_ID",
        "GENESYS_CLIENT_SECRET",
        "GENESYS_CLOUD_REGION",
        "GENESYS_CLOUD_BASE_URL",
        "S3_BUCKET_NAME",
        "--to",
    ):
        assert name in caught.value.message
    assert caught.value.message.startswith("4 settings are missing or wrong:\n")


def test_both_come_when_nothing_is_missing(read):
    (org,), target = read(environ=WHO, to="here").require_both()
    assert (org.client_id, target.to, target.options.part_size) == ("id", "here", 8 << 20)


def test_what_is_missing_is_told_together_with_what_is_wrong(tmp_path):
    with pytest.raises(WrongSettings) as caught:
        load(
            flags={"slices": "0"},
            environ={"GENESYS_CLOUD_REGION": "eu-centrall-1"},
            cwd=tmp_path,
            needs=(Need.SOURCE, Need.DESTINATION),
        )
    message = caught.value.message
    assert message.startswith("5 settings are missing or wrong:\n")
    assert "export.slices, given by --slices: this must be at least 1" in message
    assert (
        "'eu-centrall-1' is not a region of Genesys Cloud; did you mean eu-central-1?" in message
    )
    assert "genesys.client_id: missing" in message


def test_a_command_that_needs_neither_gets_its_settings(read):
    assert read().export.datasets == ("conversation_details",)


@pytest.mark.parametrize(
    ("no_proxy", "address", "proxied"),
    [
        ("", "https://api.mypurecloud.ie", True),
        ("", "http://127.0.0.1:8085", False),
        ("*", "https://api.mypurecloud.ie", False),
        (".mypurecloud.ie", "https://api.mypurecloud.ie", False),
        ("mypurecloud.ie", "https://login.mypurecloud.ie", False),
        ("*.mypurecloud.ie", "api.mypurecloud.ie", False),
        ("purecloud.ie", "https://api.mypurecloud.ie", True),
        ("api.mypurecloud.ie:443", "https://api.mypurecloud.ie", False),
        ("api.mypurecloud.ie:8443", "https://api.mypurecloud.ie", True),
    ],
)
def test_the_proxy_is_used_but_for_hosts_that_no_proxy_names(read, no_proxy, address, proxied):
    environ = WHO | {"HTTPS_PROXY": "proxy.example:3128", "no_proxy": no_proxy}
    (org,) = read(environ=environ).require_source()
    proxy = org.proxy_for(address)
    assert (proxy is not None) == proxied
    assert proxy is None or proxy.get_secret_value() == "http://proxy.example:3128"


def test_without_a_proxy_there_is_none(read):
    (org,) = read(environ=WHO).require_source()
    assert org.proxy_for("https://api.mypurecloud.ie") is None


def test_a_ca_bundle_is_found_from_the_folder_of_the_run(read, tmp_path):
    (org,) = read("[genesys]\nca_bundle = 'own.pem'\n", environ=WHO).require_source()
    assert org.ca_bundle == tmp_path / "own.pem"


def test_no_secret_is_in_any_repr(read):
    raw = '{"segmentFilters": [{"type": "or", "predicates": [{"value": "hush"}]}]}'
    environ = WHO | {"HTTPS_PROXY": "http://me:hush@proxy:1"}
    settings = read(environ=environ, to="here", filters=raw)
    assert "hush" not in repr(settings)
    assert "hush" not in repr(settings.require_both())
    assert "hush" not in str(settings)


def test_settings_are_frozen(read):
    settings = read()
    with pytest.raises(ValueError, match="frozen"):
        settings.org = "x"
    with pytest.raises(ValueError, match="frozen"):
        settings.export.slices = 2
