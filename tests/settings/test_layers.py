"""Where settings come from, and which place wins."""

from datetime import timedelta
from pathlib import Path

import pytest

from genesys_export.settings import load


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str, name: str = "genesys-export.toml") -> Path:
        (tmp_path / name).write_text(text, "utf-8")
        return tmp_path

    return write


def test_without_anything_all_defaults_stand(tmp_path):
    settings = load(flags={}, environ={}, cwd=tmp_path)
    assert settings.genesys.requests_per_minute == 300
    assert settings.genesys.retry_deadline == timedelta(minutes=15)
    assert settings.destination.part_size == 8 * 2**20
    assert settings.export.timezone.key == "UTC"
    assert settings.export.wait is None
    assert settings.settle.days == 4
    assert settings.log.level == "normal"


def test_the_flag_beats_the_environment_which_beats_the_file(written):
    cwd = written("[export]\nslices = 2\ntimezone = 'Europe/Berlin'\nwait = '1h'\n")
    environ = {"GENESYS_EXPORT_EXPORT__SLICES": "3", "GENESYS_EXPORT_EXPORT__WAIT": "2h"}
    settings = load(flags={"slices": 4, "wait": None}, environ=environ, cwd=cwd)
    assert settings.export.slices == 4
    assert settings.export.wait == timedelta(hours=2)
    assert settings.export.timezone.key == "Europe/Berlin"


def test_flags_that_were_not_given_leave_the_word_to_others(written):
    cwd = written("[export]\ntables = ['sessions']\nallow_partial = true\n[log]\nlevel='quiet'\n")
    flags = {"table": [], "allow_partial": False, "quiet": False, "to": None}
    settings = load(flags=flags, environ={}, cwd=cwd)
    assert settings.export.tables == ("sessions",)
    assert settings.export.allow_partial
    assert settings.log.level == "quiet"


def test_config_names_another_file(written):
    cwd = written("[settle]\ndays = 7\n", "other.toml")
    assert load(flags={"config": "other.toml"}, environ={}, cwd=cwd).settle.days == 7
    assert load(flags={"config": cwd / "other.toml"}, environ={}, cwd=cwd).settle.days == 7
    assert load(flags={}, environ={}, cwd=cwd).settle.days == 4


@pytest.mark.parametrize(
    ("environ", "section", "key", "value"),
    [
        ({"GENESYS_CLIENT_ID": "one"}, "genesys", "client_id", "one"),
        ({"GENESYSCLOUD_OAUTHCLIENT_ID": "two"}, "genesys", "client_id", "two"),
        (
            {"GENESYSCLOUD_OAUTHCLIENT_ID": "two", "GENESYS_CLIENT_ID": "one"},
            "genesys",
            "client_id",
            "one",
        ),
        (
            {"GENESYS_CLIENT_ID": "one", "GENESYS_EXPORT_GENESYS__CLIENT_ID": "zero"},
            "genesys",
            "client_id",
            "zero",
        ),
        ({"GENESYS_CLOUD_REGION": "eu-central-1"}, "genesys", "region", "eu-central-1"),
        ({"GENESYSCLOUD_REGION": "us_east_1"}, "genesys", "region", "us_east_1"),
        (
            {"GENESYS_CLOUD_BASE_URL": "http://127.0.0.1:8085"},
            "genesys",
            "base_url",
            "http://127.0.0.1:8085",
        ),
        (
            {"GENESYS_CLOUD_LOGIN_URL": "https://login.example.org"},
            "genesys",
            "login_url",
            "https://login.example.org",
        ),
        ({"S3_BUCKET_NAME": "calls"}, "destination", "bucket", "calls"),
        ({"S3_PREFIX": ""}, "destination", "prefix", ""),
        (
            {"NO_PROXY": "a.example, .b.example"},
            "genesys",
            "no_proxy",
            ("a.example", ".b.example"),
        ),
        ({"GENESYS_EXPORT_EXPORT__ALLOW_PARTIAL": "true"}, "export", "allow_partial", True),
        ({"GENESYS_EXPORT_FILTERS__QUEUE": "a,b"}, "filters", "queue", ("a", "b")),
        ({"GENESYS_EXPORT_FILTERS__QUEUE": '["a,b", "c"]'}, "filters", "queue", ("a,b", "c")),
        (
            {"GENESYS_EXPORT_DESTINATION__TAGS": "team=bi, env=prod"},
            "destination",
            "tags",
            {"team": "bi", "env": "prod"},
        ),
    ],
)
def test_variables_are_read(environ, section, key, value, tmp_path):
    settings = load(flags={}, environ=environ, cwd=tmp_path)
    assert getattr(getattr(settings, section), key) == value


def test_a_proxy_in_small_letters_wins_as_it_does_in_curl(tmp_path):
    environ = {"https_proxy": "http://small:1", "HTTPS_PROXY": "http://large:2"}
    proxy = load(flags={}, environ=environ, cwd=tmp_path).genesys.proxy
    assert proxy is not None
    assert proxy.get_secret_value() == "http://small:1"


def test_an_empty_variable_says_nothing(written):
    cwd = written("[genesys]\nclient_id = 'from the file'\n")
    environ = {"GENESYS_CLIENT_ID": "", "GENESYS_EXPORT_EXPORT__SLICES": ""}
    settings = load(flags={}, environ=environ, cwd=cwd)
    assert settings.genesys.client_id == "from the file"
    assert settings.export.slices == 1


def test_variables_of_other_programs_are_not_ours(tmp_path):
    load(flags={}, environ={"GENESYS_EXPORTER": "x", "AWS_PROFILE": "p"}, cwd=tmp_path)


@pytest.mark.parametrize("service", ["GENESYS_EXPORT", "GENESYS_EXPORT_STATUS_PAGE"])
@pytest.mark.parametrize(
    "ending",
    [
        "SERVICE_HOST",
        "SERVICE_PORT",
        "SERVICE_PORT_HTTP",
        "PORT",
        "PORT_80_TCP",
        "PORT_80_TCP_PROTO",
        "PORT_80_TCP_PORT",
        "PORT_80_TCP_ADDR",
        "PORT_53_UDP",
    ],
)
def test_what_kubernetes_says_of_a_service_is_no_setting(tmp_path, service, ending):
    load(flags={}, environ={f"{service}_{ending}": "tcp://10.0.0.7:80"}, cwd=tmp_path)


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / "genesys-export.toml").write_text("[settle]\ndays = 7\n", "utf-8-sig")
    assert load(flags={}, environ={}, cwd=tmp_path).settle.days == 7


def test_a_region_in_the_environment_is_not_mixed_with_addresses_in_the_file(written):
    cwd = written("[genesys]\nbase_url='http://127.0.0.1:8085'\nlogin_url='http://127.0.0.1:1'\n")
    found = load(flags={}, environ={"GENESYS_CLOUD_REGION": "eu-west-1"}, cwd=cwd).genesys
    assert (found.base_url, found.region, found.login_url) == (None, "eu-west-1", None)


def test_a_login_address_alone_leaves_the_host_where_it_was(written):
    cwd = written("[genesys]\nbase_url='https://api.example.org'\n")
    environ = {"GENESYS_CLOUD_LOGIN_URL": "https://login.example.org"}
    found = load(flags={}, environ=environ, cwd=cwd).genesys
    assert found.base_url == "https://api.example.org"
    assert found.login_url == "https://login.example.org"


def test_blanks_round_a_secret_are_no_part_of_it(tmp_path):
    environ = {"GENESYS_CLIENT_SECRET": "from a file\n"}
    secret = load(flags={}, environ=environ, cwd=tmp_path).genesys.client_secret
    assert secret is not None
    assert secret.get_secret_value() == "from a file"


def test_raw_filters_and_tags_may_be_tables_and_stay_whole(written):
    cwd = written(
        "[destination.tags]\nregion = 'emea'\n"
        "[[filters.raw.segmentFilters]]\ntype = 'or'\n"
        "predicates = [{type = 'dimension', dimension = 'ani', value = ''}]\n"
    )
    settings = load(flags={}, environ={}, cwd=cwd)
    assert settings.destination.tags == {"region": "emea"}
    assert settings.filters.raw == (
        '{"segmentFilters":[{"predicates":[{"dimension":"ani","type":"dimension","value":""}],'
        '"type":"or"}]}'
    )


def test_tables_come_in_the_declared_order_each_once(tmp_path):
    flags = {"table": ["segments", "conversations", "segments"]}
    settings = load(flags=flags, environ={}, cwd=tmp_path)
    assert settings.export.tables == ("conversations", "segments")
