"""What stays at the destination of a run that has ended, so that `status` can show it."""

from __future__ import annotations

import json
import signal
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from genesys_export.api import SystemClock
from genesys_export.cli.backfill import BackfillRequest
from genesys_export.cli.backfill import execute as backfill
from genesys_export.cli.recording import Recorder
from genesys_export.cli.run import RunRequest
from genesys_export.cli.run import execute as run
from genesys_export.cli.status import StatusRequest, report
from genesys_export.datasets import DEFAULT
from genesys_export.days import Day, zone_named
from genesys_export.errors import Stopped, WrongSettings, WrongUse
from genesys_export.export import DayReport, DayResult, Outcome
from genesys_export.operations.status.remarks import run_words
from genesys_export.time_limit import reached
from genesys_simulator import Options, World, serve

DAY = "2025-11-20"
WORLD = World.generated(seed=3, per_day=20)


@pytest.fixture
def lake(tmp_path):
    return tmp_path / "lake"


@pytest.fixture
def genesys():
    with serve(WORLD) as simulator:
        yield simulator


def environ(genesys, **more):
    return {
        "GENESYS_CLOUD_BASE_URL": genesys.base_url,
        "GENESYS_CLIENT_ID": genesys.client_id,
        "GENESYS_CLIENT_SECRET": genesys.client_secret,
        "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
        **more,
    }


def flags(lake, **more):
    return {"to": str(lake), "quiet": True, "config": "/dev/null", **more}


def record(lake, org=""):
    path = lake / org / "_genesys_export/conversation_details/last-run.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def counts(told):
    names = ("published", "unchanged", "skipped", "failed", "unfinished", "not_tried")
    return {name: told[name] for name in names if told[name]}


def test_a_run_that_went_well_is_on_record(lake, genesys):
    assert run(RunRequest(date=DAY), flags(lake), environ(genesys)) == 0
    told = record(lake)
    assert (told["command"], told["status"], told["message"]) == ("run", 0, "")
    assert counts(told) == {"published": 1}
    assert run(RunRequest(date=DAY), flags(lake), environ(genesys)) == 0
    assert counts(record(lake)) == {"skipped": 1}


def test_a_day_that_is_too_early_is_on_record_as_unfinished(lake, capsys):
    with serve(WORLD, Options(lag=timedelta(days=4000))) as behind:
        assert run(RunRequest(date=DAY), flags(lake), environ(behind)) == 75
    assert (record(lake)["status"], counts(record(lake))) == (75, {"unfinished": 1})
    capsys.readouterr()
    assert report(StatusRequest(check=False), flags(lake), {}) == 0
    assert "run ended with status 75 (days: 1 unfinished)" in capsys.readouterr().out


def test_a_refused_sign_in_is_on_record_and_status_shows_it(lake, genesys, capsys):
    wrong = environ(genesys, GENESYS_CLIENT_SECRET="wrong")
    assert run(RunRequest(date=DAY), flags(lake), wrong) == 77
    told = record(lake)
    assert (told["status"], told["day"], counts(told)) == (77, DAY, {"failed": 1})
    capsys.readouterr()
    assert report(StatusRequest(check=False), flags(lake), {}) == 0
    shown = capsys.readouterr().out
    assert "Needs attention\n  Last run\n" in shown
    assert "run ended with status 77" in shown
    assert "GENESYS_CLIENT_SECRET" in shown
    assert not (lake / "conversations").exists()


def test_wrong_settings_are_on_record_where_something_was_exported_before(lake, genesys):
    nothing: dict[str, str] = {}
    with pytest.raises(WrongSettings):
        run(RunRequest(date=DAY), flags(lake), nothing)
    assert not lake.exists()
    assert run(RunRequest(date=DAY), flags(lake), environ(genesys)) == 0
    with pytest.raises(WrongSettings):
        run(RunRequest(date=DAY), flags(lake), nothing)
    assert record(lake)["status"] == 78
    assert "client_id" in record(lake)["message"]


def test_a_wrong_date_is_reported_with_missing_credentials_and_on_record(lake, genesys):
    assert run(RunRequest(date=DAY), flags(lake), environ(genesys)) == 0
    wrong = "--end 2025-02-30 is not a valid date"
    with pytest.raises(WrongSettings, match=wrong):
        backfill(BackfillRequest(start=DAY, end="2025-02-30"), flags(lake), {})
    assert record(lake)["command"] == "backfill"
    assert wrong in record(lake)["message"]


def test_a_wrong_date_alone_leaves_the_record_as_it_was(lake, genesys):
    assert run(RunRequest(date=DAY), flags(lake), environ(genesys)) == 0
    before = record(lake)
    with pytest.raises(WrongUse, match="--date 2025-02-30 is not a valid date"):
        run(RunRequest(date="2025-02-30"), flags(lake), environ(genesys))
    assert record(lake) == before


def test_settings_that_turn_out_wrong_before_any_day_are_on_record(lake, genesys, tmp_path):
    bad = tmp_path / "bundle.pem"
    bad.write_text("no certificate")
    wrong = environ(genesys, GENESYS_EXPORT_GENESYS__CA_BUNDLE=str(bad))
    with pytest.raises(WrongSettings):
        run(RunRequest(date=DAY), flags(lake), wrong)
    assert not lake.exists()
    assert run(RunRequest(date=DAY), flags(lake), environ(genesys)) == 0
    with pytest.raises(WrongSettings) as refused:
        run(RunRequest(date=DAY), flags(lake), wrong)
    assert record(lake)["message"] == refused.value.message


def test_a_refused_recipe_is_on_record(lake, genesys):
    assert run(RunRequest(date=DAY), flags(lake), environ(genesys)) == 0
    assert run(RunRequest(date=DAY), flags(lake, format="parquet"), environ(genesys)) == 78
    assert record(lake)["status"] == 78
    assert counts(record(lake)) == {"failed": 1}


def test_a_backfill_is_on_record_with_the_gravest_of_its_errors(lake):
    request = BackfillRequest(start="2025-11-19", end="2025-11-22")
    with serve(
        WORLD, Options(missing_permissions=frozenset({"analytics:conversationDetail:view"}))
    ) as strict:
        assert backfill(request, flags(lake), environ(strict)) == 77
    told = record(lake)
    assert (told["command"], told["status"]) == ("backfill", 77)
    assert told["failed"] + told["not_tried"] == 4
    assert told["failed"] >= 2
    assert "analytics:conversationDetail:view" in told["message"]


def test_a_dry_run_and_a_run_without_state_leave_no_record(lake, genesys):
    assert run(RunRequest(date=DAY, dry_run=True), flags(lake), environ(genesys)) == 0
    assert not lake.exists()
    off = environ(genesys, GENESYS_EXPORT_DESTINATION__STATE="off")
    assert run(RunRequest(date=DAY), flags(lake), off) == 0
    assert record(lake) is None


def test_each_organisation_has_a_record_of_its_own(lake, genesys, tmp_path):
    config = tmp_path / "orgs.toml"
    config.write_text(
        f'[genesys]\nbase_url = "{genesys.base_url}"\npoll_first = "0.05s"\n'
        f'[orgs.north]\nclient_id = "{genesys.client_id}"\n'
        f'client_secret = "{genesys.client_secret}"\n'
        f'[orgs.south]\nclient_id = "{genesys.client_id}"\nclient_secret = "wrong"\n'
    )
    assert run(RunRequest(date=DAY), flags(lake, config=str(config)), {}) == 77
    assert [record(lake, org)["status"] for org in ("north", "south")] == [0, 77]


def test_a_record_that_cannot_be_written_changes_no_status(lake, genesys, capsys):
    (lake / "_genesys_export/conversation_details/last-run.json").mkdir(parents=True)
    assert run(RunRequest(date=DAY), flags(lake), environ(genesys)) == 0
    assert "status can't show how this run ended" in capsys.readouterr().err


def test_each_dataset_has_a_record_of_its_own(lake, genesys):
    both = environ(genesys, GENESYS_EXPORT_EXPORT__NAMES="true")
    assert run(RunRequest(date=DAY), flags(lake), both) == 0
    homes = sorted(path.parent.name for path in lake.rglob("last-run.json"))
    assert homes == ["conversation_details", "dimensions"]
    without = environ(genesys, GENESYS_EXPORT_EXPORT__NAMES="true", GENESYS_CLIENT_ID="")
    with pytest.raises(WrongSettings):
        run(RunRequest(date=DAY), flags(lake), without)
    told = [json.loads(path.read_text("utf-8")) for path in lake.rglob("last-run.json")]
    assert [one["status"] for one in told] == [78, 78]


def test_a_signal_among_days_with_nothing_to_do_is_on_record():
    day = Day(date(2025, 11, 20), zone_named("UTC"))
    skipped = DayReport(day=day, manifest=None, manifest_url="", outcome=Outcome.SKIPPED)
    stopped = Stopped(signal.SIGTERM)
    results = [
        DayResult(org="", dataset=DEFAULT, day=day, report=skipped),
        DayResult(org="", dataset=DEFAULT, day=day, problem=stopped),
        DayResult(org="", dataset=DEFAULT, day=day, problem=reached(SystemClock())),
        DayResult(org="", dataset=DEFAULT, day=day, problem=stopped, not_tried=str(stopped)),
    ]
    nothing: Any = None
    recorder = Recorder(
        settings=nothing, command="backfill", began=datetime.now(UTC), clock=SystemClock()
    )
    told = recorder._run(results)
    assert (told.status, told.skipped, told.not_tried) == (143, 1, 1)
    assert (told.failed, told.unfinished) == (0, 2)
    assert told.message == stopped.message
    assert "(days: 1 skipped, 2 unfinished, 1 not tried)" in run_words(told)


def test_a_record_of_a_version_without_unfinished_days_is_read(lake, genesys, capsys):
    assert run(RunRequest(date=DAY), flags(lake), environ(genesys)) == 0
    path = lake / "_genesys_export/conversation_details/last-run.json"
    old = {key: value for key, value in record(lake).items() if key != "unfinished"}
    path.write_text(json.dumps(old), "utf-8")
    assert report(StatusRequest(check=False), flags(lake), {}) == 0
    assert "run ended with status 0 (days: 1 published)" in capsys.readouterr().out
