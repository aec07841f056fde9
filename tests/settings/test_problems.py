"""What people read when a setting is missing or wrong: every line, at once, and no secret."""

import time
import traceback
from pathlib import Path
from typing import Any

import pytest

from genesys_export.errors import WrongSettings, WrongUse
from genesys_export.settings import Need, load
from genesys_export.settings.names import VARIABLES
from genesys_export.settings.sections import every_path


@pytest.fixture
def complaint(tmp_path: Path):
    def read(text="", environ=None, **flags) -> str:
        (tmp_path / "genesys-export.toml").write_text(text, "utf-8")
        given: Any = flags
        with pytest.raises(WrongSettings) as caught:
            load(flags=given, environ=environ or {}, cwd=tmp_path)
        assert caught.value.status == 78
        return caught.value.message

    return read


def test_a_line_says_what_was_wrong_where_it_was_given_and_every_name_to_set(complaint):
    assert complaint("[export]\nslices = 'many'\n") == (
        "1 setting is missing or wrong:\n"
        "  export.slices, given by slices in [export] of genesys-export.toml: "
        "this must be a number from 1 to 96, or auto. "
        "Set --slices, GENESYS_EXPORT_EXPORT__SLICES, or slices in [export]."
    )


def test_the_advice_needs_no_clone_of_the_project(tmp_path):
    with pytest.raises(WrongSettings) as caught:
        load(flags={}, environ={}, cwd=tmp_path, needs={Need.SOURCE, Need.DESTINATION})
    assert "docs/" not in caught.value.advice
    assert "`genesys-export init` writes a settings file" in caught.value.advice


def test_everything_is_told_at_once(complaint):
    message = complaint(
        "[export]\nformt = 'csv.gz'\n[genesys]\npage_size = 5\npoll_first = '90'\n",
        {"GENESYS_EXPORT_SETTLE__DAYS": "x", "GENESYS_EXPORT_EXPORT__SLICE": "2"},
        timezone="Europe/Berlinn",
        format="parkett",
    )
    assert message.startswith("7 settings are missing or wrong:\n")
    assert len(message.splitlines()) == 8


@pytest.mark.parametrize(
    ("text", "environ", "words"),
    [
        ("[export]\nformt = 'x'\n", {}, "did you mean export.format?"),
        ("[gensys]\nclient_id = 'x'\n", {}, "[gensys] of the file: there is no such section"),
        ("[gensys]\nclient_id = 'x'\n", {}, "did you mean [genesys]?"),
        ("[genesys]\ntimezone = 'UTC'\n", {}, "did you mean export.timezone?"),
        ("to = 's3://b'\n", {}, "did you mean destination.to?"),
        ("[genesys]\nqwertyuiop = 1\n", {}, "there is no such setting."),
        ("[orgs.emea]\nclientid = 'x'\n", {}, "did you mean orgs.emea.client_id?"),
        ("", {"GENESYS_EXPORT_EXPORT__SLICE": "2"}, "did you mean GENESYS_EXPORT_EXPORT__SLICES?"),
        ("", {"GENESYS_EXPORT_GENSYS__CLIENT_ID": "2"}, "mean GENESYS_EXPORT_GENESYS__CLIENT_ID?"),
        (
            "",
            {"GENESYS_EXPORT_EXPORT": "2", "GENESYS_EXPORT_EXPORT__SLICES": "2"},
            "a table of settings",
        ),
        ("", {"GENESYS_EXPORT_CLIENT_ID": "2"}, "mean GENESYS_EXPORT_GENESYS__CLIENT_ID?"),
        ("", {"GENESYS_EXPORT_EXPORT": "2"}, "this must be a table of settings"),
        ("genesys = 3\n", {}, "genesys"),
        ("", {"GENESYS_EXPORT_GENESYS__PORT": "1"}, "GENESYS_EXPORT_GENESYS__PORT: there is no"),
        ("", {"GENESYS_EXPORT_REPORT": "1"}, "GENESYS_EXPORT_REPORT: there is no such setting"),
    ],
)
def test_unknown_names_are_refused_with_what_was_perhaps_meant(complaint, text, environ, words):
    assert words in complaint(text, environ)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"layout": "hiv"}, "'hiv' is not one of daily, hive; did you mean hive?"),
        ({"engine": "querry"}, "'querry' is not one of jobs, query; did you mean query?"),
        ({"format": "csv.gs"}, "is not one of csv.gz, parquet, jsonl.gz; did you mean csv.gz?"),
        ({"dataset": ["zzz"]}, "no dataset 'zzz'; there are conversation_details, "),
        ({"dataset": ["dimensons"]}, "no dataset 'dimensons'; did you mean dimensions?"),
        ({"table": ["dim_users"]}, "dim_users is a table of the dataset dimensions, which is not"),
        ({"table": ["sessions,dim_users"]}, "which is not chosen (--dataset, or datasets in [ex"),
        ({"table": ["session"]}, "there is no table 'session'; did you mean sessions?"),
        ({"timezone": "Europe/Berlinn"}, "did you mean Europe/Berlin?"),
        ({"timezone": "localtime"}, "not a time zone"),
        ({"timezone": "../etc/passwd"}, "not a time zone"),
        ({"wait": "90"}, "'90' is not a duration; write 90s, 15m, 2h, 1h30m or PT2H"),
        ({"direction": ["inbound", "up"]}, "'up' is not one of inbound, outbound"),
        ({"filters": "{"}, "this is not JSON (line 1, column 2"),
        ({"filters": "[]"}, "this must be a JSON object"),
        ({"to": "gs://bucket"}, "only s3:// and file:// are supported"),
        ({"to": "s3:///x"}, "the bucket is missing"),
        ({"to": "file://dir"}, "three slashes"),
        ({"log_format": "xml"}, "'xml' is not one of auto, console, json"),
        ({"slices": 97}, "this must be at most 96"),
        ({"slices": "1.5"}, "this must be a number from 1 to 96, or auto"),
    ],
)
def test_wrong_flags_are_told_in_words(complaint, flags, words):
    message = complaint(**flags)
    assert words in message
    assert all(f"--{flag.replace('_', '-')}" in message for flag in flags)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[genesys]\nclient_id = 3\n", "this must be a string"),
        ("[genesys]\nrequests_per_minute = true\n", "this must be a number"),
        ("[genesys]\nrequests_per_minute = 1.5\n", "this must be a whole number"),
        ("[proof]\ntolerance = 1\n", "this must be below 1"),
        ("[proof]\ntolerance = nan\n", "tolerance"),
        ("[genesys]\npage_size = 99\n", "this must be at least 100"),
        ("[genesys]\npoll_first = '0s'\n", "longer than zero"),
        ("[genesys]\npoll_first = '99999999999999999d'\n", "is too long"),
        ("[genesys]\nbase_url = 'http://api.mypurecloud.ie'\n", "must begin with https://"),
        ("[genesys]\nbase_url = 'https://a.example?x=1'\n", "no ? or #"),
        ("[genesys]\nbase_url = 'ftp://a.example'\n", "must begin with https://"),
        ("[genesys]\nbase_url = 'https://'\n", "has no host"),
        ("[genesys]\nlogin_url = 'a b'\n", "neither an https:// address nor a host name"),
        ("[genesys]\nproxy = 'socks5://x:1'\n", "must begin with http://"),
        ("[destination]\nbucket = 's3://b'\n", "a bucket name only"),
        ("[destination]\nbucket = 'arn:aws:s3:::b'\n", "its ARN: s3://b/prefix"),
        ("[destination]\nacl = 'public-read'\n", "not one of none, bucket-owner-full-control"),
        ("[destination]\nendpoint_url = 'b.example'\n", "has no host"),
        ("[destination]\nsse = 'kms'\n", "not one of none, AES256, aws:kms"),
        ("[destination]\nkms_key_id = 'k'\n", "needs sse"),
        ("[destination]\nexpected_bucket_owner = '12'\n", "12 digits"),
        ("[destination]\npart_size = '4MiB'\n", "from 5MiB to 5GiB"),
        ("[destination]\npart_size = '8 megs'\n", "is not a size"),
        ("[destination]\ntags = 'a'\n", "key=value"),
        ("[destination]\ntags = {a = 1}\n", "a table of strings"),
        ("[backfill]\ndays_at_once = 0\n", "at least 1"),
        ("[filters]\nqueue = [1]\n", "a list of strings"),
        ("[filters]\nqueue = '[1'\n", "looks like a JSON list"),
        ("[filters]\nraw = {a = 2026-11-22}\n", "JSON can't express"),
        ("[export]\nallow_partial = 'perhaps'\n", "true or false"),
        ("[export]\npublish = 'finals'\n", "not one of available, final; did you mean final?"),
        ("[destination]\nstate = 'of'\n", "not one of on, off"),
        ("[backfill]\ndays_at_once = 33\n", "at most 32"),
        ("[backfill]\norder = 'new'\n", "not one of newest, oldest"),
        ("[resume]\nlease = '59s'\n", "a minute or longer"),
        ("[resume]\nlease = '0s'\n", "longer than zero"),
        ("[catch_up]\ndays = -1\n", "at least 0"),
        ("[csv]\nnewlines = 'drop'\n", "not one of keep, escape, space"),
        ("[orgs.'a/b']\nregion = 'eu-west-1'\n", "is part of every key"),
        ("[orgs._genesys_export]\nregion = 'eu-west-1'\n", "is part of every key"),
        ("[genesys]\nclient_id = \n", "it is not valid TOML"),
    ],
)
def test_wrong_values_in_the_file_are_told_in_words(complaint, text, words):
    assert words in complaint(text)


ACCESS_POINT = "arn:aws:s3:eu-central-1:123456789012:accesspoint/calls"


@pytest.mark.parametrize("to", [f"s3://{ACCESS_POINT}/analytics", ACCESS_POINT])
def test_an_access_point_is_named_by_its_alias(complaint, to):
    assert "the access point's alias" in complaint(to=to)
    assert "the access point's alias" in complaint(environ={"S3_BUCKET_NAME": ACCESS_POINT})


def test_the_alias_of_an_access_point_is_a_bucket_like_any_other(tmp_path):
    to = "s3://calls-a1b2c3d4e5f6-s3alias/analytics"
    settings = load(flags={"to": to}, environ={}, cwd=tmp_path)
    assert settings.require_destination().to == to


def test_a_section_has_no_variable_to_set(complaint):
    assert complaint("genesys = 3\n").endswith("this must be a table of settings.")


def test_tags_are_as_s3_has_them(complaint):
    many = ",".join(f"t{i}=x" for i in range(11))
    assert "ten tags" in complaint(environ={"GENESYS_EXPORT_DESTINATION__TAGS": many})
    long = f"t={'x' * 257}"
    assert "at most 256" in complaint(environ={"GENESYS_EXPORT_DESTINATION__TAGS": long})


@pytest.mark.parametrize("text", ["nonsense", "2025-02-30", "9999-12-31", "20261102", "today"])
def test_a_wrong_date_is_told_together_with_what_is_missing(tmp_path, text):
    with pytest.raises(WrongSettings) as caught:
        load(flags={}, environ={}, cwd=tmp_path, needs={Need.SOURCE}, dates={"start": text})
    assert "genesys.client_id: missing" in caught.value.message
    assert f"--start {text} is not a valid date. Use YYYY-MM-DD" in caught.value.message


def test_where_only_dates_are_wrong_the_command_line_is(tmp_path):
    dates = {"start": "a", "end": "b", "date": None, "other": "yesterday"}
    with pytest.raises(WrongUse) as caught:
        load(flags={}, environ={}, cwd=tmp_path, dates=dates)
    assert caught.value.message.splitlines() == [
        "--start a is not a valid date",
        "--end b is not a valid date",
    ]


def test_a_file_that_was_named_must_be_there(complaint):
    assert "nowhere.toml: there is no such file" in complaint(config="nowhere.toml")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"# \xe4\n", "it is not UTF-8. Save it as UTF-8"),
        ("[settle]\ndays = 7\n".encode("utf-16"), "it is UTF-16 text. Save it as UTF-8"),
        ("[settle]\ndays = 7\n".encode("utf-16-be"), "it is UTF-16 text"),
        ("[settle]\ndays = 7\n".encode("utf-16-le"), "it is UTF-16 text"),
        ("[settle]\ndays = 7\n".encode("utf-32"), "it is UTF-32 text"),
    ],
)
def test_a_file_in_another_encoding_is_refused_by_its_name(tmp_path, content, words):
    (tmp_path / "genesys-export.toml").write_bytes(content)
    with pytest.raises(WrongSettings) as caught:
        load(flags={}, environ={}, cwd=tmp_path)
    assert words in caught.value.message


@pytest.mark.parametrize(
    "content",
    [
        "".join(f"k{number} = 1\n" for number in range(200_000)),
        "".join(f"k{number}=1\n" for number in range(26_000)),
        "[export]\n" + "".join(f"k{number}=1\n" for number in range(26_000)),
        "".join(f"[k{number}]\n" for number in range(26_000)),
        "".join(f"[orgs.k{number}]\nx=1\n" for number in range(13_000)),
        f"{'a.' * 100_000}a = 1\n",
        f"[{'a.' * 100_000}a]\n",
    ],
    ids=["200,000 keys", "keys", "keys of a section", "sections", "orgs", "deep key", "deep head"],
)
def test_a_senseless_file_is_refused_in_no_time(tmp_path, content):
    (tmp_path / "genesys-export.toml").write_text(content)
    began = time.process_time()
    with pytest.raises(WrongSettings):
        load(flags={}, environ={}, cwd=tmp_path)
    # Measured: 0.9 with two cores busy, 1.6 on an overloaded machine.
    assert time.process_time() - began < 10


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "genesys-export.toml").mkdir()
    with pytest.raises(WrongSettings, match="it can't be read"):
        load(flags={}, environ={}, cwd=tmp_path)


CANARY = "canary-7f3a9"


@pytest.mark.parametrize(
    "text",
    [
        f"[genesys]\nclient_secrett = '{CANARY}'\n",
        f"[genesys]\nclient_secret = ['{CANARY}']\n",
        f"[genesys]\nclient_secret = {{value = '{CANARY}'}}\n",
        f"[genesys]\nclient_secret = '{CANARY}\n",
        f"[genesys]\nclient_secret = '{CANARY}'\nclient_secret = '{CANARY}'\n",
        f"[genesys]\nproxy = 'socks5://me:{CANARY}@proxy'\n",
        f"[genesys]\nbase_url = 'https://me:{CANARY}@api.example.org'\n",
        f"[genesys]\nlogin_url = 'https://login.example.org?token={CANARY}'\n",
        f"[destination]\nto = 'ftp://me:{CANARY}@host'\n",
        f"[destination]\nendpoint_url = 'https://me:{CANARY}@host'\n",
        f"[filters]\nraw = '{{\"ani\": {CANARY}}}'\n",
        f"[filters]\nraw = '[\"{CANARY}\"]'\n",
        f"[orgs.a]\nclient_secret = [\n'{CANARY}']\n[orgs.b]\n",
        f"genesys = '{CANARY}'\n",
    ],
)
def test_no_secret_is_in_an_error_or_its_traceback(tmp_path, text):
    (tmp_path / "genesys-export.toml").write_text(text, "utf-8")
    with pytest.raises(WrongSettings) as caught:
        load(flags={}, environ={}, cwd=tmp_path)
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_raw_filters_of_a_wrong_shape_are_told_with_what_is_missing(tmp_path):
    settings = load(flags={"filters": '{"segmentFilter": []}'}, environ={}, cwd=tmp_path)
    with pytest.raises(WrongSettings) as caught:
        settings.require_source()
    assert "filters.raw: 'segmentFilter' is not one of" in caught.value.message
    assert "genesys.client_secret: missing" in caught.value.message


def test_every_usual_variable_sets_a_setting_that_is_there():
    assert set(VARIABLES.values()) <= set(every_path())


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ("[genesys]\nclient_secret = 'x'\n", "GENESYS_CLIENT_SECRET"),
        (
            "[orgs.emea]\nclient_secret = 'x'\n",
            "GENESYS_EXPORT_ORGS__EMEA__CLIENT_SECRET",
        ),
        ("[privacy]\nkey = 'x-x-x-x-x-x-x-x-x'\n", "GENESYS_EXPORT_PRIVACY__KEY"),
        ("[genesys]\nproxy = 'http://me:x@proxy:1'\n", "https_proxy"),
    ],
)
def test_a_secret_in_the_file_gets_a_warning_with_the_variable_to_use(tmp_path, text, variable):
    (tmp_path / "genesys-export.toml").write_text(text, "utf-8")
    (warning,) = load(flags={}, environ={}, cwd=tmp_path).warnings
    assert warning.endswith(
        f"a secret in a file is easily shared or committed. Set {variable} instead."
    )
    assert "genesys-export.toml" in warning


def test_secrets_elsewhere_and_empty_ones_get_no_warning(tmp_path):
    text = "[genesys]\nclient_secret = ''\nproxy = 'http://proxy:1'\n"
    (tmp_path / "genesys-export.toml").write_text(text, "utf-8")
    environ = {"GENESYS_CLIENT_SECRET": "x"}
    assert load(flags={}, environ=environ, cwd=tmp_path).warnings == ()


def test_the_file_is_not_proposed_for_a_secret(tmp_path):
    with pytest.raises(WrongSettings) as caught:
        load(flags={}, environ={}, cwd=tmp_path, needs={Need.SOURCE})
    assert "genesys.client_secret: missing. Set GENESYS_CLIENT_SECRET.\n" in caught.value.message
