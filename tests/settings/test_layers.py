"""Where settings come from, and which place wins."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from genesys_export.settings import load
from genesys_export.settings.names import RETIRED


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
    settings = load(flags={"slices": "4", "wait": None}, environ=environ, cwd=cwd)
    assert settings.export.slices == 4
    assert settings.export.wait == timedelta(hours=2)
    assert settings.export.timezone.key == "Europe/Berlin"


def test_flags_that_were_not_given_leave_the_word_to_others(written):
    cwd = written("[export]\ntables = ['sessions']\nallow_partial = true\n[log]\nlevel='quiet'\n")
    flags: Any = {"table": [], "allow_partial": False, "quiet": False, "to": None}
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
    flags: Any = {"table": ["segments", "conversations", "segments"]}
    settings = load(flags=flags, environ={}, cwd=tmp_path)
    assert settings.export.tables == ("conversations", "segments")


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        ([], ["conversation_details"]),
        (["dimensions"], ["dimensions"]),
        (["dimensions,conversation_details"], ["conversation_details", "dimensions"]),
        (["dimensions", " conversation_details "], ["conversation_details", "dimensions"]),
    ],
)
def test_datasets_are_named_with_commas_or_one_by_one_in_any_order(tmp_path, given, chosen):
    settings = load(flags={"dataset": given}, environ={}, cwd=tmp_path)
    assert [each.name for each in settings.datasets] == chosen


def test_names_add_their_dataset_and_tables_limit_the_datasets_they_are_of(written):
    cwd = written("[export]\nnames = true\ntables = ['sessions', 'segments']\n")
    settings = load(flags={}, environ={}, cwd=cwd)
    conversations, names = settings.datasets
    assert settings.tables_of(conversations) == ("sessions", "segments")
    assert settings.tables_of(names) == names.lookups


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("names = true", 5),
        ("names = true\ndatasets = ['conversation_details', 'dimensions']", 27),
        ("datasets = ['dimensions']", 27),
        ("names = true\ntables = ['dim_skills', 'dim_queues']", 2),
    ],
)
def test_names_alone_are_the_lookup_tables_and_the_whole_dataset_is_chosen_by_name(
    written, text, count
):
    settings = load(flags={}, environ={}, cwd=written(f"[export]\n{text}\n"))
    (names,) = (one for one in settings.datasets if one.name == "dimensions")
    assert len(settings.tables_of(names)) == count


@pytest.mark.parametrize(
    ("text", "environ", "chosen"),
    [
        ("dataset = 'dimensions'", {}, ("dimensions",)),
        ("", {"GENESYS_EXPORT_EXPORT__DATASET": "dimensions"}, ("dimensions",)),
        (
            "datasets = ['dimensions']\ndataset = 'conversation_details'",
            {"GENESYS_EXPORT_EXPORT__DATASET": ""},
            ("dimensions",),
        ),
        (
            "datasets = ['dimensions']",
            {"GENESYS_EXPORT_EXPORT__DATASET": "conversation_details"},
            ("conversation_details",),
        ),
    ],
    ids=["file", "variable", "both keys", "both places"],
)
def test_the_name_that_a_setting_had_in_0_1_0_still_counts(written, text, environ, chosen):
    settings = load(flags={}, environ=environ, cwd=written(f"[export]\n{text}\n"))
    assert settings.export.datasets == chosen
    assert settings.warnings == ()


@pytest.mark.parametrize("path", RETIRED, ids=".".join)
def test_a_setting_that_is_gone_is_ignored_with_a_line_that_says_what_holds(written, path):
    section, key = path
    cwd = written(f"[{section}]\n{key} = 'a b'\n")
    (line,) = load(flags={}, environ={}, cwd=cwd).warnings
    assert line == (
        f"{key} in [{section}] of genesys-export.toml is no longer a setting and is ignored: "
        f"{RETIRED[path]}."
    )
    variable = f"GENESYS_EXPORT_{section}__{key}".upper()
    (line,) = load(flags={}, environ={variable: "a b"}, cwd=cwd.parent).warnings
    assert line.startswith(f"{variable} is no longer a setting and is ignored: ")


def test_a_setting_that_is_gone_is_ignored_for_an_organisation_too(written):
    cwd = written("[orgs.emea]\nclient_id = 'x'\nheadroom = 0.5\n[genesys]\nsubmissions = 9\n")
    settings = load(flags={}, environ={"GENESYS_EXPORT_GENESYS__POLL_MAX": "1s"}, cwd=cwd)
    told = [line.partition(" is no longer")[0] for line in settings.warnings]
    assert told == [
        "GENESYS_EXPORT_GENESYS__POLL_MAX",
        "headroom in [orgs.emea] of genesys-export.toml",
        "submissions in [genesys] of genesys-export.toml",
    ]


def test_a_setting_that_is_gone_and_empty_is_not_worth_a_line(written):
    assert load(flags={}, environ={}, cwd=written("[genesys]\nanswer_limit = ''\n")).warnings == ()
