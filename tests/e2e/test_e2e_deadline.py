"""`--deadline`: a run that ends in time, and the next one, which continues."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest


def test_a_run_ends_before_a_wait_that_is_too_long_and_the_next_one_reads_its_job(
    command, genesys, lake, day
):
    genesys = genesys(polls=2)
    told = command.against(genesys, GENESYS_EXPORT_GENESYS__POLL_FIRST="30s")
    report = command.folder / "report.json"
    result = told.run("--date", day, "--deadline", "5s", "--report", report).ends(75)
    assert f"{day}: its job needs at least 3" in result.err
    assert " s more, which is after the deadline; no slice is complete\n" in result.err
    assert "again: it continues with the jobs that are under way.\n" in result.err
    (ended,) = json.loads(report.read_text())["days"]
    retry_at = datetime.fromisoformat(ended["error"]["retry_at"])
    assert retry_at - datetime.now(retry_at.tzinfo) > timedelta(seconds=20)
    claim = lake.claim(day)
    assert claim["released"]
    assert [one["job_id"] for one in claim["jobs"]] == list(genesys.jobs)
    assert claim["failure"] is None
    command.against(genesys).run("--date", day).ends(0)
    assert len(genesys.asked("submit")) == 1
    assert genesys.jobs == {}
    lake.check(day)


def test_days_of_a_range_that_are_not_begun_by_the_deadline_are_not_tried(command, genesys, lake):
    genesys = genesys(page_latency_s=1.0)
    told = command.against(genesys)
    report = command.folder / "report.json"
    days = ("--start", "2025-11-01", "--end", "2025-11-20", "--days-at-once", 1)
    result = told(
        "backfill", "--to", lake.root, *days, "--deadline", "3s", "--report", report
    ).ends(75)
    assert "not tried" in report.read_text()
    statuses = [one["exit_status"] for one in json.loads(report.read_text())["days"]]
    assert statuses.count(75) in {1, 2}  # the day under way, and the first that was not begun
    assert "day failed" not in result.err
    left = genesys.jobs
    assert len(left) <= 1


@pytest.mark.parametrize("given", ["soon", "0s", "-3m", ""])
def test_a_deadline_that_is_no_duration_is_a_mistake_in_the_command(command, given):
    result = command("run", "--deadline", given).ends(2)
    assert "Invalid value for '--deadline'" in result.err
    assert "Traceback" not in result.err


def test_a_day_can_be_cut_by_the_count(command, genesys, lake, day):
    told, table = command.against(genesys()), ("--table", "conversations")
    result = told.run("--date", day, "--slices", "auto", *table).ends(0)
    assert "slices chosen" in result.err
    assert f"conversations/{day}.000.csv.gz" in lake.files()
    shown = told.run("--date", "2025-11-19", "--slices", "auto", *table, "--dry-run").ends(0)
    assert "2025-11-19.000.csv.gz" in shown.out
    assert "more slices: ….001, …" in shown.out
