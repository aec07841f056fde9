"""Who may ask, where, and with which settings: what goes wrong there names what to set."""

from __future__ import annotations

import pytest
from e2e_reading import Lake, begun, ids

from genesys_simulator import Fault, MissingPermission, ServerError, World

DETAILS = "analytics:conversationDetail:view"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GENESYS_CLIENT_SECRET", "not-the-secret"),
        ("GENESYS_CLIENT_ID", "99999999-9999-4999-8999-999999999999"),
    ],
)
def test_wrong_credentials_name_the_variables_to_look_at(
    command, genesys, lake, day, variable, value
):
    told = command.against(genesys()).with_variables(**{variable: value})
    result = told.run("--date", day).ends(77)
    assert variable in result.err
    assert "not-the-secret" not in result.words
    assert lake.files() == []


@pytest.mark.parametrize("endpoint", ["availability", "submit"])
def test_a_missing_permission_is_named(command, genesys, lake, day, endpoint):
    genesys = genesys(faults=[Fault(endpoint, 1, MissingPermission(), times=99)])
    result = command.against(genesys).run("--date", day).ends(77)
    assert DETAILS in result.err
    assert lake.files() == []
    assert lake.staged() == []


def test_an_organisation_that_grants_nothing_is_a_missing_permission(command, genesys, lake, day):
    genesys = genesys(missing_permissions=frozenset({DETAILS}))
    assert DETAILS in command.against(genesys).run("--date", day).ends(77).err


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"GENESYS_CLOUD_REGION": "eu-nowhere-9"}, "eu-nowhere-9"),
        ({"GENESYS_CLOUD_BASE_URL": "ftp://example.invalid"}, "GENESYS_CLOUD_BASE_URL"),
        ({"GENESYS_CLOUD_BASE_URL": "http://example.invalid"}, "GENESYS_CLOUD_BASE_URL"),
    ],
)
def test_a_wrong_place_is_a_wrong_setting(command, genesys, day, changed, words):
    told = command.against(genesys(), GENESYS_CLOUD_BASE_URL=None).with_variables(**changed)
    assert words in told.run("--date", day).ends(78).err


def test_everything_missing_is_told_at_once(command):
    result = command("run").ends(78)
    for name in (
        "GENESYS_CLIENT_ID",
        "GENESYS_CLIENT_SECRET",
        "GENESYS_CLOUD_REGION",
        "GENESYS_CLOUD_BASE_URL",
        "--to",
        "S3_BUCKET_NAME",
    ):
        assert name in result.err
    assert "Traceback" not in result.err


def test_a_wrong_date_is_told_with_what_is_missing(command):
    result = command("run", "--date", "2025-02-30").ends(78)
    assert "GENESYS_CLIENT_ID" in result.err
    assert "--date 2025-02-30 is not a valid date" in result.err


def test_several_wrong_settings_are_told_at_once(command, genesys, day):
    told = command.against(genesys(), GENESYS_EXPORT_GENESYS__PAGE_SIZE="many")
    result = told.run("--date", day, "--timezone", "Mars/Olympus", "--slices", 1000).ends(78)
    for name in ("PAGE_SIZE", "--timezone", "--slices"):
        assert name in result.err


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["run", "--date", "nonsense"], 2),
        (["run", "--date", "2025-02-30"], 2),
        (["run", "--date", "2025-W47-4"], 2),
        (["run", "--date", "9999-12-31"], 2),
        (["run", "--quiet", "--verbose"], 2),
        (["status", "--quiet", "--verbose", "--to", "lake"], 2),
        (["run", "--date", "0001-01-01", "--timezone", "Asia/Tokyo"], 2),
        (["run", "--no-such-flag"], 2),
        (["run", "--slices", "three"], 78),
        (["backfill", "--days-at-once", "three"], 2),
        (["no-such-command"], 2),
        (["tables", "--table", "no_such_table"], 2),
        (["run", "--table", "no_such_table"], 78),
        (["run", "--format", "xlsx"], 78),
        (["run", "--wait", "a while"], 78),
        (["run", "--filters", "{"], 78),
        (["run", "--config", "no-such.toml"], 78),
    ],
)
def test_a_command_line_that_makes_no_sense(command, genesys, lake, arguments, status):
    genesys = genesys()
    told = command.against(genesys)
    to = ["--to", lake.root] if arguments[0] == "run" else []
    result = told(*arguments, *to).ends(status)
    assert result.err
    assert "Traceback" not in result.err
    assert genesys.requests == []


def test_quiet_and_verbose_exclude_each_other(command, genesys, day):
    result = command.against(genesys()).run("--date", day, "--quiet", "--verbose").ends(2)
    assert result.err == (
        "genesys-export: --quiet and --verbose exclude each other\n  Leave one of them out.\n"
    )


CONFIG = """
[export]
tables = ["surveys", "segments"]
slices = 3
timezone = "Europe/Berlin"
"""


def test_a_file_beside_the_user_is_read(command, genesys, lake, day):
    (command.folder / "genesys-export.toml").write_text(CONFIG)
    command.against(genesys()).run("--date", day).ends(0)
    manifest = lake.manifest(day)
    assert list(manifest["tables"]) == ["segments", "surveys"]
    assert (len(manifest["slices"]), manifest["timezone"]) == (3, "Europe/Berlin")


def test_a_variable_beats_the_file_and_a_flag_beats_both(command, genesys, lake, day):
    config = command.folder / "mine.toml"
    config.write_text(CONFIG)
    told = command.against(
        genesys(), GENESYS_EXPORT_EXPORT__SLICES="2", GENESYS_EXPORT_EXPORT__TIMEZONE="Asia/Tokyo"
    )
    told.run("--date", day, "--config", config, "--timezone", "UTC").ends(0)
    manifest = lake.manifest(day)
    assert (len(manifest["slices"]), manifest["timezone"]) == (2, "UTC")
    assert list(manifest["tables"]) == ["segments", "surveys"]


def test_a_missing_setting_of_two_spellings_is_taken_from_the_sdk_tools(command, genesys, day):
    genesys = genesys()
    told = command.against(genesys, GENESYS_CLIENT_ID=None, GENESYS_CLIENT_SECRET=None)
    told.with_variables(
        GENESYSCLOUD_OAUTHCLIENT_ID=genesys.client_id,
        GENESYSCLOUD_OAUTHCLIENT_SECRET=genesys.client_secret,
    ).run("--date", day, "--table", "surveys").ends(0)


# --- several organisations --------------------------------------------------------------------


def orgs(command, **places):
    """Write a file of organisations, each at its own simulator, and return the command."""
    sections = [
        f'[orgs.{name}]\nbase_url = "{at.base_url}"\nclient_id = "{at.client_id}"\n'
        f'client_secret = "{at.client_secret}"\npoll_first = "0.05s"\n'
        for name, at in places.items()
    ]
    (command.folder / "genesys-export.toml").write_text("\n".join(sections))
    return command


def test_two_organisations_lie_under_their_names(command, genesys, day):
    other = World.generated(seed=3, per_day=50)
    worlds = {"emea": World.generated(seed=2, per_day=40), "apac": other}
    told = orgs(command, **{name: genesys(world) for name, world in worlds.items()})
    told.run("--date", day).ends(0)
    assert {path.name for path in command.lake.iterdir()} == {"emea", "apac", "_genesys_export"}
    for name, world in worlds.items():
        lake = Lake(command.lake, name)
        assert lake.ids(day) == ids(begun(world, day))
        lake.check(day)


def test_one_organisation_can_be_asked_for(command, genesys, day):
    told = orgs(command, emea=genesys(), apac=genesys())
    told.run("--date", day, "--org", "apac", "--table", "surveys").ends(0)
    assert Lake(command.lake, "apac").manifest(day)["day"] == str(day)
    assert not (command.lake / "emea").exists()
    assert "--org" in told.run("--date", day, "--org", "nobody").ends(78).err


@pytest.mark.parametrize(
    ("kind", "status"), [(MissingPermission(), 77), (ServerError(503), 69)], ids=["77", "69"]
)
def test_an_organisation_that_fails_does_not_stop_the_next(command, genesys, day, kind, status):
    broken = genesys(faults=[Fault("submit", 1, kind, times=999)])
    told = orgs(command, emea=broken, apac=genesys())
    told = told.with_variables(GENESYS_EXPORT_GENESYS__RETRY_DEADLINE="1s")
    result = told.run("--date", day, "--table", "surveys").ends(status)
    assert Lake(command.lake, "apac").manifest(day)["day"] == str(day)
    assert not (command.lake / "emea" / "surveys").exists()
    assert "genesys-export: " in result.err


def test_the_worst_status_of_several_organisations_counts(command, genesys, day):
    refused = genesys(faults=[Fault("submit", 1, MissingPermission(), times=9)])
    down = genesys(faults=[Fault("submit", 1, ServerError(503), times=999)])
    told = orgs(command, a=down, b=refused, c=down)
    told = told.with_variables(GENESYS_EXPORT_GENESYS__RETRY_DEADLINE="0.5s")
    result = told.run("--date", day, "--table", "surveys").ends(77)
    assert result.err.count("genesys-export: ") == 3


def test_a_secret_in_the_file_gets_a_warning(command, genesys, day):
    told = orgs(command, emea=genesys())
    variable = "GENESYS_EXPORT_ORGS__EMEA__CLIENT_SECRET"
    run = told.run("--date", day, "--table", "surveys").ends(0)
    assert f"Set {variable} instead" in run.err
    doctor = told("doctor", "--to", told.lake).ends(0)
    assert "a secret in a file" in doctor.out
    assert f"Set {variable} instead" in doctor.out


def test_credential_variables_are_refused_with_several_organisations(command, genesys, day):
    genesys = genesys()
    told = orgs(command, a=genesys, b=genesys).with_variables(GENESYS_CLIENT_ID="someone")
    assert "GENESYS_CLIENT_ID" in told.run("--date", day).ends(78).err
