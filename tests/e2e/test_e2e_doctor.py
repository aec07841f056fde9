"""`doctor` as a user runs it: what it says, how it ends, and that it tells no secret."""

from __future__ import annotations

import json
import signal

from e2e_command import stop, wait_until

from genesys_simulator import Fault, Slow, World

SECRET = "a-secret-that-must-not-be-shown"
DETAILS = "analytics:conversationDetail:view"


def doctor(command, *arguments):
    return command("doctor", "--to", command.lake, *arguments)


def test_where_an_export_would_work_it_ends_well(command, genesys):
    result = doctor(command.against(genesys())).ends(0)
    lines = result.out.splitlines()
    assert lines[0].startswith("ok        This machine, versions: genesys-export ")
    assert "ok        Genesys Cloud, sign-in: the OAuth client's id and secret" in result.out
    assert f"ok        Genesys Cloud, {DETAILS}: a test job was accepted" in result.out
    assert f"ok        Destination {command.lake}, write: a file was written" in lines
    assert lines[-1].endswith("ok. An export would work.")
    assert result.err == ""
    assert not command.lake.exists()


def test_it_asks_what_the_chosen_datasets_need_and_nothing_else(command, genesys):
    at = command.against(genesys())
    both = doctor(at, "--dataset", "conversation_details,dimensions").ends(0)
    queues = "ok        Genesys Cloud, dim_queues (routing:queue:view): the list can be read"
    assert queues in both.out.splitlines()
    assert DETAILS in both.out
    alone = doctor(at, "--dataset", "dimensions").ends(0)
    assert queues in alone.out.splitlines()
    assert DETAILS not in alone.out
    assert "dim_" not in doctor(at).ends(0).out


def test_the_permission_of_status_is_tried_when_it_is_chosen(command, genesys):
    needed = "analytics:userDetail:view"
    result = doctor(command.against(genesys()), "--dataset", "conversation_details,user_status")
    told = result.ends(0).out.splitlines()
    accepted = f"ok        Genesys Cloud, {needed} (user_status): a test job was accepted"
    assert any(line.startswith(accepted) for line in told)
    assert any(line.startswith("ok        Genesys Cloud, data (user_status): ") for line in told)
    lacking = command.against(genesys(missing_permissions=frozenset({needed})))
    assert f"fail      Genesys Cloud, {needed}" in doctor(lacking, "--dataset", "user_status").out
    assert needed not in doctor(lacking).ends(0).out


def test_a_wrong_secret_is_named_and_never_shown(command, genesys):
    wrong = command.against(genesys(), GENESYS_CLIENT_SECRET=SECRET)
    result = doctor(wrong, "--verbose").ends(77)
    assert "fail      Genesys Cloud, sign-in: " in result.out
    assert "          fix: Check GENESYS_CLIENT_SECRET" in result.out
    blocked = f"{DETAILS}, analytics:conversationAggregate:view, data, divisions"
    told = f"unknown   Genesys Cloud, 4 checks not run: {blocked} (fix the above first)"
    assert told in result.out.splitlines()
    assert result.out.count("not checked") == 0
    assert " 1 failed, 4 not run. An export would fail with status 77." in result.out
    assert "method=POST path=/oauth/token status=401" in result.err
    assert SECRET not in result.words


def test_quiet_says_only_what_is_not_well(command, genesys):
    well = doctor(command.against(genesys()), "--quiet").ends(0)
    assert well.words == ""
    narrow = doctor(command.against(genesys(divisions=("Home",))), "--quiet").ends(0)
    assert narrow.out.startswith("warn      Genesys Cloud, divisions: 1 of 4: Home; not North")


def test_machines_get_an_object_a_line(command, genesys):
    lacking = command.against(genesys(missing_permissions=frozenset({DETAILS})))
    result = doctor(lacking, "--log-format", "json").ends(77)
    told = [json.loads(line) for line in result.out.splitlines()]
    (failed,) = (one for one in told if one["verdict"] == "fail")
    assert (failed["about"], failed["name"], failed["status"]) == ("Genesys Cloud", DETAILS, 77)
    assert failed["fix"].startswith(f"Give {DETAILS} to a role")
    (blocked,) = (one for one in told if one["name"] == "data")
    assert blocked["found"] == f"not checked: {DETAILS} failed"
    assert set(blocked) == {"about", "name", "verdict", "found", "fix", "status"}


def test_every_organisation_is_examined(command, genesys):
    one, other = genesys(), genesys(World.generated(seed=2, per_day=10))
    orgs = {
        f"GENESYS_EXPORT_ORGS__{name}__{key}": value
        for name, served in (("NORTH", one), ("SOUTH", other))
        for key, value in (
            ("BASE_URL", served.base_url),
            ("CLIENT_ID", served.client_id),
            ("CLIENT_SECRET", served.client_secret if name == "NORTH" else SECRET),
        )
    }
    result = doctor(command.with_variables(**orgs)).ends(77)
    assert "ok        Genesys Cloud, north, sign-in: " in result.out
    assert "fail      Genesys Cloud, south, sign-in: " in result.out


def test_a_missing_secret_is_told_of_its_organisation_and_the_others_are_examined(
    command, genesys
):
    served = genesys()
    orgs = {
        f"GENESYS_EXPORT_ORGS__{name}__{key}": value
        for name in ("NORTH", "SOUTH")
        for key, value in (
            ("BASE_URL", served.base_url),
            ("CLIENT_ID", served.client_id),
            ("CLIENT_SECRET", served.client_secret if name == "SOUTH" else ""),
        )
        if value
    }
    result = doctor(command.with_variables(**orgs)).ends(78)
    (wrong,) = [line for line in result.out.splitlines() if line.startswith("fail")]
    assert wrong.startswith("fail      Genesys Cloud, north, settings: ")
    assert "wrong: orgs.north.client_secret: missing" in wrong
    assert "ok        Genesys Cloud, south, sign-in: " in result.out
    assert f"Destination {command.lake}" in result.out
    assert "status 78" in result.out


def test_settings_that_are_missing_are_told_all_at_once(command):
    result = command("doctor").ends(78)
    for name in ("GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET", "GENESYS_CLOUD_REGION", "--to"):
        assert name in result.err
    assert result.out == ""


def test_names_are_checked_where_they_are_asked_for(command, genesys):
    named = command.against(
        genesys(missing_permissions=frozenset({"routing:queue:view"})),
        GENESYS_EXPORT_EXPORT__NAMES="true",
    )
    result = doctor(named).ends(77)
    assert "fail      Genesys Cloud, dim_queues (routing:queue:view): GET" in result.out
    assert "ok        Genesys Cloud, dim_users: the list can be read" in result.out


def test_a_signal_ends_it_with_its_status(command, genesys):
    served = genesys(faults=[Fault("submit", kind=Slow(delay_s=60))])
    with command.against(served).started("doctor", "--to", command.lake) as child:
        wait_until(child, lambda: served.asked("submit"))
        result = stop(child, signal.SIGTERM, within_s=20).ends(143)
    assert "stopped by SIGTERM" in result.err


def test_what_announcements_and_monitoring_lack_is_a_warning(
    command, genesys, tmp_path, closed_address
):
    told = command.against(
        genesys(),
        AWS_EC2_METADATA_DISABLED="true",
        GENESYS_EXPORT_NOTIFY__URLS="sns:arn:aws:sns:eu-west-1:123456789012:exports",
        GENESYS_EXPORT_TELEMETRY__PROMETHEUS_FILE=str(tmp_path / "missing" / "g.prom"),
        GENESYS_EXPORT_TELEMETRY__OTLP="true",
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{closed_address}",
    )
    out = doctor(told).ends(0).out
    assert (
        "warn      Announcements, AWS credentials: for sns: no AWS credentials were found" in out
    )
    assert "warn      Monitoring, prometheus_file: " in out
    assert f"there is no folder {tmp_path / 'missing'}" in out
    assert f"warn      Monitoring, otlp: no connection to the collector at {closed_address}" in out
    assert "3 with a warning. An export would work." in out


def test_what_announcements_and_monitoring_need_is_found(command, genesys, tmp_path):
    served = genesys()
    told = command.against(
        served,
        AWS_ACCESS_KEY_ID="AKIA",
        AWS_SECRET_ACCESS_KEY=SECRET,
        GENESYS_EXPORT_NOTIFY__URLS="sqs:arn:aws:sqs:eu-west-1:123456789012:exports",
        GENESYS_EXPORT_TELEMETRY__PROMETHEUS_FILE=str(tmp_path / "g.prom"),
        GENESYS_EXPORT_TELEMETRY__OTLP="true",
        OTEL_EXPORTER_OTLP_ENDPOINT=served.base_url,
    )
    result = doctor(told).ends(0)
    assert "ok        Announcements, AWS credentials: for sqs: found" in result.out
    assert (
        f"ok        Monitoring, prometheus_file: {tmp_path / 'g.prom'} can be written"
        in result.out
    )
    assert "ok        Monitoring, otlp: " in result.out
    assert SECRET not in result.words
    assert not (tmp_path / "g.prom").exists()
