"""Which hosts belong to a region, an address, a domain."""

import pytest

from genesys_export.api import REGIONS, Hosts, hosts
from genesys_export.errors import WrongSettings


@pytest.mark.parametrize(("name", "domain"), REGIONS.items())
def test_a_region_is_known_by_its_sdk_name_its_aws_name_and_its_domain(name, domain):
    expected = Hosts(f"https://api.{domain}", f"https://login.{domain}/oauth/token")
    for given in (name, name.replace("_", "-"), name.upper(), domain, f"https://api.{domain}/"):
        assert hosts(region=given) == expected


def test_there_are_eighteen_regions():
    assert len(REGIONS) == 18


@pytest.mark.parametrize(
    "given",
    [
        "https://api.mypurecloud.de",
        "https://api.mypurecloud.de/",
        "https://login.mypurecloud.de",
        "https://apps.mypurecloud.de",
        "https://API.MyPureCloud.de",
        "api.mypurecloud.de",
        "mypurecloud.de",
        "https://api.mypurecloud.de:443",
        "https://login.mypurecloud.de:443/",
        "https://api.mypurecloud.de:",
        "api.mypurecloud.de:443",
    ],
)
def test_any_address_of_a_region_leads_to_its_two_hosts(given):
    assert hosts(base_url=given) == hosts(region=given) == hosts(region="eu-central-1")


@pytest.mark.parametrize(
    ("given", "api"),
    [
        ("https://gateway.example:443/genesys", "https://gateway.example/genesys"),
        ("https://[2001:DB8::1]:443", "https://[2001:db8::1]"),
        ("http://localhost:80", "http://localhost"),
        ("https://gateway.example:8443", "https://gateway.example:8443"),
        ("https://gateway.example:80", "https://gateway.example:80"),
        ("https://api.mypurecloud.de:8443", "https://api.mypurecloud.de:8443"),
        ("http://127.0.0.1:443", "http://127.0.0.1:443"),
    ],
)
def test_the_port_that_goes_without_saying_is_left_unsaid(given, api):
    assert hosts(base_url=given) == Hosts(api, f"{api}/oauth/token")


def test_a_region_that_is_newer_than_the_table_works_by_its_domain():
    expected = Hosts("https://api.xyz1.pure.cloud", "https://login.xyz1.pure.cloud/oauth/token")
    assert hosts(region="xyz1.pure.cloud") == expected
    assert hosts(base_url="https://api.xyz1.pure.cloud") == expected


def test_a_host_of_somebody_else_signs_in_at_its_own_token_address():
    assert hosts(base_url="https://gateway.example/genesys/") == Hosts(
        "https://gateway.example/genesys", "https://gateway.example/genesys/oauth/token"
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://login.example", "https://login.example/oauth/token"),
        ("login.example/", "https://login.example/oauth/token"),
        ("https://login.example:443", "https://login.example/oauth/token"),
        ("https://login.example/tenant/token", "https://login.example/tenant/token"),
    ],
)
def test_a_login_address_given_by_hand_counts(given, expected):
    assert hosts(region="eu-west-1", login_url=given) == Hosts(
        "https://api.mypurecloud.ie", expected
    )


def test_the_base_url_counts_before_the_region():
    assert hosts(base_url="https://gateway.example", region="eu-west-1").api == (
        "https://gateway.example"
    )


@pytest.mark.parametrize(
    "given", ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:8080"]
)
def test_plain_http_is_for_this_machine(given):
    assert hosts(base_url=given) == Hosts(given, f"{given}/oauth/token")


@pytest.mark.parametrize(
    ("given", "variable"),
    [
        ({}, "GENESYS_CLOUD_REGION"),
        ({"region": "eu-central-9"}, "GENESYS_CLOUD_REGION"),
        ({"region": "example.com"}, "GENESYS_CLOUD_REGION"),
        ({"region": "https://user@mypurecloud.de"}, "GENESYS_CLOUD_REGION"),
        ({"base_url": "http://api.mypurecloud.de"}, "GENESYS_CLOUD_BASE_URL"),
        ({"base_url": "http://localhost.example"}, "GENESYS_CLOUD_BASE_URL"),
        ({"base_url": "ftp://api.mypurecloud.de"}, "GENESYS_CLOUD_BASE_URL"),
        ({"base_url": "https://"}, "GENESYS_CLOUD_BASE_URL"),
        ({"base_url": "https://host:port"}, "GENESYS_CLOUD_BASE_URL"),
        ({"base_url": "https://host?x=1"}, "GENESYS_CLOUD_BASE_URL"),
        ({"region": "eu-west-1", "login_url": "http://x.example"}, "GENESYS_CLOUD_LOGIN_URL"),
        ({"region": "eu-west-1", "login_url": "https://a b"}, "GENESYS_CLOUD_LOGIN_URL"),
    ],
)
def test_what_is_no_host_is_refused_by_the_name_of_its_variable(given, variable):
    with pytest.raises(WrongSettings, match=variable):
        hosts(**given)


def test_a_password_in_an_address_is_not_repeated():
    with pytest.raises(WrongSettings) as refused:
        hosts(base_url="https://user:hunter2@host.example")
    assert "hunter2" not in f"{refused.value} {refused.value.advice}"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("eu-centrl-1", "eu-central-1"),
        ("us_esat_1", "us-east-1"),
        ("EU-CENTRAL1", "eu-central-1"),
        ("mypurecloud.dee", "mypurecloud.de"),
        ("mypureclod.com", "mypurecloud.com"),
    ],
)
def test_a_region_with_a_slip_is_told_what_was_perhaps_meant(given, meant):
    with pytest.raises(WrongSettings, match=f"did you mean {meant}[?]$"):
        hosts(region=given)


def test_what_is_like_no_region_is_not_guessed_at():
    with pytest.raises(WrongSettings) as caught:
        hosts(region="frankfurt")
    assert "did you mean" not in caught.value.message
    assert "eu-central-1" in caught.value.advice
