"""What every engine's module rests on, without an engine."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from genesys_export import Stopped, TryAgainLater, WrongUse
from genesys_export.errors import PRECEDENCE, Bug, ExportError, GenesysUnavailable
from genesys_export.integrations.day_task import (
    DayTask,
    Then,
    retry_at,
    sentences,
    stoppable,
    then,
)

DAY = "2025-11-20"
NOW = datetime(2026, 11, 28, 4, 15, tzinfo=UTC)


def test_a_day_is_exported_and_told_as_json(start, lake, caplog):
    start()
    with caplog.at_level(logging.INFO, "genesys_export"):
        told = DayTask(day=DAY).export()
    counts = told.pop("counts")
    assert counts["exported"] == 40
    assert told == {
        "org": "",
        "dataset": "conversation_details",
        "day": DAY,
        "outcome": "published",
        "state": "final",
        "manifest": f"_genesys_export/conversation_details/{DAY}/manifest.json",
        "files": 15,
    }
    assert (lake / told["manifest"]).is_file()
    assert "day published" in caplog.text
    assert DayTask(day=DAY).export()["outcome"] == "skipped"


def test_without_state_there_is_no_manifest(start):
    start()
    os.environ["GENESYS_EXPORT_DESTINATION__STATE"] = "off"
    assert DayTask(day=DAY).export()["manifest"] == ""


def test_a_snapshot_that_was_not_taken_has_nothing_published(start):
    start()
    told = DayTask(day=DAY, dataset="dimensions").export()
    assert told == {"org": "", "dataset": "dimensions", "day": DAY, "outcome": "skipped"}


def test_a_task_is_of_one_organisation(orgs, lake):
    with pytest.raises(WrongUse, match="several organisations") as problem:
        DayTask(day=DAY).export()
    assert "org='apac'" in problem.value.advice
    told = DayTask(day=DAY, org="apac").export()
    assert told["manifest"].startswith("apac/")
    assert (lake / told["manifest"]).is_file()


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("UTC", "2026-11-28T04:15:00+00:00", "2026-11-27"),
        ("Europe/Berlin", "2026-11-27T23:00:00+00:00", "2026-11-27"),  # midnight there
        ("Pacific/Auckland", "2026-11-27T15:15:00+00:00", "2026-11-27"),  # 04:15 of the 28th
    ],
)
def test_the_last_day_that_had_ended_is_of_the_zone_in_the_settings(start, zone, moment, day):
    start()
    Path("there.toml").write_text(f'[export]\ntimezone = "{zone}"\n')
    task = DayTask(config="there.toml").ended_before(datetime.fromisoformat(moment))
    assert task == DayTask(config="there.toml", day=day)


def test_every_exit_status_has_its_consequence():
    answers = {
        status: then(type("Ends", (ExportError,), {"exit_status": status})(""))
        for status in {*PRECEDENCE, 2} - {0}
    }
    assert {status for status, what in answers.items() if what is Then.NEVER} == {
        *(2, 65, 70, 77, 78)
    }
    assert answers[75] is Then.LATER
    assert then(Stopped(signal.SIGTERM)) is then(Stopped(signal.SIGINT)) is Then.AGAIN
    assert then(GenesysUnavailable("")) is Then.AGAIN


def test_the_next_try_is_when_the_error_says_else_in_five_minutes():
    known = NOW + timedelta(hours=3)
    assert retry_at(TryAgainLater("", retry_at=known), NOW) == known
    assert retry_at(TryAgainLater(""), NOW) == NOW + timedelta(minutes=5)
    assert sentences(Bug("It broke.", advice="Report it.")) == "It broke. Report it."


class TimedOut(BaseException):
    """What an engine raises in the thread that it ends."""


def test_what_interrupts_the_task_stops_the_work_and_goes_on(start, nothing_is_held):
    genesys = start(polls=100_000)

    def interrupt(*_: object) -> None:
        raise TimedOut

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 1.5)
        with pytest.raises(TimedOut):
            DayTask(day=DAY).export()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert nothing_is_held(genesys)


def test_sigterm_stops_the_work_and_is_handled_as_before():
    handled: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: handled.append(number))
    try:
        work = stoppable(_until)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (work, handled) == ("stopped", [signal.SIGTERM])


def _until(should_stop) -> str:
    os.kill(os.getpid(), signal.SIGTERM)
    while not should_stop():
        Event().wait(0.01)
    return "stopped"


def test_a_process_that_sigterm_would_end_ends_after_the_work():
    code = """
import os, signal
from genesys_export.integrations.day_task import stoppable
def work(should_stop):
    os.kill(os.getpid(), signal.SIGTERM)
    while not should_stop():
        pass
    print("released", flush=True)
stoppable(work)
print("not reached", flush=True)
"""
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout) == (-signal.SIGTERM, "released\n"), run.stderr


def test_work_is_done_in_any_thread():
    found: list[str] = []
    thread = Thread(target=lambda: found.append(stoppable(lambda _: "done")))
    thread.start()
    thread.join()
    assert found == ["done"]
    with pytest.raises(WrongUse):
        stoppable(_refuse)


def _refuse(_: object) -> None:
    raise WrongUse("no")
