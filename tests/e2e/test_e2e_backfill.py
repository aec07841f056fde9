"""A range of days by the command: order, side by side, failures, stops, what is shown and told."""

from __future__ import annotations

import json
import signal
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from e2e_command import Command, Result, json_lines, stop, wait_until
from e2e_reading import Lake, begun, ids

from fakes import Events, FakeClock
from genesys_export.assembly.working import Surroundings, Work
from genesys_export.days import Day
from genesys_export.events import Requested, Waiting
from genesys_export.export import Choice, ExportOptions, Kind
from genesys_export.settings import load
from genesys_simulator import Fault, Refusal, Revoked, Simulator, Slow, World

FIRST = date(2025, 11, 10)
TODAY = datetime.now(UTC).date()
SOON_S = 15
SMALL = World.generated(seed=7, per_day=40)


def days(count: int) -> list[date]:
    return [FIRST + timedelta(number) for number in range(count)]


def backfill(command: Command, count: int, *more: object) -> Result:
    return command("backfill", "--to", command.lake, *span(count), *more)


def span(count: int) -> tuple[object, ...]:
    return ("--start", FIRST, "--end", days(count)[-1])


def asked(genesys: Simulator) -> list[date]:
    """Return the days that jobs were submitted for, in that order."""
    bodies = [one.body["interval"] for one in genesys.asked("submit")]
    return [date.fromisoformat(interval[:10]) for interval in bodies]


def published(lake: Lake) -> set[date]:
    homes = (lake.root / "_genesys_export/conversation_details").glob("*/manifest.json")
    return {date.fromisoformat(path.parent.name) for path in homes}


@pytest.mark.parametrize(
    ("order", "expected"), [("newest", days(4)[::-1]), ("oldest", days(4))], ids=str
)
def test_days_are_exported_newest_or_oldest_first(command, genesys, lake, order, expected):
    genesys = genesys(SMALL)
    told = command.against(genesys)
    result = backfill(told, 4, "--days-at-once", 1, "--order", order).ends(0)
    assert asked(genesys) == expected
    for day in expected:
        lake.check(day)
        assert lake.ids(day) == ids(begun(SMALL, day))
    assert f"4 days: 4 exported; {4 * 40} conversations\n" in result.err
    assert result.out == ""


def test_days_are_exported_side_by_side_while_more_wait_for_their_jobs(command, genesys):
    genesys = genesys(SMALL, faults=[Fault("results", 1, Slow(2), times=3)])
    told = command.against(genesys)
    result = backfill(told, 7, "--days-at-once", 3, "--log-format", "json").ends(0)
    running = most = 0
    for line in json_lines(result.err):
        running += {"day started": 1, "day published": -1}.get(line["event"], 0)
        most = max(most, running)
    assert 3 <= most <= 7
    ended = json_lines(result.err)[-1]
    assert (ended["event"], ended["days"], ended["of_days"]) == ("run ended", 7, 7)


def test_one_day_that_fails_is_named_at_the_end_and_the_others_are_done(command, genesys, lake):
    genesys = genesys(SMALL, faults=[Fault("submit", 3, Refusal(409, "conflict", "Not now."))])
    report = command.folder / "report.json"
    told = command.against(genesys)
    order = ("--days-at-once", 1, "--order", "oldest", "--report", report)
    result = backfill(told, 6, *order).ends(69)
    failed = days(6)[2]
    assert published(lake) == {*days(6)} - {failed}
    assert "6 days: 5 exported, 1 failed; 200 conversations\n" in result.err
    assert result.err.count(f"\ngenesys-export: {failed}: ") == 1
    listed = json.loads(report.read_text())
    assert listed["exit_status"] == 69
    statuses = {one["day"]: one["exit_status"] for one in listed["days"]}
    assert statuses == {str(day): 69 if day == failed else 0 for day in days(6)}
    backfill(told, 6).ends(0)
    assert asked(genesys)[-1] == failed
    assert len(asked(genesys)) == 7
    assert published(lake) == {*days(6)}


def test_what_is_settled_costs_genesys_no_request(command, genesys, lake):
    backfill(command.against(genesys(SMALL)), 4).ends(0)
    before, untouched = lake.snapshot(), genesys(SMALL)
    report = command.folder / "report.json"
    result = backfill(command.against(untouched), 4, "--report", report).ends(0)
    assert untouched.requests == []
    assert lake.snapshot() == before
    assert "4 days: 0 exported, 4 skipped (nothing to do); 0 conversations" in result.err
    listed = json.loads(report.read_text())["days"]
    assert [(one["day"], one["outcome"]) for one in listed] == [
        (str(day), "skipped") for day in days(4)
    ]


def test_a_stopped_range_goes_on_where_it_was(command, genesys, lake):
    slow = genesys(SMALL, faults=[Fault("results", 4, Slow(60), times=100)])
    order = ("backfill", "--to", command.lake, *span(8), "--days-at-once", 2)
    with command.against(slow).started(*order) as child:
        wait_until(child, lambda: len(slow.asked("results")) >= 5)
        result = stop(child, signal.SIGTERM, SOON_S)
    assert result.status == 143, result.err
    assert result.err.count("stopped by SIGTERM\n  Run the same command again") == 1
    assert "Traceback" not in result.err
    done = published(lake)
    assert len(done) == 3
    assert "8 days: 3 exported, 5 not done" in result.err
    for path in (lake.root / "_genesys_export/conversation_details").glob("*/claim.json"):
        assert json.loads(path.read_text())["released"], path
    again = genesys(SMALL)
    result = backfill(command.against(again), 8).ends(0)
    assert sorted(asked(again)) == [day for day in days(8) if day not in done]
    assert "8 days: 5 exported, 3 skipped" in result.err
    for day in days(8):
        lake.check(day)
        assert lake.ids(day) == ids(begun(SMALL, day))
    assert lake.staged() == []


@pytest.mark.parametrize("on", ["token", "availability", "status", "query", "aggregates"])
def test_a_stop_waits_for_no_answer_that_is_a_minute_away(command, genesys, lake, on):
    slow = genesys(SMALL, faults=[Fault(on, 1, Slow(60), times=100)])
    order = ("backfill", "--to", command.lake, *span(3), "--days-at-once", 2)
    with command.against(slow).started(*order) as child:
        wait_until(child, lambda: bool(slow.asked(on)))
        result = stop(child, signal.SIGTERM, SOON_S)
    assert result.status == 143, result.err
    assert published(lake) == set()
    assert "3 days: 0 exported, 3 not done" in result.err


def test_a_stopped_range_tells_what_it_left_in_its_report(command, genesys):
    slow = genesys(SMALL, faults=[Fault("results", 1, Slow(60), times=100)])
    report = command.folder / "report.json"
    order = ("backfill", "--to", command.lake, *span(5), "--days-at-once", 1, "--report", report)
    with command.against(slow).started(*order) as child:
        wait_until(child, lambda: bool(slow.asked("results")))
        result = stop(child, signal.SIGINT, SOON_S)
    assert result.status == 130, result.err
    listed = json.loads(report.read_text())
    assert listed["exit_status"] == 130
    *left, under_way = listed["days"]
    assert under_way["error"]["message"] == "stopped by SIGINT"
    assert {one["outcome"] for one in left} == {"not tried"}
    assert "genesys-export: 4 days were not tried (2025-11-10 to 2025-11-13)" in result.err


def test_where_nobody_is_let_in_the_range_ends_early(command, genesys, lake):
    genesys = genesys(SMALL, faults=[Fault("availability", 1, Revoked())])
    result = backfill(command.against(genesys), 30, "--days-at-once", 2).ends(77)
    assert "days were not tried" in result.err
    assert len(genesys.requests) < 20
    assert published(lake) == set()


def test_one_budget_is_kept_by_all_days_together(tmp_path, genesys):
    """Time is turned by hand, Genesys's and ours, so a minute's wait takes none.

    It passes at once for whoever is on the way, too: up to two requests of each of the four days
    may arrive in the server's next window.
    """
    clock, events = FakeClock(datetime(2026, 1, 5, tzinfo=UTC)), Events()
    genesys = genesys(SMALL, requests_per_minute=19 + 8, now=clock.now)
    settings = load(
        flags={"to": str(tmp_path / "lake")},
        environ={
            "GENESYS_CLOUD_BASE_URL": genesys.base_url,
            "GENESYS_CLIENT_ID": genesys.client_id,
            "GENESYS_CLIENT_SECRET": genesys.client_secret,
            "GENESYS_EXPORT_GENESYS__REQUESTS_PER_MINUTE": "20",
            "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
        },
        cwd=tmp_path,
    )
    turned: Any = clock
    work = Work(settings, Surroundings(clock=turned, observe=events))
    choice = Choice(Kind.RANGE, tuple(Day(day, settings.export.timezone) for day in days(12)))
    results = list(work.results(choice, ExportOptions()))
    assert [one.problem for one in results] == [None] * 12
    assert len(genesys.requests) > 2 * 27
    assert 429 not in {event.status for event in events.of(Requested)}
    assert "budget" in {event.reason for event in events.of(Waiting)}
    assert clock.monotonic() > 60


def test_a_second_token_takes_over_where_the_first_one_is_used_up(command, genesys, lake):
    genesys = genesys(SMALL, requests_per_minute=10)
    told = command.against(
        genesys,
        GENESYS_EXPORT_GENESYS__REQUESTS_PER_MINUTE="10",
        GENESYS_EXPORT_GENESYS__TOKENS="2",
    )
    report = command.folder / "report.json"
    backfill(told, 2, "--report", report).ends(0)
    totals = json.loads(report.read_text())["totals"]
    assert (totals["throttled"], totals["waits_s"].get("budget", 0)) == (0, 0)
    assert len(genesys.asked("token")) == 2
    assert published(lake) == set(days(2))


def test_every_organisation_has_its_days(command, genesys, lake):
    genesys = genesys(SMALL)
    config = command.folder / "orgs.toml"
    orgs = "".join(
        f'[orgs.{name}]\nbase_url = "{genesys.base_url}"\nclient_id = "{genesys.client_id}"\n'
        f'client_secret = "{genesys.client_secret}"\npoll_first = "0.05s"\n'
        for name in ("apac", "emea")
    )
    config.write_text(orgs)
    result = backfill(command, 3, "--config", config).ends(0)
    for name in ("apac", "emea"):
        for day in days(3):
            Lake(lake.root, name).check(day)
    assert "6 days: 6 exported" in result.err


def test_days_that_have_not_ended_are_named_and_left_out(command, genesys, lake):
    today = datetime.now(UTC).date()
    start, end = today - timedelta(2), today + timedelta(3)
    told = command.against(genesys(SMALL))
    result = told("backfill", "--to", command.lake, "--start", start, "--end", end).ends(0)
    assert "have not ended yet" in result.err
    assert today not in published(lake)
    assert start in published(lake)


@pytest.mark.parametrize(
    ("start", "end", "status", "words"),
    [
        ("2025-11-20", "2025-11-10", 2, "--start 2025-11-20 is after --end 2025-11-10"),
        ("2025-02-30", "2025-11-10", 2, "--start 2025-02-30 is not a valid date"),
        ("2025-02-03", "tomorrow", 2, "--end tomorrow is not a valid date"),
        ("2999-01-01", "2999-02-01", 2, "--start 2999-01-01 is in the future: today is "),
        (TODAY, "2999-02-01", 75, f"no day from {TODAY} to 2999-02-01 has ended yet"),
    ],
)
def test_what_is_no_range_is_told_before_anything_is_asked(
    command, genesys, start, end, status, words
):
    genesys = genesys(SMALL)
    told = command.against(genesys)
    result = told("backfill", "--to", command.lake, "--start", start, "--end", end).ends(status)
    assert words in result.err
    assert genesys.requests == []


def test_a_range_needs_both_of_its_ends(command, genesys):
    result = command.against(genesys(SMALL))("backfill", "--start", FIRST).ends(2)
    assert "--end" in result.err


def test_a_dry_run_says_what_would_be_done_and_does_nothing(command, genesys, lake):
    backfill(command.against(genesys(SMALL)), 2).ends(0)
    before, untouched = lake.snapshot(), genesys(SMALL)
    result = backfill(command.against(untouched), 4, "--dry-run", "--table", "conversations")
    told = result.ends(78).out
    assert told.count("would submit a job: ") == 0
    assert told.count("would be refused: ") == 1
    span = f"{days(4)[0]} to {days(4)[3]}"
    assert f"would be refused: 4 days ({span}): what is published here was made with" in told
    assert "tables: were 15, now only conversations\n" in told
    wished = backfill(
        command.against(untouched), 4, "--dry-run", "--table", "conversations", "--rewrite"
    )
    assert wished.ends(0).out.count("would submit a job: ") == 4
    result = backfill(command.against(untouched), 4, "--dry-run").ends(0)
    would = [line.partition(" (")[0] for line in result.out.splitlines() if line[0] == "2"]
    assert would == [str(day) for day in days(4)[:1:-1]]
    for day in days(2):
        assert f"would skip {day}: it is already final" in result.out
    assert f"would write {lake.root / 'conversations' / f'{days(4)[3]}.csv.gz'}" in result.out
    assert untouched.requests == []
    assert lake.snapshot() == before


def test_progress_is_told_in_lines(command, genesys):
    result = backfill(command.against(genesys(SMALL)), 4, "--log-format", "json").ends(0)
    told = [line for line in json_lines(result.err) if line["event"] == "backfill"]
    assert [line["done"] for line in told] == [0, 1, 2, 3, 4]
    assert {line["total"] for line in told} == {4}
    assert told[1]["eta_s"] is None
    assert told[2]["eta_s"] > 0
    assert told[-1]["eta_s"] == 0


def test_quiet_says_nothing_of_a_range_that_went_well(command, genesys):
    result = backfill(command.against(genesys(SMALL)), 2, "--quiet").ends(0)
    assert (result.out, result.err) == ("", "")
    assert Path(command.lake, f"conversations/{FIRST}.csv.gz").exists()
