"""Many organisations in one process and in virtual time: `python -m bench scale --orgs`."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import Future
from datetime import UTC, datetime
from queue import Empty

import pytest

from bench.contenders import ROOT
from bench.organisations import organisations
from bench.virtual import Mail, VirtualTime, Workers
from genesys_export.threads import Abandoned


@pytest.fixture
def time():
    return VirtualTime(datetime(2026, 11, 28, tzinfo=UTC))


def test_four_organisations_take_hardly_longer_than_one(tmp_path):
    """Their budgets bind: one after another they would take four times as long."""
    one, four = (organisations(tmp_path, orgs=orgs, days=60) for orgs in (1, 4))
    assert one["bound_s"] == four["bound_s"]
    assert one["wall_s"] >= one["bound_s"]
    assert four["wall_s"] <= 1.2 * one["wall_s"]
    assert four["ends"] == {"published": 4 * 54, "skipped": 4 * 6}


def test_the_first_day_begins_long_before_the_last_manifest_is_read(tmp_path):
    found = organisations(tmp_path, orgs=20, days=400)
    assert found["ends"] == {"published": 20 * 360, "skipped": 20 * 40}
    assert found["first_export_s"] < 1
    assert found["ratio"] <= 1.05


def test_fewer_slots_than_organisations_serve_all_of_them_in_turn(tmp_path):
    found = organisations(tmp_path, orgs=6, days=20, in_process=2)
    assert found["ends"] == {"published": 6 * 18, "skipped": 6 * 2}


def test_the_command_prints_what_it_found():
    command = [sys.executable, "-m", "bench", "scale", "--orgs", "3", "--days", "30"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert told.startswith(
        "3 organisations x 30 days, 8 days at a time: 81 published, 9 skipped\n"
    )
    assert [line.partition(":")[0] for line in told.splitlines()[1:]] == [
        "first export",
        "wall",
        "driver",
        "Genesys",
        "S3",
    ]


def test_time_passes_only_while_everybody_sleeps(time):
    woke = []

    def sleeps(name, seconds):
        time.sleep(seconds)
        woke.append((name, time.monotonic()))

    workers, box = Workers(time, 3), Mail(time)
    for name, seconds in (("c", 9.0), ("a", 2.0), ("b", 5.0)):
        workers.submit(sleeps, name, seconds).add_done_callback(box.put)
    for _ in range(3):
        assert isinstance(box.get(timeout=60), Future)
    workers.shutdown()
    assert woke == [("a", 2.0), ("b", 5.0), ("c", 9.0)]
    with pytest.raises(Empty):
        box.get(timeout=0)
    assert time.monotonic() == 9


def test_who_sleeps_when_time_ends_is_woken_and_sleeps_no_more(time):
    workers = Workers(time, 2)
    asleep = [workers.submit(time.sleep, 9.0) for _ in range(2)]
    time.end()
    workers.shutdown()
    assert [type(one.exception()) for one in asleep] == [Abandoned, Abandoned]
    with pytest.raises(Abandoned):
        time.sleep(0)


def test_a_reader_of_mail_that_none_comes_for_wakes_at_the_end_of_its_wait(time):
    with pytest.raises(Empty):
        Mail(time).get(timeout=100)
    assert time.monotonic() == 100


def test_a_day_costs_the_loop_the_same_with_ten_times_as_many_organisations(tmp_path):
    """So many days are under way that most organisations wait for room; nobody asks them."""
    few, many = (calls_a_day(tmp_path, orgs) for orgs in (32, 320))
    assert many < 1.5 * few


def calls_a_day(home, orgs: int) -> float:
    """Return how many functions the thread of the loop calls for a day."""
    days, called = 30, 0

    def count(_frame, what, _arg) -> None:
        nonlocal called
        called += what == "call"

    sys.setprofile(count)
    try:
        organisations(home, orgs=orgs, days=days, in_process=2 * orgs)
    finally:
        sys.setprofile(None)
    return called / (orgs * days)
