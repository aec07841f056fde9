"""Runs that announce their days: by the Python API, with a webhook on loopback."""

from __future__ import annotations

import base64
import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from fakes import Events
from genesys_export import DataMismatch, Exporter, ExportError, WrongSettings, WrongUse
from genesys_export.events import Noticed
from genesys_export.operations.status.remarks import remarks
from genesys_simulator import Fault, Refusal

DAY, BEFORE = "2025-11-20", "2025-11-19"
SECRET = "whsec_" + base64.b64encode(b"cAnArY" * 5).decode()


@pytest.fixture
def make(start, tmp_path, web):
    """Make an exporter that announces its days to the web server; all else by keyword."""
    genesys = start()

    def exporter(of=genesys, **keywords) -> Exporter:
        environ = {
            "GENESYS_CLOUD_BASE_URL": of.base_url,
            "GENESYS_CLIENT_ID": of.client_id,
            "GENESYS_CLIENT_SECRET": of.client_secret,
            "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
            "GENESYS_EXPORT_NOTIFY__SECRET": SECRET,
            "GENESYS_EXPORT_NOTIFY__URLS": f"{web.address}/cAnArY-token",
        }
        given = {"to": tmp_path / "lake", "tables": ["conversations"], **keywords}
        return Exporter.from_settings(environ=environ, **given)

    return exporter


def told(web):
    return [json.loads(one.body) for one in web.requests]


def test_an_exported_day_is_announced_before_the_call_returns(make, web, tmp_path):
    with make() as exporter:
        exporter.export(DAY)
        assert [one["day"] for one in told(web)] == [DAY]
        exporter.export(DAY)
    (message,) = told(web)
    assert message.pop("id") == web.requests[0].headers["webhook-id"]
    home = tmp_path / "lake/_genesys_export/conversation_details"
    assert message == {
        "version": 1,
        "org": "",
        "dataset": "conversation_details",
        "day": DAY,
        "state": "final",
        "outcome": "published",
        "manifest": str(home / DAY / "manifest.json"),
        "changes": None,
        "problem": None,
    }
    assert json.loads((home / "announced.json").read_text())["days"][DAY]["state"] == "final"


def test_every_day_of_a_range_is_announced_once_with_several_at_once(make, web):
    with make(days_at_once=4) as exporter:
        ended = [*exporter.backfill("2025-11-11", DAY)]
        assert {one.status for one in ended} == {"published"}
        assert {one.status for one in exporter.backfill("2025-11-11", DAY)} == {"skipped"}
    days = sorted(one["day"] for one in told(web))
    assert days == [f"2025-11-{number}" for number in range(11, 21)]


def test_what_another_exporter_published_is_announced_by_the_next_run(make, web):
    with make() as exporter:
        exporter.export(DAY)
    with make(urls=[]) as silent:
        silent.export(BEFORE)
    assert [one["day"] for one in told(web)] == [DAY]
    with make() as exporter:
        exporter.export(DAY)
    assert [one["day"] for one in told(web)] == [DAY, BEFORE]


def test_each_run_of_one_exporter_announces_what_others_published_meanwhile(make, web):
    with make() as exporter, make(urls=[]) as silent:
        exporter.export(DAY)
        silent.export(BEFORE)
        exporter.export(DAY)
    assert [one["day"] for one in told(web)] == [DAY, BEFORE]


def test_a_webhook_that_fails_delays_no_day_and_gets_it_later(make, web):
    web.status, events = 503, Events()
    with make(on_event=events) as exporter:
        report = exporter.export(DAY)
        assert report.results[0].exit_status == 0
        assert [one.status for one in exporter.backfill(BEFORE, BEFORE)] == ["published"]
    notices = [one.message for one in events.of(Noticed) if "notify" in one.message]
    said = f"notify: {web.address}/… did not take a message: it answered 503; the next run"
    assert notices == [f"{said} tries again"] * 2
    web.status = 200
    web.requests.clear()
    with make() as exporter:
        exporter.export(DAY)
    assert [one["day"] for one in told(web)] == [BEFORE, DAY]
    assert {one["outcome"] for one in told(web)} == {"published"}


def test_a_failed_day_is_announced_with_its_error_and_once(make, start, web):
    broken, problems = start(faults=[Fault("submit", 1, Refusal(400), times=2)]), []
    for _ in range(2):
        with make(broken) as exporter, pytest.raises(ExportError) as problem:
            exporter.export(DAY)
        problems.append(problem.value.message)
    (message,) = told(web)
    assert (message["outcome"], message["state"]) == ("failed", "missing")
    assert message["problem"] == problems[0]


def test_a_day_that_is_too_early_is_no_failure(make, web):
    with make() as exporter:
        (result,) = exporter.backfill("yesterday", "yesterday")
        assert result.exit_status in {0, 75}
        assert {one["outcome"] for one in told(web)} <= {"published"}


def test_without_a_change_nothing_is_said(make, web):
    with make() as exporter:
        exporter.export(DAY)
        exporter.export(DAY, force=True)
    assert len(web.requests) == 1


def test_secrets_of_announcements_stand_nowhere(make, web, tmp_path):
    web.status, events = 503, Events()
    with make(on_event=events) as exporter:
        exporter.export(DAY)
        settings = repr(exporter.settings)
    kept = [one.read_bytes() for one in (tmp_path / "lake").rglob("*") if one.is_file()]
    said = [repr(one).encode() for one in events]
    assert all(b"cAnArY" not in one for one in (*kept, *said, settings.encode()))
    assert all(base64.b64encode(b"cAnArY" * 5) not in one for one in (*kept, *said))


def test_an_exporter_that_was_given_a_webhook_is_not_pickled(make, web):
    with make(urls=[f"{web.address}/cAnArY"]) as given, pytest.raises(WrongUse, match="a secret"):
        pickle.dumps(given)


def test_announcements_need_the_journal(make):
    with make(state="off") as exporter, pytest.raises(WrongSettings, match="state = on"):
        exporter.export(DAY)


# --- damage ------------------------------------------------------------------------------------


def export_and_lose_a_file(make, tmp_path):
    with make() as exporter:
        exporter.export(DAY)
    (tmp_path / f"lake/conversations/{DAY}.csv.gz").unlink()


def test_damage_that_verify_finds_is_announced_once_and_so_is_the_repair(make, web, tmp_path):
    export_and_lose_a_file(make, tmp_path)
    for _ in range(2):
        with make() as exporter, pytest.raises(DataMismatch):
            exporter.verify(DAY)
    with make() as exporter:
        exporter.export(DAY)
        exporter.verify(DAY)
    assert [one["outcome"] for one in told(web)] == ["published", "damaged", "replaced"]
    damaged = told(web)[1]
    assert damaged["state"] == "damaged"
    assert damaged["problem"] == f"{DAY} does not match its manifest: 1 mismatch"


def test_damage_that_can_not_be_repaired_is_announced_by_the_run(make, start, web, tmp_path):
    export_and_lose_a_file(make, tmp_path)
    broken = start(faults=[Fault("submit", 1, Refusal(400))])
    with make(broken) as exporter, pytest.raises(ExportError):
        exporter.export(DAY)
    assert [one["outcome"] for one in told(web)] == ["published", "damaged"]
    assert told(web)[1]["problem"] == f"conversations/{DAY}.csv.gz is missing"


# --- several organisations and datasets --------------------------------------------------------


def test_each_dataset_has_a_journal_of_its_own(make, web, tmp_path):
    with make(datasets=["conversation_details", "user_status"], tables=[]) as exporter:
        exporter.export(DAY)
    assert sorted(one["dataset"] for one in told(web)) == ["conversation_details", "user_status"]
    homes = (tmp_path / "lake/_genesys_export").glob("*/announced.json")
    assert {one.parent.name for one in homes} == {"conversation_details", "user_status"}


def test_an_organisation_that_can_not_even_begin_is_announced_as_failed(start, web, tmp_path):
    genesys, file = start(), tmp_path / "genesys-export.toml"
    file.write_text(
        "[orgs.emea]\n"
        f'base_url = "{genesys.base_url}"\nclient_id = "{genesys.client_id}"\n'
        '[orgs.apac]\nclient_id = "00000000-0000-4000-8000-000000000009"\n'
    )
    environ = {
        "GENESYS_EXPORT_ORGS__EMEA__CLIENT_SECRET": genesys.client_secret,
        "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
        "GENESYS_EXPORT_NOTIFY__SECRET": SECRET,
        "GENESYS_EXPORT_NOTIFY__URLS": web.address,
    }
    with Exporter.from_settings(file, to=tmp_path / "lake", environ=environ) as exporter:
        assert {one.status for one in exporter.backfill(DAY, DAY)} == {"published", "failed"}
    outcomes = {one["org"]: (one["outcome"], one["problem"]) for one in told(web)}
    assert outcomes["emea"] == ("published", None)
    assert outcomes["apac"][0] == "failed"
    assert "client_secret" in outcomes["apac"][1]


def test_days_under_way_in_several_threads_are_each_announced_once(make, web):
    days = [f"2025-11-{number}" for number in range(11, 17)]
    with make() as exporter, ThreadPoolExecutor(3) as pool:
        [*pool.map(exporter.export, days)]
    assert sorted(one["day"] for one in told(web)) == days


def test_status_says_which_messages_a_target_did_not_take(make, web):
    def owed(**more):
        with make(**more) as exporter:
            (status,) = exporter.status()
        return [one for day in status.days if str(day.day) == DAY for one in remarks(day)]

    web.status = 503
    with make() as exporter:
        exporter.export(DAY)
    (remark,) = owed()
    assert (remark.short, remark.weight) == ("1 message owed", "note")
    assert remark.text == (
        "1 message about the day (published) was not delivered yet; the next run tries again"
    )
    assert owed(urls=[f"{web.address}/another"]) == owed(urls=[]) == []
    web.status = 204
    with make() as exporter:
        exporter.export(DAY)
    assert owed() == []


def test_status_says_which_failures_were_not_announced(make, web, start):
    web.status = 503
    broken = start(faults=[Fault("submit", 1, Refusal(400))])
    with make(broken) as exporter, pytest.raises(ExportError):
        exporter.export(DAY)
    with make() as exporter:
        (status,) = exporter.status()
        (day,) = [one for one in status.days if str(one.day) == DAY]
        assert day.owed == ("failed",)


def test_a_journal_that_can_not_be_read_does_not_end_the_status(make, tmp_path):
    with make() as exporter:
        exporter.export(DAY)
        home = tmp_path / "lake/_genesys_export/conversation_details"
        (home / "announced.json").write_text("no JSON")
        (status,) = exporter.status()
    assert {day.owed for day in status.days} == {()}
