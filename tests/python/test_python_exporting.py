"""Exporting from Python: a day, the days that are due, a range, several threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from typing import Any

import pytest

from genesys_export import (
    DeadlineReached,
    Event,
    Exporter,
    ExportError,
    Stopped,
    TryAgainLater,
    WrongSettings,
    WrongUse,
)
from genesys_export.events import DayPublished, Requested
from genesys_simulator import Fault, Refusal

DAY = "2025-11-20"


def test_a_day_is_exported_and_reported(make, lake):
    with make() as exporter:
        report = exporter.export(DAY)
    (result,) = report.results
    assert (str(result.day), result.dataset, result.status) == (
        DAY,
        "conversation_details",
        "published",
    )
    assert str(report) == f"{DAY} conversation_details: published"
    assert (lake / f"conversations/{DAY}.csv.gz").is_file()
    assert {file.key for file in report.files} >= {f"conversations/{DAY}.csv.gz"}
    assert report.as_data()[0]["counts"]["exported"] == 40


def test_a_final_day_is_skipped_unless_forced(make):
    with make(tables=["conversations"]) as exporter:
        statuses = [
            exporter.export(day, **force).results[0].status
            for day, force in ((DAY, {}), (date(2025, 11, 20), {}), (DAY, {"force": True}))
        ]
    assert statuses == ["published", "skipped", "unchanged"]


def test_several_datasets_are_one_call_and_a_result_each(make):
    with make(datasets=["conversation_details", "dimensions"]) as exporter:
        report = exporter.export("yesterday")
    assert [one.dataset for one in report.results] == ["conversation_details", "dimensions"]


def test_a_day_that_genesys_does_not_have_yet_says_when_to_try_again(make):
    today = datetime.now(UTC).date()
    with make() as exporter, pytest.raises(TryAgainLater) as problem:
        exporter.export(today)
    assert problem.value.retry_at is not None
    assert problem.value.retry_at > datetime.now(UTC)
    assert problem.value.exit_status == 75


def test_whether_a_day_is_complete_is_asked_without_exporting_it(make, start, lake):
    genesys, today = start(lag=timedelta(days=3)), datetime.now(UTC).date()
    with make(genesys, datasets=["conversation_details", "user_status"]) as exporter:
        answers = [exporter.is_complete(today - timedelta(age)) for age in (0, 2, 3, 4)]
    assert answers == [False, False, False, True]
    assert not genesys.jobs
    assert not lake.exists()


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("tomorrow", "day tomorrow is not a valid date"),
        (datetime(2025, 11, 20, tzinfo=UTC), "is not a valid date"),
        ("2999-01-01", "day 2999-01-01 is in the future"),
    ],
)
def test_what_is_no_day_is_wrong_use(make, day, words):
    with make() as exporter, pytest.raises(WrongUse, match=words):
        exporter.export(day)


def test_days_that_are_due_are_listed_with_the_reason_and_then_exported(make):
    with make(tables=["conversations"], catch_up__days=3) as exporter:
        start = datetime.now(UTC).date() - timedelta(3)
        exporter.export(start)
        due = exporter.due()
        assert all("missing" in one.reason or "provisional" in one.reason for one in due)
        results = list(exporter.export_due())
    assert [one.day for one in due] == [one.day for one in results]
    assert {one.status for one in results} <= {"published", "unchanged"}


def test_a_failed_day_ends_no_other(make, start):
    genesys = start(faults=[Fault("submit", 1, Refusal())])
    with make(genesys, tables=["conversations"], days_at_once=1) as exporter:
        results = list(exporter.backfill("2025-11-18", "2025-11-20"))
    assert [one.status for one in results] == ["failed", "published", "published"]
    assert [one.exit_status for one in results] == [69, 0, 0]
    assert results[0].problem is not None
    assert str(results[0].day) == "2025-11-20"  # the newest is the first


def test_a_range_of_which_no_day_has_ended_raises_at_once(make):
    today = datetime.now(UTC).date()
    with make() as exporter, pytest.raises(TryAgainLater) as problem:
        exporter.backfill(today, today)
    assert problem.value.retry_at is not None
    with make() as exporter, pytest.raises(WrongUse, match="start 2025-11-20 is after end"):
        exporter.backfill(DAY, "2025-11-19")


def test_settings_come_as_keywords_and_all_that_is_wrong_is_told_at_once(lake):
    with pytest.raises(WrongSettings) as problem:
        Exporter.from_settings(
            to=lake, environ={}, formt="parquet", region="mypurecloud.ie", slices=0
        )
    told = str(problem.value)
    assert "formt=: there is no such setting; did you mean format?" in told
    assert "write genesys__region or destination__region" in told
    assert "given by slices=" in told


def test_a_keyword_wins_over_the_environment_and_the_file(make, lake, tmp_path):
    (tmp_path / "x.toml").write_text('[export]\nformat = "jsonl.gz"\n[settle]\ndays = 9\n')
    with make(file="x.toml", format="parquet", tables=["conversations"]) as exporter:
        exporter.export(DAY)
        assert exporter.settings.settle.days == 9
    assert (lake / f"conversations/{DAY}.parquet").is_file()


def test_credentials_by_keyword_are_enough_and_are_never_shown(genesys, lake):
    exporter = Exporter.from_settings(
        to=lake,
        environ={},
        base_url=genesys.base_url,
        client_id=genesys.client_id,
        client_secret=genesys.client_secret,
        poll_first="0.05s",
        tables=["conversations"],
    )
    assert genesys.client_secret not in repr(exporter.settings)
    with exporter:
        assert exporter.export(DAY).results[0].status == "published"


def two_orgs(genesys, lake) -> dict[str, Any]:
    """Return the settings of two organisations that are the same simulator."""
    one = {
        "base_url": genesys.base_url,
        "client_id": genesys.client_id,
        "client_secret": genesys.client_secret,
        "poll_first": "0.05s",
    }
    return {"to": lake, "environ": {}, "orgs": {"emea": one, "apac": one}}


def test_organisations_are_all_exported_or_one_is_chosen(genesys, lake):
    given = two_orgs(genesys, lake)
    with Exporter.from_settings(**given, tables=["conversations"]) as exporter:
        assert [each.org for each in exporter.export(DAY).results] == ["apac", "emea"]
        with pytest.raises(WrongUse, match="several organisations"):
            exporter.read("conversations", DAY)
    with Exporter.from_settings(**given, org="emea") as exporter:
        assert exporter.read("conversations", DAY).num_rows == 40


def test_events_come_as_they_happen_from_any_thread(make):
    seen: list[Event] = []
    with make(tables=["conversations"], on_event=seen.append) as exporter:
        thread = Thread(target=exporter.export, args=(DAY,))
        thread.start()
        thread.join()
    assert [one.day for one in seen if isinstance(one, DayPublished)] == [DAY]


def test_one_exporter_serves_several_threads(make):
    days = [f"2025-11-{number}" for number in range(11, 19)]
    with make(tables=["conversations"]) as exporter, ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(exporter.export, days))
    assert [str(one.results[0].day) for one in reports] == days
    assert {one.results[0].status for one in reports} == {"published"}


class Counting:
    """A budget of our own: it lets everything through, and counts."""

    def __init__(self):
        self.starts = 0

    def reserve(self):
        self.starts += 1
        return 0.0

    def refused(self, wait_s, started_ago_s):
        raise AssertionError(wait_s, started_ago_s)

    def paused_for(self):
        return 0.0


def test_exporters_share_a_budget(make):
    budget = Counting()
    seen: list[Event] = []
    for day in (DAY, "2025-11-19"):
        with make(tables=["conversations"], budget=budget, on_event=seen.append) as exporter:
            exporter.export(day)
    asked = [one.path for one in seen if isinstance(one, Requested)]
    assert budget.starts == len([path for path in asked if path != "/oauth/token"])


def test_each_organisation_can_have_a_budget_of_its_own(genesys, lake):
    given = two_orgs(genesys, lake)
    budgets = {"emea": Counting(), "apac": Counting()}
    made = Exporter.from_settings(
        **given, tables=["conversations"], budget=lambda org: budgets[org]
    )
    with made as exporter:
        exporter.export(DAY)
    assert budgets["emea"].starts == budgets["apac"].starts > 0


def test_should_stop_ends_what_is_under_way_and_publishes_nothing(make, lake):
    seen: list[Event] = []

    def should_stop() -> bool:
        return any(isinstance(one, Requested) for one in seen)

    with make(on_event=seen.append, should_stop=should_stop) as exporter:
        with pytest.raises(Stopped, match="stopped by should_stop"):
            exporter.export(DAY)
        results = list(exporter.backfill("2025-11-18", DAY))
    assert {one.status for one in results} == {"not tried"}
    assert not (lake / "conversations").exists()


def test_an_exporter_works_again_after_it_was_closed(make):
    exporter = make(tables=["conversations"])
    for day in (DAY, "2025-11-19"):
        with exporter:
            assert exporter.export(day).results[0].status == "published"


def test_a_shard_is_exported_or_none_of_it(genesys, lake):
    given = two_orgs(genesys, lake)
    with Exporter.from_settings(**given, tables=["conversations"], shard="2/2") as exporter:
        assert [each.org for each in exporter.export(DAY).results] == ["emea"]
    with Exporter.from_settings(**given, shard="3/3") as exporter:
        assert exporter.export(DAY).results == ()
        assert list(exporter.backfill(DAY, DAY)) == []
    with pytest.raises(WrongUse, match="shards are numbered from 1 to 2"):
        Exporter.from_settings(**given, shard="0/2")


@pytest.mark.parametrize("how", ["export", "export_due", "backfill"])
def test_each_call_can_have_a_deadline(start, lake, environ, how):
    genesys = start(polls=3)
    slow = environ(genesys, GENESYS_EXPORT_GENESYS__POLL_FIRST="30s")
    soon = timedelta(seconds=5)
    with Exporter.from_settings(
        to=lake, environ=slow, tables=["conversations"], catch_up__days=0
    ) as exporter:
        if how == "export":
            with pytest.raises(DeadlineReached) as late:
                exporter.export(DAY, deadline=soon)
            problem: ExportError | None = late.value
        else:
            calls = {
                "export_due": lambda: exporter.export_due(deadline=soon),
                "backfill": lambda: exporter.backfill(DAY, DAY, deadline=soon),
            }
            problem = next(iter(calls[how]())).problem
    assert isinstance(problem, DeadlineReached)
    assert problem.retry_at is not None
    assert problem.retry_at > datetime.now(UTC)
    assert len(genesys.jobs) == 1
