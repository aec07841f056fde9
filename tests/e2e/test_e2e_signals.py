"""A signal in the middle: a clean end within seconds, nothing visible, nothing left at Genesys."""

from __future__ import annotations

import json
import signal

import pytest
from e2e_command import stop, wait_until

from genesys_simulator import Fault, RateLimited, Slow

SOON_S = 15  # far below the slow answer's minute, far above a loaded machine's hiccup
TERM, INT = signal.SIGTERM, signal.SIGINT


@pytest.mark.parametrize(("signum", "status"), [(TERM, 143), (INT, 130)], ids=["TERM", "INT"])
@pytest.mark.parametrize("slices", [1, 3])
def test_a_signal_while_pages_come_ends_the_run_cleanly(
    command, genesys, lake, day, signum, status, slices
):
    genesys = genesys(faults=[Fault("results", 2, Slow(60))])
    told = command.against(genesys)
    with told.started("run", "--to", lake.root, "--date", day, "--slices", slices) as child:
        wait_until(child, lambda: len(genesys.asked("results")) >= 2)
        result = stop(child, signum, SOON_S)
    assert result.status == status, result.err
    assert signum.name in result.err
    assert "Traceback" not in result.err
    assert lake.files() == []
    # A slice that was whole before the signal came is kept for the next run.
    sealed = sum(len(one["files"]) for one in lake.claim(day)["slices"])
    assert len(lake.staged()) == sealed
    assert genesys.jobs == {}


@pytest.mark.parametrize(
    ("flags", "plan"),
    [
        ((), [Fault("results", 2, RateLimited("300"))]),
        ((), [Fault("status", 1, Slow(60))]),
        ((), [Fault("availability", 1, Slow(60))]),
        ((), [Fault("token", 1, Slow(60))]),
    ],
    ids=["rate limited", "a slow status", "a slow start", "a slow sign-in"],
)
def test_a_signal_while_it_waits_ends_the_run_as_well(command, genesys, lake, day, flags, plan):
    genesys = genesys(faults=plan)
    with command.against(genesys).started(
        "run", "--to", lake.root, "--date", day, *flags
    ) as child:
        wait_until(child, lambda: len(genesys.asked(plan[0].on)) >= plan[0].nth)
        result = stop(child, TERM, SOON_S)
    assert result.status == 143, result.err
    assert lake.files() == []
    assert lake.staged() == []


def test_a_signal_leaves_the_day_before_it_alone(command, genesys, lake, day):
    command.against(genesys()).run("--date", day).ends(0)
    before = lake.snapshot()
    slow = genesys(faults=[Fault("results", 3, Slow(60))])
    order = ("run", "--to", lake.root, "--date", day, "--force")
    with command.against(slow).started(*order) as child:
        wait_until(child, lambda: len(slow.asked("results")) >= 3)
        assert stop(child, INT, SOON_S).status == 130
    assert lake.snapshot() == before
    lake.check(day)


def test_a_second_signal_does_not_cut_the_clean_up_short(command, genesys, lake, day):
    genesys = genesys(faults=[Fault("results", 2, Slow(60)), Fault("delete", 1, Slow(1))])
    report = command.folder / "report.json"
    told = command.against(genesys)
    order = ("run", "--to", lake.root, "--date", day, "--report", report)
    with told.started(*order) as child:
        wait_until(child, lambda: len(genesys.asked("results")) >= 2)
        child.send_signal(INT)
        wait_until(child, lambda: genesys.asked("delete"))
        result = stop(child, TERM, SOON_S)
    assert result.status == 130, result.err
    assert result.err.count("stopped by ") == 1
    assert lake.staged() == []
    assert genesys.jobs == {}
    (told_of_day,) = json.loads(report.read_text())["days"]
    assert told_of_day["exit_status"] == 130
